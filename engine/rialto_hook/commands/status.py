"""Tells what waits in the spool, what was rejected or dropped, and whether the sidecar lets events in.

It hands in no event, and changes nothing. The engine may have another environment than this command: what counts is the
engine's, and RIALTO_SPOOL has to be the same folder in both.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from ..settings import Settings
from ..sidecar import NoAnswer, post
from ..spool import Spool

#: How long the sidecar has for an answer.
_ANSWER_S = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("--json", action="store_true", help="as JSON, for a script")


def run(arguments: argparse.Namespace) -> int:
    """1 where the sidecar does not let events in, where they cannot be kept, or where some were lost or rejected."""
    settings = Settings.of(os.environ)
    status = look(settings)
    if arguments.json:
        print(json.dumps(status))
    else:
        print(f"spool      {status['spool']}")
        print(f"waiting    {status['waiting']} events, {status['bytes']} bytes")
        print(f"rejected   {status['rejected']}" + (", in dead.ndjson" if status["rejected"] else ""))
        print(f"dropped    {status['dropped']}" + (", as dropped.ndjson tells" if status["dropped"] else ""))
        print(f"sidecar    {status['fault'] or status['url'] + ' answers, and lets events in'}")
        if status["unkept"]:
            print(f"fault      {status['unkept']}")
        for fault in settings.faults:
            print(f"fault      {fault}")
        if settings.is_disabled:
            print("           RIALTO_DISABLED is set: nothing is kept, and nothing is sent")
    is_well = not (status["fault"] or status["unkept"] or status["rejected"] or status["dropped"] or settings.faults)
    return 0 if is_well else 1


def look(settings: Settings) -> dict[str, Any]:
    """How it stands. Changes nothing."""
    spool = Spool(settings.spool, settings.spool_bytes)
    waiting = size = 0
    for path in settings.spool.glob("*-*-*.[bo]*"):
        try:
            text = path.read_bytes()
        except OSError:
            # It was sent meanwhile.
            continue
        waiting, size = waiting + text.count(b"\n"), size + len(text)
    return {
        "spool": str(settings.spool),
        "waiting": waiting,
        "bytes": size,
        "rejected": len(spool.told("dead.ndjson")),
        "dropped": sum(told.get("count", 0) for told in spool.told("dropped.ndjson")),
        "url": settings.url,
        "fault": _fault(settings),
        "unkept": _unkept(settings.spool),
    }


def _fault(settings: Settings) -> str | None:
    """Why an event would not be taken: what is handed in is a list of none."""
    try:
        answer = post(settings, "/v1/activities", b"[]", timeout_s=_ANSWER_S)
    except NoAnswer as error:
        return str(error)
    if isinstance(answer, dict) and isinstance(answer.get("results"), list):
        return None
    return f"{settings.url} answers, but not as Rialto does; is RIALTO_URL right?"


def _unkept(spool: Path) -> str | None:
    """Why nothing could be kept in this folder, which may not be there yet."""
    there = next(folder for folder in (spool, *spool.absolute().parents) if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return None
    why = "is not to be written to by this user" if there.is_dir() else "is no folder"
    return f"{there} {why}; set RIALTO_SPOOL to a folder that is"
