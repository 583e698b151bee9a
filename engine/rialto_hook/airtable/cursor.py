"""Up to where the messages were read: a small file in the spool folder, beside the batches.

It is written as a whole or not at all. One that is lost, broken or of another base is as good as none, and that is
said: what is handed in twice counts once.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from . import instants

NAME = "poll.json"
_VERSION = 1


@dataclass
class Cursor:
    """Where the reading stands."""

    #: The base that it is about.
    base: str
    #: When the newest row that was handed in was made, by Airtable's own clock.
    at: datetime
    #: What was made before is left alone.
    since: datetime
    #: Rows that were handed in and may be met again, and when each was made.
    known: dict[str, datetime] = field(default_factory=dict)
    #: When it was last told who runs what.
    rows_told_at: datetime | None = None

    def begins_at(self, window: timedelta) -> datetime:
        """From when on rows are looked at again."""
        return max(self.at - window, self.since)

    def move(self, window: timedelta) -> None:
        """Goes on to the newest row that is known, and forgets those that are not met again."""
        self.at = max([self.at, *self.known.values()])
        begin = self.begins_at(window)
        # One at the very beginning may be met again: Airtable tells seconds.
        self.known = {row: made for row, made in self.known.items() if begin - timedelta(seconds=1) <= made}

    def save(self, folder: Path) -> None:
        """Writes it, so that a crash at any moment leaves this one or the one before."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {
            "version": _VERSION,
            "base": self.base,
            "cursor": instants.write(self.at),
            "since": instants.write(self.since),
            "rows_told_at": instants.write(self.rows_told_at) if self.rows_told_at else None,
            "known": {row: instants.write(made) for row, made in self.known.items()},
        }
        new = folder / f"{NAME}.{os.getpid()}"
        with new.open("w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / NAME)


def load(folder: Path, base: str | None) -> tuple[Cursor | None, str | None]:
    """The cursor of a base, or of any; or none, and why."""
    path = folder / NAME
    try:
        told = json.loads(path.read_bytes())
        cursor = _read(told) if told["version"] == _VERSION else None
    except FileNotFoundError:
        return None, f"there is no cursor yet ({path})"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return None, f"the cursor cannot be read ({path}): {error or type(error).__name__}"
    if cursor is None:
        return None, f"the cursor cannot be read ({path}): it is of another version"
    if base is not None and cursor.base != base:
        return None, f"the cursor is of another base, {cursor.base} ({path})"
    return cursor, None


def _read(told: dict[str, object]) -> Cursor:
    known = told["known"]
    if not isinstance(known, dict):
        raise ValueError(f"{known!r} is no list of rows")
    return Cursor(
        base=str(told["base"]),
        at=_instant(told["cursor"]),
        since=_instant(told["since"]),
        known={str(row): _instant(made) for row, made in known.items()},
        rows_told_at=_instant(told["rows_told_at"]) if told["rows_told_at"] is not None else None,
    )


def _instant(told: object) -> datetime:
    instant = instants.read(told)
    if instant is None:
        raise ValueError(f"{told!r} is no instant; a good one is 2026-03-01T08:30:00.000Z")
    return instant
