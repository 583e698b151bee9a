"""A pace to keep: whoever takes a turn waits until it comes, and when it is over for a while, all rest."""

from __future__ import annotations

import threading
import time
from typing import Callable


class Halted(Exception):
    """Somebody wants this to end, instead of waiting."""


class Pacer:
    """So many turns a second, evenly. Safe to be used by many threads."""

    def __init__(
        self,
        turns_per_s: float,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wait` may end early and say so by `True`, as a `threading.Event` does: then there are no more turns."""
        self._gap_s = 1.0 / turns_per_s
        self._wait = wait
        self._clock = clock
        self._next = clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Waits for a turn. Raises `Halted` where there is none any more."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now)
            self._next = turn + self._gap_s
        if self._wait(max(0.0, turn - now)) is True:
            raise Halted

    def rest(self, seconds: float) -> None:
        """Gives no turn for so long."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)
