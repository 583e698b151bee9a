"""A sidecar that does as it is told: what comes in is remembered, and answered well, badly, late or not at all."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sidecar:
    """Listens on a loopback port as long as it is entered."""

    def __init__(self) -> None:
        #: The ids that were taken, with what was said of each.
        self.taken: dict[str, list[Any]] = {}
        #: Requests: path, headers, events.
        self.requests: list[tuple[str, Any, list[Any]]] = []
        #: Ids to reject.
        self.rejected: set[str] = set()
        #: Answered with this, before anything is taken.
        self.status = 200
        #: Whether a body with a line that is no JSON is refused as a whole.
        self.is_picky = False
        #: Whether what was taken is not answered for.
        self.is_mute = False
        #: Whether a connection ends after an answer that did not say so.
        self.hangs_up = False
        #: The version of HTTP that it speaks.
        self.protocol = "HTTP/1.1"
        #: Whether answers come in chunks, without a length.
        self.is_chunked = False
        #: Called instead of writing an answer, with the stream and the text.
        self.write: Any = None
        #: So many results are left out of the next answer.
        self.forgets = 0
        #: Answers wait for this.
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Sidecar:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        """Takes a request; what is answered."""
        lines = body.splitlines()
        self.requests.append((path, headers, lines))
        if self.status != 200:
            return self.status, {"error": {"code": "told_to", "message": "I was told to"}}
        events = [_read(line) for line in lines]
        if self.is_picky and None in events:
            return 400, {"error": {"code": "not_json", "message": "this cannot be read"}}
        results = []
        for index, event in enumerate(events):
            name = (event or {}).get("id")
            if name is None or name in self.rejected:
                error = {"code": "bad_id", "message": "no good id"}
                results.append({"index": index, "status": "rejected", "error": error})
                continue
            told = self.taken.setdefault(name, [])
            told.append(event)
            results.append({"index": index, "id": name, "status": "recorded" if len(told) == 1 else "duplicate"})
        forgotten, self.forgets = self.forgets, 0
        return 200, {"results": results[: len(results) - forgotten]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Says nothing: who is killed, or waits no longer, hangs up."""


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _handler(sidecar: Sidecar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = sidecar.take(self.path, dict(self.headers), body)
            sidecar.may_answer.wait()
            if sidecar.is_mute:
                self.close_connection = True
                return
            text = json.dumps(answer).encode()
            self.protocol_version = sidecar.protocol
            self.send_response(status)
            if sidecar.is_chunked:
                self.send_header("transfer-encoding", "chunked")
                text = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, text[:9], len(text) - 9, text[9:])
            else:
                self.send_header("content-length", str(len(text)))
            self.end_headers()
            if sidecar.write is None:
                self.wfile.write(text)
            else:
                sidecar.write(self.wfile, text)
            self.close_connection = self.close_connection or sidecar.hangs_up

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler
