"""The feed of messages without a line in the engine: it reads MESSAGES, and hands each row in once.

Rows are found by when Airtable made them, whatever they say themselves: some say nothing, some what nobody can read,
and some yesterday. Each reading looks back over a window, so that a row which became visible late is found; the cursor
is only moved after every row before it is in the spool. Who is who and who runs what is told before the first message,
and then once in a while, because what is recorded without it stays as it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable

import rialto_hook

from ..settings import Settings
from ..sidecar import NoAnswer
from . import instants, rows
from .base import Base, BaseFault
from .cursor import Cursor

#: What prices a message, or tells whether it left; its words are nobody's business.
MESSAGES = ("MessageId", "Sender", "Receiver", "Type", "Channel", "Notes", "CreatedAt")


class Unkept(Exception):
    """Rows could not be put into the spool. The cursor stays where it is."""


@dataclass
class Round:
    """What one reading came to."""

    #: Rows that were handed in, and those that had been before.
    messages: int = 0
    known: int = 0
    citizens: rows.Told | None = None
    buildings: rows.Told | None = None
    #: Whether the sidecar has all of it; what it has not waits in the spool.
    is_delivered: bool = True
    #: What could not be done, though the rest was.
    fault: str | None = None


@dataclass
class Wanted:
    """What is read, and how far back."""

    messages: bool = True
    rows: bool = True
    rows_every: timedelta = timedelta(hours=1)
    window: timedelta = timedelta(hours=2)


class Poll:
    """Reads a base, round by round."""

    def __init__(
        self,
        base: Base,
        settings: Settings,
        cursor: Cursor,
        wanted: Wanted,
        tell: Callable[[str], object],
        hand_in: Callable[[Mapping[str, Any]], bool] = rialto_hook.record_message,
        flush: Callable[[], bool] = rialto_hook.flush,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.cursor = cursor
        self._base = base
        self._settings = settings
        self._wanted = wanted
        self._tell = tell
        self._hand_in = hand_in
        self._flush = flush
        self._now = now

    def round(self) -> Round:
        """One reading. Raises `BaseFault`, `NoAnswer` or `Unkept`; the next one goes on where this one stands."""
        done = Round()
        if self._wanted.rows and self._is_time_for_rows():
            try:
                self._tell_rows(done)
            except (BaseFault, NoAnswer) as fault:
                if self.cursor.rows_told_at is None:
                    # Without them a message to a human would be taken for one to a citizen, for good.
                    raise
                done.fault = str(fault)
        if self._wanted.messages:
            self._read_messages(done)
        return done

    def _is_time_for_rows(self) -> bool:
        told_at = self.cursor.rows_told_at
        return told_at is None or not timedelta() <= self._now() - told_at < self._wanted.rows_every

    def _tell_rows(self, done: Round) -> None:
        citizens = self._base.rows("citizens", rows.CITIZENS)
        buildings = self._base.rows("buildings", rows.BUILDINGS)
        self._tell(f"CITIZENS has {len(citizens)} rows, BUILDINGS {len(buildings)}")
        done.citizens = rows.tell(self._settings, "/v1/citizens", rows.CITIZENS, citizens)
        done.buildings = rows.tell(self._settings, "/v1/buildings", rows.BUILDINGS, buildings)
        for told in (done.citizens, done.buildings):
            if told.rejected:
                self._tell(f"{told.rejected} rows are no use, the first because {told.why}")
        self.cursor.rows_told_at = self._now()
        self.cursor.save(self._settings.spool)

    def _read_messages(self, done: Round) -> None:
        begin = instants.write(self.cursor.begins_at(self._wanted.window))
        made_since = f"IS_AFTER(CREATED_TIME(), DATETIME_PARSE('{begin}'))"
        for page in self._base.pages("messages", MESSAGES, made_since):
            news = [row for row in page if row["id"] not in self.cursor.known]
            done.known += len(page) - len(news)
            if news:
                self._keep(news)
                done.messages += len(news)
                self._tell(f"MESSAGES: {done.messages} rows handed in, {done.known} were before")
        self.cursor.move(self._wanted.window)
        self.cursor.save(self._settings.spool)
        # Also what an earlier run had to leave there.
        done.is_delivered = self._flush()

    def _keep(self, news: list[Mapping[str, Any]]) -> None:
        """Hands rows in, and knows them from then on."""
        is_kept = [self._hand_in(row) for row in news]
        self._flush()
        if not all(is_kept):
            raise Unkept(
                f"the spool could not keep every message ({self._settings.spool}); make room on its disk, or raise"
                " RIALTO_SPOOL_BYTES, or start the sidecar: they are read again"
            )
        _make_durable(self._settings.spool)
        for row in news:
            self.cursor.known[row["id"]] = instants.read(row.get("createdTime")) or self.cursor.at
        self.cursor.save(self._settings.spool)


def _make_durable(folder: Path) -> None:
    """Puts what this process wrote on the disk: the cursor, which is, must not know of rows that are not."""
    for path in folder.glob(f"*-{os.getpid()}-*.*"):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            # It was sent meanwhile.
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
