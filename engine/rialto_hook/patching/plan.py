"""What is to be done to one file: decided here, wholly, before anything is written.

A file is hooked in at all of its sure places, or left as it is. What the plan puts in comes out again to the byte: each
plan proves that before it is taken.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from . import dispatch, endings, imports, letters, outcomes, scope
from .marks import MARK, Changed, marked
from .place import Finding, Place, unsure
from .source import Insertion, Source, Unreadable

_BY_HAND = f"take out every line that ends in `{MARK}`, and apply again"
_MEND = "run it with the engine's own Python, or mend the file"


class Part(Enum):
    """What a file is in the engine."""

    ACTIVITIES = "engine/processActivities.py"
    MESSAGES = "engine/utils/conversation_helper.py"
    OTHER = "any other that writes messages"


@dataclass(frozen=True)
class Plan:
    """A file as it is and as it is to be, and its places."""

    path: Path
    before: bytes
    after: bytes
    places: tuple[Place, ...]
    #: Why the file is left as it is, where it is.
    refusal: str = ""
    by_hand: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether nothing is missing that has to be there."""
        return not self.refusal and not any(is_in_the_way(place) for place in self.places)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after

    def lines(self) -> int:
        """How many lines are put in, or taken out."""
        return abs(len(Source.of(self.after).lines) - len(Source.of(self.before).lines))

    def diff(self) -> str:
        """What it changes, as a patch."""
        if not self.changes:
            return ""
        # Neither of the two is refused: both were read before.
        old, new = (Source.of(data) for data in (self.before, self.after))
        name = self.path.as_posix()
        return "\n".join(difflib.unified_diff(_plain(old), _plain(new), name, name, lineterm="")) + "\n"


def _plain(source: Source) -> list[str]:
    return [line.rstrip("\r\n") for line in source.lines]


def is_in_the_way(place: Place) -> bool:
    """Whether a file is left alone for its sake."""
    return place.is_required and place.finding == Finding.UNSURE


def applied(path: Path, data: bytes, part: Part) -> Plan:
    """With our lines in."""
    try:
        source = Source.of(data)
        base, present = marked(source)
        source.tree()
        places = _places(base, part)
    except Unreadable as error:
        if part is Part.OTHER and MARK.encode() not in data:
            # The engine has such files, and lives.
            return Plan(path, data, data, (unsure("messages", f"{error}", _MEND).optional(),))
        return _refused(path, data, f"{error}", _MEND)
    except Changed as error:
        return _refused(path, data, f"{error}", _BY_HAND)
    planned = {place.insertion for place in places if place.insertion is not None}
    places = [_settled(place, present) for place in places]
    if any(map(is_in_the_way, places)):
        return Plan(path, data, data, tuple(places))
    for insertion, line in present.items():
        if insertion not in planned:
            return _refused(
                path, data, f"our lines at {line} are not as, or not where, they are put in", _BY_HAND, places
            )
    after = base.with_lines(planned)
    fault = _fault(after, base, planned)
    if fault:
        return _refused(path, data, fault, "hook in by hand, as HOOKING.md says", places)
    return Plan(path, data, after.data(), tuple(places))


def reverted(path: Path, data: bytes) -> Plan:
    """With our lines out, wherever they are."""
    try:
        source = Source.of(data)
        base, present = marked(source)
        if present:
            base.tree()
    except Changed as error:
        return _refused(path, data, f"{error}", f"take out by hand every line that ends in `{MARK}`")
    except Unreadable as error:
        return _refused(path, data, f"without our lines: {error}", "mend the file; our lines are marked")
    places = [Place(insertion.lines[0].strip(), Finding.FOUND, False, line=line) for insertion, line in present.items()]
    return Plan(path, data, base.data(), tuple(places))


def absent(path: Path, part: Part) -> Plan:
    """For a file that has to be there, and is not."""
    return _refused(path, b"", "there is no such file", f"name the engine's folder `backend`, in which {part.value} is")


def nowhere(path: Path, data: bytes) -> Plan:
    """For a file that was named, and has no place."""
    return _refused(path, data, "no place to hook in at is known in it", "name the engine's folder `backend`")


def _refused(path: Path, data: bytes, why: str, by_hand: str, places: Iterable[Place] = ()) -> Plan:
    return Plan(path, data, data, tuple(places), why, by_hand)


def _places(base: Source, part: Part) -> list[Place]:
    """All of a file's places."""
    tree = base.tree()
    places = _of_activities(base, tree) if part is Part.ACTIVITIES else []
    writers = letters.places(base, tree)
    if part is Part.MESSAGES:
        funnel = letters.persist(base, tree)
        places.append(funnel)
        writers = [place for place in writers if place.what != funnel.what]
    places += writers
    uses = [place.insertion.after for place in places if place.insertion is not None and not _is_entry(place)]
    if uses:
        places.insert(0, imports.place(base, tree, min(uses)))
    return places


def _of_activities(base: Source, tree: ast.Module) -> list[Place]:
    functions = scope.functions(tree, outcomes.FUNCTION)
    if len(functions) != 1:
        return [outcomes.missing(len(functions))]
    places = [outcomes.place(base, functions[0]), dispatch.place(base, tree, functions[0])]
    mains = scope.functions(tree, "main")
    if len(mains) == 1:
        # The engine dispatches by the dict of the other function alone.
        copy = dispatch.place(base, tree, mains[0]).optional()
        if copy.finding != Finding.UNSURE or copy.line is not None:
            places.append(copy)
    return [*places, endings.place(base, tree)]


def _is_entry(place: Place) -> bool:
    return place.insertion is not None and "rialto_hook" not in "".join(place.insertion.lines)


def _settled(place: Place, present: dict[Insertion, int]) -> Place:
    """With what is there already told as such."""
    if place.insertion is not None and place.insertion in present:
        return place.there(present[place.insertion])
    return place


def _fault(after: Source, base: Source, planned: set[Insertion]) -> str:
    """What is wrong with the file as it would be: nothing, unless we are."""
    try:
        after.tree()
        out, found = marked(Source.of(after.data()))
    except (Unreadable, Changed) as error:
        return f"with our lines it would be faulty: {error}"
    return "" if out == base and set(found) == planned else "our lines would not come out again as they went in"
