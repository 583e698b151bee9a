"""The spool: a folder of batches, each a file of events that the sidecar has not acknowledged yet.

A process appends to a file of its own, `….open`, a line an event and a write a line, so that a kill at any moment
leaves at most a last line without an end. A file that is full, or that its process is done with, becomes `….batch`; one
whose process is gone is taken over by whoever finds it. A batch is sent as a whole, and sent again as a whole where
nobody heard the answer: the sidecar knows an event by its id, and counts it once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import locks

#: A batch has at most so many events,
EVENTS_MAX = 500
#: and so many bytes.
BATCH_MAX = 1 << 20
#: Where the file system knows no locks, a file was left behind when nobody wrote to it for so long.
_LEFT_BEHIND_S = 86_400.0
#: More of what was rejected for good, or counted as dropped, is not kept.
_TOLD_MAX = 16 << 20
#: A spool that was full is looked through again after so long, or when there was made room.
_FULL_S = 1.0
#: So often somebody else may take what is just begun for something left behind.
_TRIES = 8

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Full(OSError):
    """The spool holds as much as it may."""


class Spool:
    """See the module. Safe to be used by many threads, and by many processes on one folder."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        self.folder = folder
        self.bytes_max = bytes_max
        # Who is interrupted by a signal while he writes, and writes again, waits for nobody.
        self._turn = threading.RLock()
        self._descriptor: int | None = None
        self._file: os.stat_result | None = None
        self._path = folder
        self._full_until = 0.0
        self._count = 0
        self._bytes = 0

    def append(self, line: bytes) -> bool:
        """Keeps a line; whether it made its batch full. Raises `OSError` where it could not be kept."""
        with self._turn:
            # Whoever closes or clears away what is not his begins no new batch, and gets no line of ours.
            if self._descriptor is None or BATCH_MAX < self._bytes + len(line) or not self._has_its_file():
                self._end()
                self._begin()
            assert self._descriptor is not None
            try:
                written = os.write(self._descriptor, line)
            except OSError:
                self._end()
                raise
            self._bytes += written
            if written != len(line):
                # A disk that is full took a part of it. It ends here, so that the next one begins anew.
                self._end()
                raise OSError("the disk took a part of an event only")
            self._count += 1
            if EVENTS_MAX <= self._count:
                self._end()
                return True
            return False

    def close(self) -> None:
        """Makes a batch of what this process wrote so far."""
        with self._turn:
            self._end()

    def batches(self) -> list[Path]:
        """The batches, the oldest first, with those that others left behind."""
        names = self._names()
        for name in names:
            if name.endswith(".open"):
                self._take_over(self.folder / name)
        return [self.folder / name for name in sorted(self._names()) if name.endswith(".batch")]

    def settle(self, batch: Path, left: Sequence[bytes]) -> None:
        """Keeps of a batch the lines that are not settled; none of it, where all are."""
        self._full_until = 0.0
        if left:
            rest = batch.with_suffix(".rest")
            rest.write_bytes(b"".join(left))
            rest.replace(batch)
        else:
            batch.unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes what a kill left of settling. For who sends alone."""
        for name in self._names():
            if name.endswith(".rest"):
                (self.folder / name).unlink(missing_ok=True)

    def bury(self, line: bytes, code: str, why: str) -> None:
        """Keeps a line that will never be taken, with the reason."""
        feed = {b"A": "activity", b"M": "message"}.get(line[:1])
        text = line[1:].decode("utf-8", "replace").rstrip("\n")
        self._tell("dead.ndjson", {"at": _now(), "feed": feed, "code": code, "message": why, "event": text})

    def count_dropped(self, count: int, why: str) -> None:
        """Writes down that so many events could not be kept."""
        self._tell("dropped.ndjson", {"at": _now(), "count": count, "why": why})

    def told(self, name: str) -> list[dict[str, Any]]:
        """What was written down in `dead.ndjson` or `dropped.ndjson`, in order."""
        told = []
        for older in (f"{name}.1", name):
            try:
                lines = (self.folder / older).read_bytes().splitlines()
            except OSError:
                continue
            for line in lines:
                try:
                    told.append(json.loads(line))
                except ValueError:
                    # Its process was killed while it wrote.
                    continue
        return told

    def _names(self) -> list[str]:
        try:
            return os.listdir(self.folder)
        except FileNotFoundError:
            return []

    def _begin(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # To look through a folder that is full takes long, and each event would do it.
        now = time.monotonic()
        is_full = now < self._full_until
        if not is_full and self.bytes_max < self._size():
            is_full, self._full_until = True, now + _FULL_S
        if is_full:
            raise Full(f"as much waits in {self.folder} as may, {self.bytes_max} bytes; is the sidecar up?")
        for _ in range(_TRIES):
            path = self.folder / f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(4).hex()}.open"
            descriptor = os.open(path, _APPEND | os.O_EXCL, 0o600)
            is_ours = True
            if sys.platform != "win32":
                # Before it was locked, somebody may have taken it for one that was left behind.
                is_ours = locks.lock(descriptor) is not False and _is_at(descriptor, path)
            if is_ours:
                self._descriptor, self._path, self._count, self._bytes = descriptor, path, 0, 0
                self._file = os.fstat(descriptor)
                return
            os.close(descriptor)
        raise OSError("what is begun in the spool is taken at once, each time")

    def _end(self) -> None:
        # Whoever interrupts this, and writes, has another file.
        path, is_open = self._path, self._has_its_file()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if sys.platform == "win32":
            if is_open:
                os.close(descriptor)
            _rename(path)
        else:
            # Renamed while it is still locked: nobody takes it over in between.
            _rename(path)
            if is_open:
                os.close(descriptor)

    def abandon(self) -> None:
        """Forgets the file of the process that this one was forked from."""
        is_open = self._has_its_file()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None and is_open:
            os.close(descriptor)

    def _has_its_file(self) -> bool:
        """Whether the descriptor is still that of a file in the folder, and not closed, or somebody else's by now."""
        if self._descriptor is None or self._file is None:
            return False
        try:
            now = os.fstat(self._descriptor)
        except OSError:
            return False
        return os.path.samestat(now, self._file) and bool(now.st_nlink)

    def _take_over(self, path: Path) -> None:
        if path == self._path and self._descriptor is not None:
            return
        if sys.platform == "win32":
            # Refused where its process still has it open.
            _rename(path)
            return
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            return
        try:
            is_ours = locks.lock(descriptor)
            if is_ours is None:
                is_ours = _LEFT_BEHIND_S < time.time() - os.fstat(descriptor).st_mtime
            if is_ours and _is_at(descriptor, path):
                _rename(path)
        finally:
            os.close(descriptor)

    def _size(self) -> int:
        """What waits takes up so much. What was told of stays, and is not to keep the next event out."""
        size = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    size += 0 if ".ndjson" in entry.name else entry.stat().st_size
                except OSError:
                    # It was sent meanwhile.
                    continue
        return size

    def _tell(self, name: str, what: dict[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / name
        line = json.dumps(what, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with open(path, "ab+", 0, opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            size = os.fstat(file.fileno()).st_size
            if size:
                file.seek(-1, os.SEEK_END)
                # What a full disk cut takes the next line with it no more than that.
                line = line if file.read(1) == b"\n" else b"\n" + line
            if os.write(file.fileno(), line) != len(line):
                raise OSError("the disk took a part of it only")
        if _TOLD_MAX < size:
            path.replace(path.with_name(f"{name}.1"))


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _rename(path: Path) -> None:
    try:
        os.replace(path, path.with_suffix(".batch"))
    except OSError:
        # Somebody has it open, or took it: it is found again.
        return


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
