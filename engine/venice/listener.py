"""Listens on the loopback address, and answers as it is told to: many at a time, over connections that are kept."""

from __future__ import annotations

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

#: Of a method, a target, a bearer's token and a body: a status, and what the answer's body says.
Answer = Callable[[str, str, "str | None", bytes], "tuple[int, Any]"]


class Listener:
    """See the module. It has its port from the beginning, and listens from its start on."""

    def __init__(self, port: int, answer: Answer) -> None:
        self._server = _Server(port, answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="listener", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """Listens no more; who is connected is cut off."""
        self._server.shutdown()
        self._server.server_close()
        self._server.cut_off()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, answer: Answer) -> None:
        self.answer = answer
        self._connected: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connected.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connected.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up is nothing to tell of."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def cut_off(self) -> None:
        for connection in list(self._connected):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is gone already.
                continue


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    #: An answer leaves as one piece, and at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: who wants to know looks into the log."""

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        kind, _, token = (self.headers.get("authorization") or "").partition(" ")
        given = token.strip() if kind.lower() == "bearer" else None
        status, told = self.server.answer(self.command, self.path, given, body)
        text = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do
