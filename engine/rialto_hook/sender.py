"""The sender: hands batches over, and keeps each until every event of it was answered for.

It raises `Unsent` where anything goes wrong, with a sentence that says what to do; everything that is not acknowledged
is still in the spool then. What is wrong with one batch does not keep back the others. It takes as long as it takes:
whoever must not wait has another thread call it.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from . import locks
from .settings import URL, Settings
from .spool import Spool

_PATHS = {b"A": "/v1/activities", b"M": "/v1/messages"}
_SETTLED = frozenset({"recorded", "priced", "duplicate", "conflict"})
#: What says that a body is at fault, and not who sends it or the sidecar's state.
_BODY_AT_FAULT = frozenset({400, 413, 422})
_ANSWER_MAX = 16 << 20


class Unsent(Exception):
    """Something could not be handed over. It is still in the spool."""


@dataclass
class Sent:
    """What came of handing over."""

    batches: int = 0
    #: Events that are on record there, whatever came of them;
    events: int = 0
    #: that are rejected for good;
    rejected: int = 0
    #: and that a kill or a full disk cut.
    torn: int = 0


class Sender:
    """Hands over what is in a spool; one connection for all of it."""

    def __init__(self, settings: Settings, spool: Spool, timeout_s: float) -> None:
        self._settings = settings
        self._spool = spool
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None
        self._sending: int | None = None

    def send_all(self) -> Iterator[Sent]:
        """Sends batch by batch, and tells after each how it stands. Ends at once where another process sends."""
        sent = Sent()
        if not self._spool.batches():
            return
        with self._alone() as is_alone:
            if not is_alone:
                return
            try:
                self._spool.clear()
                faults = []
                for batch in self._spool.batches():
                    fault = self._send(batch, sent)
                    if fault:
                        faults.append(fault)
                        continue
                    sent.batches += 1
                    yield sent
                if faults:
                    raise Unsent(faults[0])
            finally:
                self.close()

    def close(self) -> None:
        """Closes the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def abandon(self) -> None:
        """Forgets the right to send of the process that this one was forked from."""
        sending, self._sending = self._sending, None
        if sending is not None:
            os.close(sending)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process sends. Where nobody can tell, two do, and the sidecar counts once."""
        try:
            descriptor = os.open(self._spool.folder / "sending", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # Another user made it, or the disk is full, and is to become less so.
            yield True
            return
        self._sending = descriptor
        try:
            is_alone = locks.lock(descriptor) is not False
            try:
                yield is_alone
            finally:
                if is_alone:
                    # A process that was forked meanwhile has it open for as long as it lives.
                    locks.unlock(descriptor)
        finally:
            self._sending = None
            os.close(descriptor)

    def _send(self, batch: Path, sent: Sent) -> str | None:
        """What keeps a part of this batch here; none, where all of it is settled."""
        try:
            return self._send_lines(batch, sent)
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{batch} cannot be settled: {error}"

    def _send_lines(self, batch: Path, sent: Sent) -> str | None:
        text = batch.read_bytes()
        #: By their places, because two may be the same.
        left = dict(enumerate(text.splitlines(keepends=True)))
        count = len(left)
        try:
            for place, line in list(left.items()):
                if line[:1] not in _PATHS or not line.endswith(b"}\n"):
                    self._spool.bury(line, "torn", "it was cut while it was written, by a kill or a full disk")
                    del left[place]
                    sent.torn += 1
            for feed in _PATHS:
                places = [place for place, line in left.items() if line[:1] == feed]
                if places:
                    self._hand_in(feed, places, left, sent)
        finally:
            if len(left) < count or not count:
                self._spool.settle(batch, list(left.values()))
        if left:
            return f"the sidecar did not answer for {len(left)} events of a batch; they stay in {batch}"
        return None

    def _hand_in(self, feed: bytes, places: list[int], left: dict[int, bytes], sent: Sent) -> None:
        """Hands in the lines in these places, of one feed, and takes out of `left` what was answered for."""
        status, answer = self._post(_PATHS[feed], b"".join(left[place][1:] for place in places))
        reason = _error(answer)
        # Anybody else who listens there, such as a proxy, may find everything faulty. He buries nothing.
        if status in _BODY_AT_FAULT and reason:
            if 1 < len(places):
                # One of them is at fault: the others are not to wait for it.
                middle = len(places) // 2
                self._hand_in(feed, places[:middle], left, sent)
                self._hand_in(feed, places[middle:], left, sent)
            else:
                self._reject(places[0], reason, left, sent)
            return
        if status != 200:
            raise Unsent(self._refusal(status, answer))
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise Unsent(f"{self._settings.url} answers, but not as Rialto does; is RIALTO_URL right?")
        for result in results:
            index = result.get("index") if isinstance(result, dict) else None
            if not isinstance(index, int) or not 0 <= index < len(places) or places[index] not in left:
                continue
            told = str(result.get("status"))
            if told in _SETTLED:
                del left[places[index]]
                sent.events += 1
            elif told == "rejected":
                self._reject(places[index], _error(result) or ("rejected", "no reason was told"), left, sent)

    def _reject(self, place: int, reason: tuple[str, str], left: dict[int, bytes], sent: Sent) -> None:
        self._spool.bury(left[place], *reason)
        del left[place]
        sent.rejected += 1

    def _post(self, path: str, body: bytes) -> tuple[int, Any]:
        headers = {"content-type": "application/x-ndjson", "user-agent": "rialto-hook"}
        if self._settings.token:
            headers["authorization"] = f"Bearer {self._settings.token}"
        is_fresh = self._connection is None or self._connection.sock is None
        try:
            try:
                status, text = self._exchange(path, body, headers)
            except (ConnectionError, http.client.BadStatusLine):
                if is_fresh:
                    raise
                # It was closed since the last answer. What may have come in all the same is counted once.
                self.close()
                status, text = self._exchange(path, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unsent(f"{self._settings.url} does not answer: {error or type(error).__name__}") from error
        try:
            return status, json.loads(text)
        except (ValueError, RecursionError):
            return status, None

    def _exchange(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = self._connection = self._connection or self._connect()
        if connection.sock is not None:
            connection.sock.settimeout(self._timeout_s)
        connection.request("POST", urlsplit(self._settings.url).path + path, body, headers)
        response = connection.getresponse()
        return response.status, response.read(_ANSWER_MAX)

    def _connect(self) -> http.client.HTTPConnection:
        try:
            url = urlsplit(self._settings.url)
        except ValueError as error:
            raise Unsent(f"RIALTO_URL is {self._settings.url!r}: {error}") from error
        if url.scheme not in ("http", "https") or not url.hostname:
            raise Unsent(f"RIALTO_URL is {self._settings.url!r}; write a scheme, a host and a port, such as {URL}")
        if url.scheme == "https":
            context = ssl.create_default_context()
            return _Tls(url.hostname, url.port, timeout=self._timeout_s, context=context)
        return _Plain(url.hostname, url.port, timeout=self._timeout_s)

    def _refusal(self, status: int, answer: Any) -> str:
        told = _error(answer)
        said = f": {told[1]}" if told else ""
        if status in (401, 403, 429):
            said += "; set RIALTO_TOKEN to a token with the scope ingest (`rialto token add`)"
        return f"{self._settings.url} answers with {status}{said}"


class _Timely(io.RawIOBase):
    """What comes from a socket, within its timeout altogether: the socket's own is one for each piece."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", 0)
        self._until = time.monotonic() + (sock.gettimeout() or 0)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left)
        return self._raw.readinto(room)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(cast(socket.socket, _Timely(sock)), *arguments, **named)


class _Plain(http.client.HTTPConnection):
    response_class = _Answer


class _Tls(http.client.HTTPSConnection):
    response_class = _Answer


def _error(answer: Any) -> tuple[str, str] | None:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return None
    return error["code"], str(error.get("message") or "no reason was told")
