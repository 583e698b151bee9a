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
    """1 where something stays in the spool."""
    settings = Settings.of(os.environ)
    spool = Spool(settings.spool, settings.spool_bytes)
    all_of_it, sent = len(spool.batches()), Sent()
    try:
        for sent in Sender(settings, spool, arguments.timeout).send_all():
            print(f"{sent.batches} of {all_of_it} batches, {sent.events} events", file=sys.stderr)
    except (Unsent, OSError) as error:
        print(f"{error}", file=sys.stderr)
    left = len(spool.batches())
    print(f"{sent.events} events handed over, {sent.rejected} rejected for good, {sent.torn} torn; {left} batches left")
    if left and not sent.batches:
        print("another process may be sending just now", file=sys.stderr)
    return 1 if left else 0
