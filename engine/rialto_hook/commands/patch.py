"""Puts the hook's lines into the engine's files, shows them before, and takes them out again.

It finds the places by the shape of the code, and refuses a file in which it is not sure of one that is needed: then it
says why, and HOOKING.md says what to do by hand. Without a flag nothing is changed.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..patching.lines import Changed, Patch, patch, reverted
from ..patching.shapes import DISPATCHER

_LEFT_OUT = frozenset({"node_modules", "venv", "site-packages", "__pycache__", "rialto_hook"})
_UNSURE = "it is not sure, for the reasons below; HOOKING.md says what to do by hand"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    wish = parser.add_mutually_exclusive_group()
    wish.add_argument(
        "--check", action="store_true", help="show what would be put in, and change nothing [the default]"
    )
    wish.add_argument("--apply", action="store_true", help="put it in")
    wish.add_argument("--revert", action="store_true", help="take it out, byte for byte")
    parser.add_argument("--json", action="store_true", help="as JSON, for a script")
    parser.add_argument("path", type=Path, metavar="PATH", help="the engine's folder `backend`, or a file of it")


def run(arguments: argparse.Namespace) -> int:
    """0 where all that is needed is found, or there already; 1 where something is not; 2 where PATH is nothing."""
    if not arguments.path.exists():
        print(f"{arguments.path} is not there; name the engine's folder `backend`, or a file of it", file=sys.stderr)
        return 2
    told = [*_reverts(arguments.path)] if arguments.revert else [*_patches(arguments.path, arguments.apply)]
    is_well = not any(file["refused"] for file in told)
    if not arguments.revert and arguments.path.is_dir() and not any(file["dispatches"] for file in told):
        is_well = False
        print(f"no file in {arguments.path} has a function {DISPATCHER}; is it the engine's backend?", file=sys.stderr)
    elif not told:
        print(f"nothing in {arguments.path} concerns Rialto", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"ok": is_well, "files": told}))
    else:
        for file in told:
            _show(file)
        if told:
            print(_summary(told, arguments))
    return 0 if is_well else 1


def _patches(path: Path, is_to_be_applied: bool) -> Iterator[dict[str, Any]]:
    for file in _files(path):
        text = file.read_bytes()
        if not any(word in text for word in (DISPATCHER.encode(), b"create(", b"rialto")):
            continue
        try:
            found = patch(text)
        except (Changed, SyntaxError, ValueError) as error:
            if DISPATCHER.encode() in text or b"rialto" in text:
                yield _told(file, text, text, refused=str(error))
            continue
        if not found.places and not found.doubts:
            continue
        refused = "" if found.is_sure or not _is_needed(found) else _UNSURE
        there = found.with_hook if found.is_sure else found.without
        told = _told(file, text, there, refused=refused)
        told["places"] = [
            {"what": place.what, "before": place.before + 1, "line": place.code} for place in found.places
        ]
        told["doubts"] = [
            {"what": doubt.what, "line": doubt.line, "why": doubt.why, "needed": doubt.is_needed}
            for doubt in found.doubts
        ]
        if not found.places and not refused:
            told["state"] = "nothing to be put in"
        if is_to_be_applied and found.is_sure and text != there:
            _write(file, there)
            told["state"] = "put in"
        yield told


def _reverts(path: Path) -> Iterator[dict[str, Any]]:
    for file in _files(path):
        text = file.read_bytes()
        if b"rialto" not in text:
            continue
        try:
            without = reverted(text)
        except Changed as error:
            yield _told(file, text, text, refused=str(error))
            continue
        if text != without:
            told = _told(file, text, without, refused="")
            _write(file, without)
            told["state"] = "taken out"
            yield told


def _is_needed(found: Patch) -> bool:
    return any(doubt.is_needed for doubt in found.doubts)


def _told(file: Path, before: bytes, after: bytes, refused: str) -> dict[str, Any]:
    old, new = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in (before, after))
    return {
        "file": str(file),
        "state": "refused" if refused else "to be put in" if before != after else "there already",
        "refused": refused,
        "lines": abs(len(new) - len(old)),
        "dispatches": f"def {DISPATCHER}".encode() in before,
        "places": [],
        "doubts": [],
        "diff": "".join(difflib.unified_diff(old, new, str(file), str(file))),
    }


def _show(file: dict[str, Any]) -> None:
    print(f"{file['file']}: {file['state']}" + (f": {file['refused']}" if file["refused"] else ""))
    for place in file["places"]:
        print(f"  found     {place['what']}, before line {place['before']}")
    for doubt in file["doubts"]:
        kind = "not sure" if doubt["needed"] else "left out"
        print(f"  {kind}  {doubt['what']}, line {doubt['line']}: {doubt['why']}")
    if file["diff"]:
        print(file["diff"] if file["diff"].endswith("\n") else file["diff"] + "\n")


def _summary(told: list[dict[str, Any]], arguments: argparse.Namespace) -> str:
    """What was done in all, and what does the next thing."""
    changed = [file["lines"] for file in told if file["lines"]]
    count = f"{sum(changed)} lines of {len(changed)} {'file' if len(changed) == 1 else 'files'}"
    refused = sum(1 for file in told if file["refused"])
    aside = f"; {refused} refused, and left as they were" if refused else ""
    if not changed:
        return f"nothing to be done{aside}"
    if arguments.revert:
        return f"{count} taken out{aside}"
    if arguments.apply:
        return f"{count} put in{aside}; --revert takes them out"
    return f"{count} to be put in{aside}; nothing was changed, --apply does it"


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if name.endswith(".py"))


def _write(file: Path, text: bytes) -> None:
    """All of it or nothing, with the file's own mode."""
    # Where it is a link, what it leads to.
    file = file.resolve()
    written = file.with_name(f".{file.name}.rialto")
    try:
        written.write_bytes(text)
        shutil.copymode(file, written)
        written.replace(file)
    finally:
        written.unlink(missing_ok=True)
