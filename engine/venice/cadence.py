"""When the engine runs: a scheduler wakes it every five minutes, on a machine that sleeps and is used by hand.

The figures are those of 720 real runs: half of the gaps are 279 s and less, one in twenty is longer than 304 s, a few
are hours, the longest of four hours and twenty minutes; and a third of the runs come within a minute of the one before,
because somebody started another by hand.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

LONGEST_S = 15_622.0


def ticks(chance: random.Random, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The runs between two instants; in a week and more there is the longest gap at least once."""
    at, span = begin, (end - begin).total_seconds()
    longest, has_slept = min(LONGEST_S, span / 40), span < 7 * 86_400
    while True:
        dice = chance.random()
        if dice < 0.33:
            gap = chance.uniform(2, 59)
        elif dice < 0.985:
            gap = chance.gauss(279, 12)
        elif dice < 0.9985 or longest < 1800:
            gap = chance.uniform(305, max(305.0, min(1800, longest)))
        else:
            gap, has_slept = (chance.uniform(1800, longest), has_slept) if has_slept else (LONGEST_S, True)
        at += timedelta(seconds=max(1.0, gap))
        if end <= at:
            return
        yield at


def read(lines: Iterator[str]) -> Iterator[datetime]:
    """The runs of a log whose lines begin with an instant, in their order; what begins with none is passed over."""
    latest = None
    for line in lines:
        try:
            at = datetime.fromisoformat(line[:19].replace(" ", "T"))
        except ValueError:
            continue
        if latest is None or latest < at:
            latest = at
            yield at
