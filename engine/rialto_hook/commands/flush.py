"""Hands over everything in the spool, and waits for it: for a timer, or after the sidecar was away for long."""

from __future__ import annotations

import argparse
import os
import sys

from ..sender import Sender, Sent, Unsent
from ..settings import Settings
from ..spool import Spool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="for each answer [default: 60]")


def run(arguments: argparse.Namespace) -> int:
    """1 where something stays in the spool; 2 where nothing is to be sent."""
    settings = Settings.of(os.environ)
    if settings.is_disabled:
        print(
            "RIALTO_DISABLED is set, so that nothing is sent; take it out of the environment of this command",
            file=sys.stderr,
        )
        return 2
    spool = Spool(settings.spool, settings.spool_bytes)
    all_of_it, sent = len(spool.batches()), Sent()
    why = "another process may be sending just now, or more came meanwhile"
    try:
        for sent in Sender(settings, spool, arguments.timeout).send_all():
            print(f"{sent.batches} of {_batches(all_of_it)}, {sent.events} events", file=sys.stderr)
    except (Unsent, OSError) as error:
        why = f"{error}; what is left stays in {settings.spool}"
    left = len(spool.batches())
    lost = f"{sent.rejected} rejected for good, {sent.torn} torn"
    print(f"{sent.events} events handed over, {lost}; {_batches(left)} left")
    if sent.rejected or sent.torn:
        print(f"what was rejected or torn is in {settings.spool / 'dead.ndjson'}, with the reason", file=sys.stderr)
    if left:
        print(why, file=sys.stderr)
    return 1 if left else 0


def _batches(count: int) -> str:
    return "1 batch" if count == 1 else f"{count} batches"
