"""`python -m rialto_hook`: the hook's commands."""

from __future__ import annotations

import argparse
import importlib
import sys

#: Each is a module in `commands`.
COMMANDS = ("status", "flush", "poll", "propose")


def main() -> int:
    """Runs a command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m rialto_hook",
        description="The engine's side of Rialto. Set by the environment: RIALTO_URL, RIALTO_TOKEN, RIALTO_SPOOL.",
        epilog="Exit codes: 0 done, 1 refused or found faulty, 2 given wrongly.",
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
