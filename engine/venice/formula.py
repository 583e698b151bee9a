"""The formulas of `filterByFormula`: as much of them as anybody here asks, and nothing guessed.

Whatever else is asked is refused as Airtable refuses a formula that it cannot read. Where Airtable's own answer is not
certain the stricter one is taken: what comes of an error is an error, and a row with one is not found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Callable

from . import columns, instants

#: A row, and whether it is found.
Filter = Callable[[Mapping[str, Any]], bool]
_Part = Callable[[Mapping[str, Any]], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |\{(?P<field>(?:[^{}\\]|\\.)+)\}
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><=|>=|!=|[=<>(),&-]))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


class Invalid(ValueError):
    """A formula that cannot be read; in Airtable's words."""


class _Error(Exception):
    """What a formula comes to for this row is `#ERROR!`."""


def read(text: str, known: columns.Columns, now: Callable[[], datetime]) -> Filter:
    """The filter that a formula is, on a table of these columns. Raises `Invalid`."""
    part = _Reader(text, known, now).all()

    def is_found(row: Mapping[str, Any]) -> bool:
        try:
            return _is_true(part(row))
        except _Error:
            return False

    return is_found


class _Reader:
    def __init__(self, text: str, known: columns.Columns, now: Callable[[], datetime]) -> None:
        self._known = known
        self._now = now
        self._tokens = list(_tokens(text))
        self._next = 0

    def all(self) -> _Part:
        part = self._comparison()
        if self._next < len(self._tokens):
            raise _unreadable()
        return part

    def _comparison(self) -> _Part:
        left = self._value()
        while self._peek() in (("sign", sign) for sign in _COMPARED):
            left = _compared(_COMPARED[self._take()[1]], left, self._value())
        return left

    def _value(self) -> _Part:
        kind, text = self._take()
        if kind == "number":
            number = float(text)
            return lambda row: number
        if kind == "text":
            words = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL)
            return lambda row: words
        if kind == "field":
            return self._field(re.sub(r"\\(.)", r"\1", text))
        if kind == "name":
            return self._call(text.upper()) if self._peek() == ("sign", "(") else self._field(text)
        if text == "(":
            part = self._comparison()
            self._expect(")")
            return part
        if text == "-" and self._peek()[0] == "number":
            number = -float(self._take()[1])
            return lambda row: number
        raise _unreadable()

    def _field(self, name: str) -> _Part:
        if self._known and name not in self._known:
            raise Invalid(f"Unknown field names: {name.lower()}")
        kind = self._known.get(name, columns.ANY)
        return lambda row: columns.told(kind, row["fields"].get(name))

    def _call(self, name: str) -> _Part:
        self._expect("(")
        arguments: list[_Part] = []
        while self._peek() != ("sign", ")"):
            arguments.append(self._comparison())
            if self._peek() != ("sign", ")"):
                self._expect(",")
        self._expect(")")
        if name == "NOW":
            now = self._now()
            return lambda row: now
        if name not in _FUNCTIONS:
            raise Invalid(f"Unknown function names: {name}")
        count, function = _FUNCTIONS[name]
        if count is not None and count != len(arguments):
            raise _unreadable()
        return lambda row: function(row, [argument(row) for argument in arguments])

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._next += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._take() != ("sign", sign):
            raise _unreadable()


def _tokens(text: str) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise _unreadable()
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


def _unreadable() -> Invalid:
    return Invalid("Invalid formula. Please check your formula text.")


def _is_true(value: Any) -> bool:
    return bool(value)


def _instant(value: Any) -> datetime:
    found = instants.read(value) if isinstance(value, str) else value
    if not isinstance(found, datetime):
        raise _Error
    return found


def _compared(compare: Callable[[Any, Any], bool], left: _Part, right: _Part) -> _Part:
    return lambda row: compare(*_alike(left(row), right(row)))


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Two values as they are compared: nothing is nought, or an empty text, or no box that is ticked."""
    if type(left) is str and type(right) is str:
        return left, right
    if left is None and right is None:
        return "", ""
    if isinstance(left, datetime) or isinstance(right, datetime):
        if left is None or right is None:
            return left is not None, right is not None
        return _instant(left), _instant(right)
    if left is None:
        left = type(right)()
    if right is None:
        right = type(left)()
    if isinstance(left, (bool, int, float)) and isinstance(right, (bool, int, float)):
        return float(left), float(right)
    return _words(left), _words(right)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _add(instant: Any, count: Any, unit: Any) -> datetime:
    seconds = _UNITS.get(str(unit).rstrip("s"))
    if seconds is None or not isinstance(count, (int, float)):
        raise _Error
    return _instant(instant) + timedelta(seconds=seconds * count)


_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    ">": lambda left, right: bool(left > right),
    "<=": lambda left, right: bool(left <= right),
    ">=": lambda left, right: bool(left >= right),
}

#: How many arguments each takes, or any number of them; and what it makes of a row and its arguments.
_FUNCTIONS: Mapping[str, tuple[Any, Callable[[Mapping[str, Any], list[Any]], Any]]] = {
    "AND": (None, lambda row, given: all(map(_is_true, given))),
    "OR": (None, lambda row, given: any(map(_is_true, given))),
    "NOT": (1, lambda row, given: not _is_true(given[0])),
    "IS_AFTER": (2, lambda row, given: _instant(given[0]) > _instant(given[1])),
    "IS_BEFORE": (2, lambda row, given: _instant(given[0]) < _instant(given[1])),
    "DATETIME_PARSE": (1, lambda row, given: _instant(given[0])),
    "DATETIME_ADD": (3, lambda row, given: _add(*given)),
    "CREATED_TIME": (0, lambda row, given: _instant(row["createdTime"])),
    "RECORD_ID": (0, lambda row, given: row["id"]),
    "BLANK": (0, lambda row, given: None),
    "TRUE": (0, lambda row, given: True),
    "FALSE": (0, lambda row, given: False),
}
