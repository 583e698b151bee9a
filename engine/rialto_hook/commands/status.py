"""Tells what waits in the spool, what was rejected or dropped, and whether the sidecar answers."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import urllib.error
import urllib.request
from typing import Any

from ..settings import Settings
from ..spool import Spool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("--json", action="store_true", help="as JSON, for a script")


def run(arguments: argparse.Namespace) -> int:
    """1 where the sidecar does not answer, or something was lost or rejected."""
    settings = Settings.of(os.environ)
    status = look(settings)
    if arguments.json:
        print(json.dumps(status))
    else:
        print(f"spool      {status['spool']}")
        print(f"waiting    {status['waiting']} events, {status['bytes']} bytes")
        print(f"rejected   {status['rejected']}" + (", in dead.ndjson" if status["rejected"] else ""))
        print(f"dropped    {status['dropped']}")
        print(f"sidecar    {status['url']}: {status['fault'] or 'answers'}")
        for fault in settings.faults:
            print(f"fault      {fault}")
        if settings.is_disabled:
            print("           RIALTO_DISABLED is set: nothing is kept")
    is_well = not (status["fault"] or status["rejected"] or status["dropped"] or settings.faults)
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
    }


def _fault(settings: Settings) -> str | None:
    request = urllib.request.Request(f"{settings.url}/healthz")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=2):
            return None
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"does not answer: {error}"
