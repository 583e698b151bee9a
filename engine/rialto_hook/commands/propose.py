"""Shows which paid services the engine may create, one for each citizen who runs a business, and creates them.

Without --write nothing is created. The services are the sidecar's proposals: for clients who are on its list of payers
(`rialto payer add`). The engine has to know the type paid_service to do them. Reads and writes through pyairtable
(pip install 'rialto-hook[poll]'), with the engine's own AIRTABLE_API_KEY and AIRTABLE_BASE_ID.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..airtable.base import TURNS_PER_S, Base, BaseFault, Wrong
from ..airtable.pace import Pacer
from ..airtable.propose import Service, ask, write
from ..settings import Settings
from ..sidecar import NoAnswer

_COLUMNS = ("citizen", "business", "kind", "client", "minutes", "expertise", "worth")
NOTHING = (
    "nobody has anything to offer to {whom}: it takes a citizen who runs a business and has no open service, and"
    " somebody else on the list of payers (`rialto payer list` shows it, `rialto payer add` puts somebody on it)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("--write", action="store_true", help="create them, as rows of ACTIVITIES")
    parser.add_argument("--limit", type=_count, metavar="N", help="so many at most")
    parser.add_argument(
        "--client", action="append", default=[], metavar="ID", help="only for these of those who pay; may be repeated"
    )
    parser.add_argument("--endpoint", metavar="URL", help="another Airtable than https://api.airtable.com")
    parser.add_argument("--json", action="store_true", help="as JSON, for a script")


def run(arguments: argparse.Namespace) -> int:
    """1 where the base or the sidecar did not answer."""
    settings = Settings.of(os.environ)
    try:
        if settings.is_disabled:
            raise Wrong(
                "RIALTO_DISABLED is set, so that nobody would hear of a service; take it out of the environment"
            )
        base = Base.of(os.environ, Pacer(TURNS_PER_S), arguments.endpoint)
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 2
    created: list[Mapping[str, Any]] = []
    try:
        services = ask(base, settings, arguments.client)[: arguments.limit]
        if not arguments.json:
            print(_table(services) if services else NOTHING.format(whom=" or ".join(arguments.client) or "anybody"))
        if arguments.write and services:
            write(base.tables, services, created.append)
    except (BaseFault, NoAnswer) as fault:
        print(fault, file=sys.stderr)
        if created:
            print(f"{len(created)} were created before that; they are not created again", file=sys.stderr)
        return 1
    finally:
        base.close()
    if arguments.json:
        told = {"proposals": [vars(service) for service in services], "created": [row["id"] for row in created]}
        print(json.dumps(told))
    elif arguments.write:
        print(f"{len(created)} created")
    elif services:
        print("nothing was created; --write creates them")
    return 0


def _table(services: Sequence[Service]) -> str:
    """A line each, in columns, and what they come to."""
    lines = [_COLUMNS, *(tuple(str(getattr(service, column)) for column in _COLUMNS) for service in services)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_COLUMNS))]
    shown = ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines]
    worth = sum((Decimal(service.worth) for service in services), Decimal())
    return "\n".join([*shown, f"{len(services)} services, worth {worth} if the tariff is the usual one"])


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of services; write a whole one, such as 10")
    return int(text)
