"""What a call of the hook costs, beside the five milliseconds that the brief allows.

    python -m venice.cost --rialto target/release/rialto

An activity is an engine's row with its path and its notes. Up and down are about a real sidecar; in process is the
extension `rialto`, where it is installed: `submit` hands over, and `record` waits until the disk has it.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from . import life
from .weeks import ENGINE, Rialto, plain

BRIEF_US = 5000.0
EVENTS = 20_000
_OF_A_PROCESS = "import sys; from venice import cost; cost.one(sys.argv[1])"


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of activities, as a run of the engine holds them."""
    chance, now = random.Random(1), datetime.now(timezone.utc)
    told: list[dict[str, Any]] = []
    while len(told) < count:
        told += life.activities(chance, now - timedelta(days=1), now)
    made = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return [
        {"id": f"rec{place:014d}", "createdTime": made, "fields": {**fields, "_ParsedStartDate": now}}
        for place, fields in enumerate(told[:count])
    ]


def measured(call: Callable[[dict[str, Any]], object], count: int = EVENTS) -> tuple[float, float]:
    """Median and 99th percentile of a call, in microseconds."""
    took = []
    for row in rows(count):
        begun = time.perf_counter_ns()
        call(row)
        took.append(time.perf_counter_ns() - begun)
    took.sort()
    return took[count // 2] / 1e3, took[count * 99 // 100] / 1e3


def one(what: str) -> None:
    """Measures one row of the table, in a process of its own."""
    if what == "hook":
        import rialto_hook

        told = measured(lambda row: rialto_hook.record_activity(row, "processed"))
        rialto_hook.flush(30)
    else:
        import rialto  # type: ignore[import-not-found, unused-ignore]

        with tempfile.TemporaryDirectory() as folder, rialto.Rialto(folder) as there:
            told = measured(getattr(there, what), EVENTS if what == "submit" else 500)
    print(*told)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rialto", type=Path, required=True, metavar="FILE", help="the sidecar's binary")
    arguments = parser.parse_args()
    print("| a call | median | p99 | the brief's 5 ms are |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        rialto = Rialto(arguments.rialto.resolve(), Path(name) / "data")
        _line("`record_activity`, sidecar up", "hook", RIALTO_URL=rialto.url, RIALTO_SPOOL=f"{name}/up")
        rialto.stop()
        _line("`record_activity`, sidecar down", "hook", RIALTO_URL=rialto.url, RIALTO_SPOOL=f"{name}/down")
    try:
        import rialto as _  # noqa: F401
    except ImportError:
        print("| in process | not installed | | |")
    else:
        _line("`rialto.Rialto.submit`, in process", "submit")
        _line("`rialto.Rialto.record`, in process and on the disk", "record")
    return 0


def _line(words: str, what: str, **settings: str) -> None:
    environment = {**plain(), **settings}
    command = [sys.executable, "-W", "ignore", "-c", _OF_A_PROCESS, what]
    ran = subprocess.run(command, cwd=ENGINE, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    median, p99 = (float(word) for word in ran.stdout.split())
    print(f"| {words} | {median:.1f} µs | {p99:.1f} µs | {BRIEF_US / median:,.0f} times as much |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
