"""`python -m rialto_hook`: the hook's commands."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from .settings import SPOOL_BYTES, URL, usual_spool

#: Each is a module in `commands`.
COMMANDS = ("status", "flush", "patch", "poll", "propose")
ENVIRONMENT = f"""\
  RIALTO_URL          where the sidecar listens [default: {URL}]
  RIALTO_TOKEN        a token with the scope ingest, for any other address than a loopback one
  RIALTO_SPOOL        the folder for what was not acknowledged yet [default: {usual_spool(os.environ)}]
  RIALTO_SPOOL_BYTES  what that folder may hold [default: {SPOOL_BYTES}]
  RIALTO_DISABLED     1 switches it off: nothing is kept, nothing is sent"""


def main() -> int:
    """Runs a command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m rialto_hook",
        description=f"The engine's side of Rialto. Set by the environment:\n\n{ENVIRONMENT}",
        epilog="Exit codes: 0 done, 1 refused or found faulty, 2 given wrongly.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {}
    for name in COMMANDS:
        module = importlib.import_module(f".commands.{name}", __package__)
        words = (module.__doc__ or "").strip()
        shown = words.splitlines()[0]
        command = commands.add_parser(
            name, help=shown, description=words, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        module.add_arguments(command)
        modules[name] = module
    arguments = parser.parse_args()
    code: int = modules[arguments.command].run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
