"""The lines that are put into an engine, and how they are known again.

Each ends in the same comment, so that deleting what ends in it takes everything out. None of them can raise: neither
where the package is missing or broken, nor where it would raise against its promise.
"""

from __future__ import annotations

import re
from enum import Enum

from .source import Insertion, Source

MARK = "# rialto"
_NAME = r"[^\W\d]\w*"


class Changed(Exception):
    """Somebody changed lines that bear the mark."""


class Lines(Enum):
    """What is put in at a place. In braces: the engine's own names, `indent` of the place, and `step` further in."""

    IMPORT = (
        "try: import rialto_hook",
        "except Exception: rialto_hook = None",
    )
    ACTIVITY = (
        "{indent}if not {dry_run}:",
        "{indent}{step}try: rialto_hook.record_activity({record}, {status})",
        "{indent}{step}except Exception: pass",
    )
    MESSAGE = (
        "{indent}try: rialto_hook.record_message({record})",
        "{indent}except Exception: pass",
    )
    TELEGRAM = (
        '{indent}try: rialto_hook.record_message({{"id": {file}, "Sender": {letter}["username"], '
        '"Receiver": "TG_" + str({chat})}})',
        "{indent}except Exception: pass",
    )
    FLUSH = (
        "{indent}try: rialto_hook.flush()",
        "{indent}except Exception: pass",
    )
    ENTRY = ('{indent}"paid_service": {processor},',)

    def of(self, **names: str) -> tuple[str, ...]:
        """With the names of a place."""
        return tuple(f"{line.format(**names)}  {MARK}" for line in self.value)

    def indented(self, indent: str, **names: str) -> tuple[str, ...]:
        """At a place so far in, further in as the file does."""
        return self.of(indent=indent, step="\t" if indent.endswith("\t") else "    ", **names)


def marked(source: Source) -> tuple[Source, dict[Insertion, int]]:
    """What the file is without our lines, and where in that they stand, with the number of the first of each."""
    if not any(MARK in line for line in source.lines):
        return source, {}
    numbers = [number for number, comment in source.comments() if comment.rstrip() == MARK]
    found: dict[Insertion, int] = {}
    passed = 0
    while passed < len(numbers):
        first = numbers[passed]
        size = _size(source, numbers[passed:])
        if size is None:
            raise Changed(f"line {first} ends in `{MARK}`, and somebody changed it or one that belongs to it")
        found[Insertion(first - 1 - passed, tuple(source.line(number) for number in range(first, first + size)))] = (
            first
        )
        passed += size
    return source.without_lines(numbers), found


def _size(source: Source, numbers: list[int]) -> int | None:
    """How many of these lines belong together, from the first on."""
    for kind in Lines:
        size = len(kind.value)
        if numbers[:size] == list(range(numbers[0], numbers[0] + size)):
            lines = [source.line(number) for number in numbers[:size]]
            if all(pattern.fullmatch(line) for pattern, line in zip(_PATTERNS[kind], lines)):
                return size
    return None


def _pattern(template: str) -> re.Pattern[str]:
    names = dict.fromkeys(("dry_run", "record", "status", "file", "letter", "chat", "processor"), "\0")
    text = re.escape(template.format(indent="\1", step="\1", **names) + f"  {MARK}")
    return re.compile(text.replace(re.escape("\0"), _NAME).replace(re.escape("\1"), r"[ \t\f]*"))


_PATTERNS = {kind: [_pattern(line) for line in kind.value] for kind in Lines}
