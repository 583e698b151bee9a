"""A place to hook in at: what it is, and whether it was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from .source import Insertion


class Finding(Enum):
    """How it stands with a place."""

    FOUND = "found"
    THERE = "already there"
    UNSURE = "not sure"


@dataclass(frozen=True)
class Place:
    """One place in one file."""

    what: str
    finding: Finding
    #: Without it the file is left alone.
    is_required: bool
    #: In the file as it is without our lines.
    insertion: Insertion | None = None
    #: Why one is not sure, in a sentence, and what to do by hand.
    why: str = ""
    by_hand: str = ""
    line: int | None = None

    def there(self, line: int) -> Place:
        """With our lines in it, from this one on."""
        return replace(self, finding=Finding.THERE, line=line)

    def optional(self) -> Place:
        """Where it is no loss."""
        return replace(self, is_required=False)


def found(what: str, insertion: Insertion, line: int) -> Place:
    """One where lines go, at what is on that line."""
    return Place(what, Finding.FOUND, True, insertion, line=line)


def there(what: str, line: int) -> Place:
    """One that somebody hooked in at by hand."""
    return Place(what, Finding.THERE, True, why="written by hand", line=line)


def unsure(what: str, why: str, by_hand: str, line: int | None = None) -> Place:
    """One that a person has to look at."""
    return Place(what, Finding.UNSURE, True, None, why, by_hand, line)
