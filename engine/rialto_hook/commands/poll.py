"""Hands in the messages of the engine's base, and tells who runs what, without a line in the engine.

It reads MESSAGES, CITIZENS and BUILDINGS through pyairtable (pip install 'rialto-hook[poll]'), with the engine's own
AIRTABLE_API_KEY and AIRTABLE_BASE_ID, within what Airtable lets through. Where it stands is a file in the spool folder.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

from ..airtable import cursor as cursors
from ..airtable import instants
from ..airtable.base import TURNS_PER_S, Base, BaseFault, Wrong
from ..airtable.cursor import Cursor
from ..airtable.pace import Halted, Pacer
from ..airtable.poll import Poll, Round, Unkept, Wanted
from ..settings import Settings
from ..sidecar import NoAnswer

SINCE = "4d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    often = parser.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="one round, and end: for a timer")
    often.add_argument("--every", type=_seconds, default=60.0, metavar="SECONDS", help="between rounds [default: 60]")
    often.add_argument("--show", action="store_true", help="tell where it stands, and do nothing")
    on_off = argparse.BooleanOptionalAction
    parser.add_argument("--messages", action=on_off, default=True, help="hand in MESSAGES")
    parser.add_argument("--rows", action=on_off, default=True, help="tell CITIZENS and BUILDINGS")
    parser.add_argument("--rows-every", type=_seconds, default=3600.0, metavar="SECONDS", help="[default: 3600]")
    parser.add_argument(
        "--since",
        default=SINCE,
        metavar="WHEN",
        help=f"where to begin without a cursor: 2026-03-01, 6h [default: {SINCE}]",
    )
    parser.add_argument(
        "--window",
        type=_seconds,
        default=7200.0,
        metavar="SECONDS",
        help="how far to look back each time [default: 7200]",
    )
    parser.add_argument(
        "--requests-per-second", type=_pace, default=TURNS_PER_S, metavar="N", help="at most 5 [default: 4]"
    )
    parser.add_argument("--endpoint", metavar="URL", help="another Airtable than https://api.airtable.com")
    parser.add_argument("--json", action="store_true", help="a line of JSON a round, for a script")


def run(arguments: argparse.Namespace) -> int:
    """1 where a round failed, if it was the only one."""
    settings = Settings.of(os.environ)
    if arguments.show:
        return show(settings, arguments.json)
    halt = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: halt.set())
    try:
        return _poll(arguments, settings, halt)
    except Wrong as wrong:
        _say(str(wrong))
        return 2


def show(settings: Settings, as_json: bool) -> int:
    """Where the reading stands. 1 where nobody knows."""
    cursor, why = cursors.load(settings.spool, None)
    if cursor is None:
        print(json.dumps({"cursor": None, "why": why}) if as_json else why)
        return 1
    told_at = instants.write(cursor.rows_told_at) if cursor.rows_told_at else None
    if as_json:
        told = {"base": cursor.base, "cursor": instants.write(cursor.at), "rows_told_at": told_at}
        print(json.dumps({**told, "known": len(cursor.known)}))
        return 0
    print(f"base       {cursor.base}")
    print(f"messages   handed in up to {instants.write(cursor.at)}, by when Airtable made their rows")
    print(f"           {len(cursor.known)} of them are remembered, so that they are not handed in again")
    print(f"rows       {f'of citizens and buildings told at {told_at}' if told_at else 'never told'}")
    print(f"file       {settings.spool / cursors.NAME}")
    return 0


def _poll(arguments: argparse.Namespace, settings: Settings, halt: threading.Event) -> int:
    if settings.is_disabled:
        raise Wrong(
            "RIALTO_DISABLED is set, so that nothing would be kept; take it out of the environment of this command"
        )
    if not (arguments.messages or arguments.rows):
        raise Wrong("with --no-messages and --no-rows there is nothing to do; leave one of them out")
    now = datetime.now(timezone.utc)
    since = instants.since(arguments.since, now)
    if since is None:
        raise Wrong(
            f"--since is {arguments.since!r}; write an instant or how long ago, such as 2026-03-01T08:30Z or 4d"
        )
    window = timedelta(seconds=arguments.window)
    base = Base.of(os.environ, Pacer(arguments.requests_per_second, halt.wait), arguments.endpoint)
    cursor, why = cursors.load(settings.spool, base.name)
    if cursor is None:
        _say(f"{why}; it begins with what was made since {instants.write(since)}")
        cursor = Cursor(base.name, at=since, since=since)
    wanted = Wanted(arguments.messages, arguments.rows, timedelta(seconds=arguments.rows_every), window)
    poll = Poll(base, settings, cursor, wanted, _say)
    try:
        while True:
            is_well = _round(poll, arguments.json)
            if arguments.once:
                return 0 if is_well else 1
            if halt.wait(arguments.every):
                raise Halted
    except Halted:
        _say("ended, as it was told to")
        return 0
    finally:
        base.close()


def _round(poll: Poll, as_json: bool) -> bool:
    try:
        done = poll.round()
    except (BaseFault, NoAnswer, Unkept, OSError) as fault:
        _say(str(fault))
        if as_json:
            print(json.dumps({"fault": str(fault)}), flush=True)
        return False
    if done.fault:
        _say(done.fault)
    print(json.dumps(_told(done, poll.cursor)) if as_json else _summary(done, poll.cursor), flush=True)
    return done.fault is None


def _told(done: Round, cursor: Cursor) -> dict[str, Any]:
    return {
        "messages": done.messages,
        "known": done.known,
        "citizens": vars(done.citizens) if done.citizens else None,
        "buildings": vars(done.buildings) if done.buildings else None,
        "delivered": done.is_delivered,
        "cursor": instants.write(cursor.at),
        "fault": done.fault,
    }


def _summary(done: Round, cursor: Cursor) -> str:
    parts = [f"{done.messages} messages handed in, {done.known} were before"]
    for name, told in (("citizens", done.citizens), ("buildings", done.buildings)):
        if told:
            parts.append(f"{told.rows} {name} told ({told.news} news, {told.rejected} rejected)")
    if not done.is_delivered:
        parts.append("some still wait in the spool")
    return f"{'; '.join(parts)}; cursor {instants.write(cursor.at)}"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _seconds(text: str) -> float:
    return _figure(text, 0, 3.2e8, "is no length of time; write seconds, such as 60")


def _pace(text: str) -> float:
    return _figure(text, 0.01, 5, "is no pace; Airtable lets five requests through a second; write 4, or less")


def _figure(text: str, least: float, most: float, help: str) -> float:
    try:
        figure = float(text)
    except ValueError:
        figure = -1.0
    if not least <= figure <= most:
        raise argparse.ArgumentTypeError(f"{text!r} {help}")
    return figure
