"""The hook: what the engine calls. It never raises, and waits for nobody but, at the very end, a fifth of a second.

Each call writes one line to the spool and returns. A thread of its own hands over what is in the spool, of earlier runs
too; where anything goes wrong there, everything stays in the spool until later. What goes wrong is told to the logger
`rialto_hook`, each kind once a process.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from . import event
from .sender import Sender, Unsent
from .settings import Settings
from .spool import Full, Spool

#: How long `flush` waits at most; with all that is around it, no call takes longer than a quarter of a second.
FLUSH_S = 0.2
#: What a process that lives on has written is handed over after so long.
_SEND_EVERY_S = 5.0
#: How long an answer may take, where nobody waits for it.
_ANSWER_S = 10.0
#: After a failure nothing is tried for so long: longer than a run of the engine takes.
_BREAK_S = 300.0

_log = logging.getLogger("rialto_hook")


class Hook:
    """A spool, and the thread that empties it. Safe to be used by many threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._spool = Spool(settings.spool, settings.spool_bytes)
        self._told: set[str] = set()
        self._dropped: dict[str, int] = {}
        self._state = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sender: Sender | None = None
        self._is_wanted = False
        #: Rounds of the thread that were begun, and that are over.
        self._begun = self._over = 0
        self._is_clean = True
        self._broken_until = 0.0
        for fault in settings.faults:
            self.tell("settings", fault)

    def activity(self, record: Mapping[str, Any], status: object, context: Mapping[str, Any]) -> bool:
        """Keeps an activity, and how it ended. Whether it is kept."""
        try:
            self._keep(event.activity(record, status, context, datetime.now(timezone.utc)))
        except Exception as error:
            self._drop("an activity", error)
            return False
        return True

    def message(self, record: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
        """Keeps a message. Whether it is kept."""
        try:
            self._keep(event.message(record, context, datetime.now(timezone.utc)))
        except Exception as error:
            self._drop("a message", error)
            return False
        return True

    def flush(self, wait_s: float) -> bool:
        """Has everything handed over, and waits for that so long at most; whether all of it is."""
        try:
            self._spool.close()
            self._write_drops()
            with self._state:
                if time.monotonic() < self._broken_until or not self._start():
                    return False
                # One that runs already may have looked before the last event came.
                awaited = self._begun + 1
                self._is_wanted = True
                self._state.notify_all()
                is_over = self._state.wait_for(lambda: awaited <= self._over, wait_s)
                return is_over and self._is_clean
        except Exception as error:
            self.tell("flush", f"events stay in {self.settings.spool}: {error}")
            return False

    def abandon(self) -> None:
        """Leaves what is open to the process that this one was forked from."""
        self._spool.abandon()
        if self._sender is not None:
            self._sender.abandon()

    def _keep(self, line: bytes) -> None:
        is_full = self._spool.append(line)
        if self._thread is None or is_full:
            with self._state:
                self._start()
                self._is_wanted = True
                self._state.notify_all()

    def _start(self) -> bool:
        """Whether there is a thread."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="rialto-hook", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is ending, or there are too many. The next run sends what there is.
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        sender = self._sender = Sender(self.settings, self._spool, _ANSWER_S)
        while True:
            with self._state:
                is_wanted = self._state.wait_for(lambda: self._is_wanted, _SEND_EVERY_S)
                self._is_wanted = False
                self._begun += 1
                is_broken = time.monotonic() < self._broken_until
            is_clean = not is_broken and self._send(sender, is_wanted)
            with self._state:
                self._over += 1
                self._is_clean = is_clean
                self._state.notify_all()

    def _send(self, sender: Sender, is_wanted: bool) -> bool:
        try:
            if not is_wanted:
                # While nothing can be sent, one batch grows, and not one every few seconds.
                self._spool.close()
            self._write_drops()
            for sent in sender.send_all():
                if sent.rejected:
                    self.tell(
                        "rejected", f"events are rejected for good; they are in {self.settings.spool}/dead.ndjson"
                    )
            return not self._spool.batches()
        except Unsent as error:
            self.tell("unsent", f"{error}; events stay in {self.settings.spool} until a later run")
        except Exception as error:
            self.tell("unsent", f"{type(error).__name__}: {error}; events stay in {self.settings.spool}")
        self._broken_until = time.monotonic() + _BREAK_S
        return False

    def _drop(self, what: str, error: Exception) -> None:
        try:
            why = "full" if isinstance(error, Full) else type(error).__name__
            with self._state:
                self._dropped[why] = self._dropped.get(why, 0) + 1
            self.tell(why, f"{what} could not be kept and is lost: {error}")
        except Exception:
            # There is nobody left to tell.
            return

    def _write_drops(self) -> None:
        with self._state:
            dropped, self._dropped = self._dropped, {}
        for why, count in dropped.items():
            try:
                self._spool.count_dropped(count, why)
            except OSError:
                with self._state:
                    self._dropped[why] = self._dropped.get(why, 0) + count
            self.tell(f"dropped {why}", f"{count} events could not be kept and are lost ({why})")

    def tell(self, kind: str, words: str) -> None:
        """Tells the log that something went wrong; of each kind once, and then only whoever debugs."""
        level = logging.DEBUG if kind in self._told else logging.WARNING
        self._told.add(kind)
        _tell(level, words)


def _tell(level: int, words: str) -> None:
    # A handler of the engine's own may raise.
    with suppress(Exception):
        _log.log(level, "%s", words)


_hook: Hook | None = None
_hook_of = 0
#: Who is interrupted by a signal while he makes it, and calls again, waits for nobody.
_making = threading.RLock()


def current() -> Hook | None:
    """The hook of this process, and none of the one that it was forked from. None where it is switched off, or cannot
    be made."""
    global _hook, _hook_of
    if _hook_of == os.getpid():
        return _hook
    try:
        with _making:
            if _hook_of != os.getpid():
                leave()
                settings = Settings.of(os.environ)
                _hook = None if settings.is_disabled else Hook(settings)
                atexit.unregister(flush_at_exit)
                atexit.register(flush_at_exit)
                _hook_of = os.getpid()
        return _hook
    except Exception as error:
        _tell(logging.WARNING, f"events are lost: {error}")
        return None


def leave() -> None:
    """Leaves to the process that this one was forked from what is its own: its file, its locks, its hook."""
    global _hook, _hook_of
    older, _hook, _hook_of = _hook, None, 0
    if older is not None:
        older.abandon()


def _leave_after_fork() -> None:
    global _making
    # Another thread, which is not here, may have been making it.
    _making = threading.RLock()
    with suppress(Exception):
        leave()


if hasattr(os, "register_at_fork"):
    # At once: what a child has open keeps its locks when the parent was killed, whether it ever calls or not.
    os.register_at_fork(after_in_child=_leave_after_fork)


def flush_at_exit() -> None:
    """Hands over what this process kept, as far as a fifth of a second goes."""
    if _hook is not None and _hook_of == os.getpid():
        _hook.flush(FLUSH_S)
