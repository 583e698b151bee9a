"""Puts the hook's lines into the engine's source, or takes them out; shows what it would do first.

PATH is the engine's folder `backend`, or a single file of it. Each line that is put in ends in `# rialto`. A file in
which a place is not evident stays as it is, and it is told why, and what to do by hand.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

from ..patching import plan, tree
from ..patching.place import Finding
from ..patching.plan import Part, Plan
from ..patching.write import Busy, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    wish = parser.add_mutually_exclusive_group()
    for name, words in (
        ("check", "show what apply would do, and change nothing [the default]"),
        ("apply", "put the lines in"),
        ("revert", "take exactly them out again"),
    ):
        wish.add_argument(f"--{name}", dest="wish", action="store_const", const=name, default="check", help=words)
    parser.add_argument("--json", action="store_true", help="as JSON, for a script")
    parser.add_argument("path", type=Path, metavar="PATH", help="the engine's folder `backend`, or a file of it")


def run(arguments: argparse.Namespace) -> int:
    """1 where a place that has to be there is not sure, or a file could not be written."""
    if not arguments.path.exists():
        print(f"{arguments.path} is not there; name the engine's folder `backend`, or a file of it", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The engine's source has signs that not each console has.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        plans = reverts(arguments.path) if arguments.wish == "revert" else applies(arguments.path)
    except OSError as error:
        print(f"{error}; see that all of {arguments.path} may be read, and try again", file=sys.stderr)
        return 1
    faults = {} if arguments.wish == "check" else carried_out(plans)
    is_well = not faults and all(one.is_sure for one in plans)
    if arguments.json:
        files = [_told(one, faults.get(one.path, "")) for one in plans]
        print(json.dumps({"wish": arguments.wish, "is_well": is_well, "files": files}))
    else:
        _show(plans, arguments.wish, faults)
    return 0 if is_well else 1


def applies(path: Path) -> list[Plan]:
    """A plan for each file that has to be there, and for each that there is something to say of."""
    parts = tree.parts(path)
    plans = [
        plan.applied(file, file.read_bytes(), part) if file.is_file() else plan.absent(file, part)
        for part, file in parts.items()
    ]
    if plans and not any(file.is_file() for file in parts.values()):
        # It is no engine at all.
        return plans
    others = [plan.applied(file, file.read_bytes(), Part.OTHER) for file in tree.others(path, parts.values())]
    if path.is_file() and others and not others[0].places and not others[0].refusal:
        return [plan.nowhere(path, path.read_bytes())]
    return plans + [one for one in others if one.places or one.refusal]


def reverts(path: Path) -> list[Plan]:
    """A plan for each file with lines of ours."""
    plans = [plan.reverted(file, file.read_bytes()) for file in tree.others(path, ())]
    return [one for one in plans if one.changes or one.refusal]


def carried_out(plans: list[Plan]) -> dict[Path, str]:
    """Writes what is sure; what could not be written."""
    faults = {}
    for one in plans:
        if one.is_sure and one.changes:
            try:
                write(one.path, one.before, one.after)
            except (OSError, Busy) as error:
                faults[one.path] = f"it could not be written: {error}"
    return faults


def _show(plans: list[Plan], wish: str, faults: dict[Path, str]) -> None:
    for one in plans:
        sys.stdout.write(one.diff())
    done = {"check": "to be changed", "apply": "changed", "revert": "changed back"}[wish]
    #: What may be done by hand and need not be, each once.
    hints: dict[str, None] = {}
    for one in plans:
        fault = faults.get(one.path, one.refusal)
        is_left = fault or not one.is_sure
        print(f"{one.path}: " + ("left as it is" if is_left else done if one.changes else "nothing to do"))
        if fault:
            print(f"  refused: {fault}")
            _show_by_hand(one.by_hand or "see that the file may be written, and try again")
        for place in one.places:
            line = f", line {place.line}" if place.line else ""
            left_out = " and left out" if place.finding is Finding.UNSURE and not place.is_required else ""
            print(f"  {place.finding.value}{left_out}: {place.what}{line}" + (f": {place.why}" if place.why else ""))
            if plan.is_in_the_way(place):
                _show_by_hand(place.by_hand)
            elif place.by_hand:
                hints[place.by_hand] = None
    for hint in hints:
        print("where a place is left out, and need not be:")
        _show_by_hand(hint)
    print(_summary(plans, wish, faults))


def _summary(plans: list[Plan], wish: str, faults: dict[Path, str]) -> str:
    """What was done in all, and what does the next thing."""
    changed = [one for one in plans if one.changes and one.is_sure and one.path not in faults]
    lines = sum(one.lines() for one in changed)
    left = sum(1 for one in plans if not one.is_sure or one.path in faults)
    aside = f"; {left} left as they are" if left else ""
    if not changed:
        return f"nothing to do{aside}"
    done = {
        "check": "to be put in{}; nothing was changed, --apply does it",
        "apply": "put in{}; --revert takes them out",
        "revert": "taken out{}",
    }[wish]
    return f"{lines} lines of {len(changed)} {'file' if len(changed) == 1 else 'files'} " + done.format(aside)


def _show_by_hand(words: str) -> None:
    print("    by hand: " + words.replace("\n", "\n      "))


def _told(one: Plan, fault: str) -> dict[str, Any]:
    return {
        "path": str(one.path),
        "is_sure": one.is_sure and not fault,
        "changes": one.changes and one.is_sure and not fault,
        "refusal": fault or one.refusal,
        "by_hand": one.by_hand,
        "diff": one.diff(),
        "places": [
            {
                "what": place.what,
                "finding": place.finding.value,
                "is_required": place.is_required,
                "line": place.line,
                "why": place.why,
                "by_hand": place.by_hand,
            }
            for place in one.places
        ],
    }
