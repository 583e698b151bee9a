"""What comes between the hook and the sidecar: a door that lets through, keeps waiting, refuses, or loses answers."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: Lets through; answers after five seconds; refuses with 503; loses the answer; hangs up at once; never answers.
MODES = ("open", "slow", "refusing", "losing", "closed", "deaf")
SLOW_S = 5.0


class Door:
    """Listens on a loopback port, and stands before the sidecar at `inside`."""

    def __init__(self, inside: str) -> None:
        self.inside = inside
        self._mode = "open"
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def mode(self) -> str:
        """How it is."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        with self._changed:
            self._mode = mode
            self._changed.notify_all()

    def close(self) -> None:
        """Is no more."""
        self.mode = "closed"
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes] | None:
        """What is answered; nothing where the connection is to be closed."""
        mode = self._mode
        if mode == "refusing":
            return 503, b'{"error":{"code":"busy","message":"told to refuse"}}'
        if mode in ("closed", "deaf"):
            with self._changed:
                self._changed.wait_for(lambda: mode == "closed" or self._mode != mode)
            return None
        answer = self._ask_inside(path, headers, body)
        if mode == "slow":
            with self._changed:
                self._changed.wait_for(lambda: self._mode != mode, SLOW_S)
        return None if mode == "losing" else answer

    def _ask_inside(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes] | None:
        connection = http.client.HTTPConnection(str(urlsplit(self.inside).netloc), timeout=60)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            # It is down, or was killed while it answered.
            return None
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Says nothing: who is killed, or waits no longer, hangs up."""


def _handler(door: Door) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer in two parts is not to wait for who confirms the first.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept = ("content-type", "authorization")
            answer = door.answer(self.path, {name: self.headers[name] for name in kept if self.headers[name]}, body)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            self.send_header("content-length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler
