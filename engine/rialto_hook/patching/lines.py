"""Putting the hook's lines into a file, and taking them out again, byte for byte.

Only whole lines are put in, and each ends in the same mark, so that whoever deletes every line that has it has the file
that there was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .shapes import Doubt, Module, Place

MARK = "  # rialto"
_OURS = re.compile(
    rb"[ \t]*(?:try: import rialto_hook|except ImportError: rialto_hook = None"
    rb"|if rialto_hook(?: and not dry_run)?: rialto_hook\.record_(?:activity|message)\([A-Za-z_0-9, ]+\)"
    rb'|"paid_service": [A-Za-z_0-9]+,)  # rialto(?:\r\n|\r|\n)'
)
_MARKED = re.compile(rb"#[ \t]*rialto[ \t]*(?:\r\n|\r|\n)?$")


class Changed(Exception):
    """Somebody changed the lines that were put in, or put in some of his own."""


@dataclass
class Patch:
    """A file with the hook, and without it."""

    without: bytes
    places: list[Place] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def is_sure(self) -> bool:
        """Whether all that is needed is where it is expected."""
        return bool(self.places) and not any(doubt.is_needed for doubt in self.doubts)

    @property
    def with_hook(self) -> bytes:
        """The file with every line put in."""
        lines = self.without.splitlines(keepends=True)
        # From the end on, so that the places before stay where they are.
        for place in reversed(sorted(self.places, key=lambda place: place.before)):
            like = lines[place.like]
            indentation = like[: len(like) - len(like.lstrip(b" \t\x0c"))]
            if place.like == 0:
                indentation = b""
            lines.insert(place.before, indentation + (place.code + MARK).encode() + _line_end(like))
        return b"".join(lines)


def patch(text: bytes) -> Patch:
    """What is to be put into a file, whether it is there already or not. Raises `SyntaxError` and `Changed`."""
    without = reverted(text)
    module = Module(without)
    patch = Patch(without)
    for finding in module.findings():
        if isinstance(finding, Place):
            patch.places.append(finding)
        else:
            patch.doubts.append(finding)
    if text not in (without, patch.with_hook):
        raise Changed(
            "its lines that end in `# rialto` are not those that would be put in; take them out with --revert first"
        )
    if text == without and b"rialto_hook" in text:
        raise Changed("it speaks of rialto_hook already, in lines of somebody's own")
    return patch


def reverted(text: bytes) -> bytes:
    """A file without any line that was put in. Raises `Changed` where one is not as it was put in."""
    kept = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if _OURS.fullmatch(line):
            continue
        if _MARKED.search(line):
            raise Changed(f"line {number} ends in `# rialto`, and was not put in as it is; take it out by hand")
        kept.append(line)
    return b"".join(kept)


def _line_end(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :] or b"\n"
