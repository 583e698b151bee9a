"""An event as it is handed over: the engine's own record, without what is nobody's business.

What prices an event stays as the engine told it. Bodies of messages, thoughts, paths and the engine's own scratch stay
here, and so does prose, which says nothing about a price. No number leaves as a float: an amount is text, to the digit.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from enum import Enum
from itertools import islice
from numbers import Number
from typing import Any

#: The feeds: activities, and messages.
ACTIVITY, MESSAGE = b"A", b"M"

#: A longer text is cut; none that prices anything is nearly as long.
TEXT_MAX = 4096
#: And one in a list or an object.
INNER_TEXT_MAX = 512
#: A longer nested text is not looked into, by the sidecar neither.
NESTED_MAX = 64 << 10
#: An event with more is handed over without its longest fields. The sidecar takes four times as much.
EVENT_MAX = 64 << 10
DEPTH_MAX = 8
ITEMS_MAX = 200
#: So many values are looked at in all, however they nest in each other.
VALUES_MAX = 2048
KEY_MAX = 128
#: What an object says of itself leaves where it is one word: an id, a name. A longer text may be anything.
WORD_MAX = 128
#: A number with more digits is none that means anything. It is not written out, and never cut.
_DIGITS_MAX = 600

#: Spelt without `_` and `-` and in lower case.
_PRIVATE = frozenset(
    (
        *("path", "thought", "thinking", "content", "body", "subject", "message", "text", "transcript", "reflection"),
        *("title", "position", "corepersonality"),
    )
)
#: And what ends in one of these: `addMessage`, `PriceReasoning`.
_PRIVATE_ENDS = ("message", "messages", "content", "thought", "thoughts", "reasoning", "prompt")
#: A text with objects in it, whatever its key.
_BEGINS_OBJECT = re.compile(r"\s*\[?\s*\{")
_NESTED = frozenset({"notes", "details", "description"})
_TIMES = frozenset({"enddate", "timestamp", "startdate", "createdat", "createdtime", "time", "date"})
_KEPT, _LOOKED_INTO, _TIME, _STATUS, _LEFT = range(5)
#: The engine's own settings for decimals are none of ours.
_EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
#: What is done with a key, by its spelling as it came. Keys are few, and asked for each time.
_known: dict[str, int] = {}
_KNOWN_MAX = 4096


def activity(record: Mapping[str, Any], status: object, context: Mapping[str, Any], now: datetime) -> bytes:
    """A line of the feed of activities, with how it ended and what else is known of it."""
    outcome = {"status": _outcome(status)} if status is not None else {}
    return ACTIVITY + _line(record, {**context, **outcome}, now)


def message(record: Mapping[str, Any], context: Mapping[str, Any], now: datetime) -> bytes:
    """A line of the feed of messages."""
    return MESSAGE + _line(record, context, now)


def amount(told: object) -> str | None:
    """An amount of money as text, if it is one above nothing: a float as its shortest digits, to the millionth."""
    if isinstance(told, bool) or not isinstance(told, (Number, str)):
        return None
    try:
        exact = Decimal(float.__repr__(told) if isinstance(told, float) else str(told))
        exact = _EXACT.normalize(_EXACT.quantize(exact, Decimal("0.000001")))
        return format(exact, "f") if 0 < exact else None
    except (ArithmeticError, ValueError):
        return None


def _line(record: Mapping[str, Any], more: Mapping[str, Any], now: datetime) -> bytes:
    if not isinstance(record, Mapping):
        raise TypeError(f"the engine's record is a dict, and this is of the type {type(record).__name__}")
    room = iter(range(VALUES_MAX))
    inner = record.get("fields")
    is_row = isinstance(inner, Mapping)
    envelope = {key: _plain(record[key], 0, room) for key in ("id", "createdTime") if is_row and record.get(key)}
    # What is told beside the record has its room, whatever the record holds.
    extra, _ = _cleaned(more, 0, room, has_outcome=False)
    fields, has_time = _cleaned(inner if isinstance(inner, Mapping) else record, 0, room, "status" in more)
    fields.update(extra)
    if not has_time and "createdTime" not in envelope:
        # Spooled, it may arrive late; and it happened now.
        fields["timestamp"] = now.astimezone(timezone.utc).isoformat()
    line = _text({**envelope, "fields": fields} if is_row else fields)
    if EVENT_MAX < len(line):
        fields = _shortest(fields)
        line = _text({**envelope, "fields": fields} if is_row else fields)
    return line


def _text(event: Mapping[str, Any]) -> bytes:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Half a character, which somebody cut, is no UTF-8.
    return text.encode("utf-8", "replace") + b"\n"


def _shortest(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As many fields as fit, the shortest first."""
    sizes = {key: len(_text({key: value})) for key, value in fields.items()}
    size, kept = 0, {}
    for key in sorted(sizes, key=sizes.__getitem__):
        size += sizes[key]
        if EVENT_MAX < size:
            break
        kept[key] = fields[key]
    return kept


def _cleaned(
    fields: Mapping[Any, Any], depth: int, room: Iterator[int], has_outcome: bool
) -> tuple[dict[str, Any], bool]:
    """The fields that may leave, and whether one of them tells a time."""
    kept: dict[str, Any] = {}
    has_time = False
    # Another thread may write to it meanwhile: a copy is made in one go.
    fields = dict(fields) if isinstance(fields, dict) and len(fields) <= VALUES_MAX else fields
    for key, value in islice(fields.items(), VALUES_MAX):
        if not isinstance(key, str):
            continue
        use = _known.get(key) if type(key) is str else None
        if use is None:
            key = str.__str__(key)
            use = _use_of(key)
        if use == _LEFT or value is None or (use == _STATUS and has_outcome):
            continue
        try:
            value = _nested(value, depth, room) if use == _LOOKED_INTO else _plain(value, depth, room)
        except Exception:
            # It does not let itself be read. The others do.
            continue
        if value is None or value == "":
            continue
        has_time = has_time or use == _TIME
        kept[key] = value
        if ITEMS_MAX <= len(kept):
            break
    return kept, has_time


def _use_of(key: str) -> int:
    if KEY_MAX < len(key):
        return _LEFT
    name = "".join(filter(str.isalnum, key)).lower()
    if key.lstrip().startswith("_") or name in _PRIVATE or name.endswith(_PRIVATE_ENDS):
        use = _LEFT
    elif name in _NESTED:
        use = _LOOKED_INTO
    elif name == "status":
        use = _STATUS
    else:
        use = _TIME if name in _TIMES else _KEPT
    if len(_known) < _KNOWN_MAX:
        _known[key] = use
    return use


def _nested(value: Any, depth: int, room: Iterator[int]) -> Any:
    """What may be the text of an object, without what is private in it; none where it is prose."""
    if not isinstance(value, str):
        return _plain(value, depth, room)
    return _opened(str.__str__(value), depth, room) if value.lstrip()[:1] == "{" else None


def _opened(text: str, depth: int, room: Iterator[int]) -> str | None:
    """The text of objects without what is private in them. None where it cannot be read: nor does the sidecar read it
    then, and nobody can tell what is private in it."""
    if NESTED_MAX < len(text):
        return None
    try:
        # Numbers stay as they are written. Raw line breaks within texts are how citizens write.
        told = json.loads(text, strict=False, parse_float=_figure, parse_constant=str, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    kept = _plain(told, depth, room)
    return None if kept is None else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _figure(digits: str) -> str | None:
    return digits if len(digits) <= _DIGITS_MAX else None


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _DIGITS_MAX else None


def _plain(value: Any, depth: int, room: Iterator[int]) -> Any:
    """A value as JSON has it, without floats."""
    if next(room, None) is None:
        return None
    if isinstance(value, str):
        if _BEGINS_OBJECT.match(value):
            return _opened(str.__str__(value), depth, room)
        return str.__str__(value)[: INNER_TEXT_MAX if depth else TEXT_MAX]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= 3 * _DIGITS_MAX else None
    if isinstance(value, float):
        # The digits of its own kind, which others who are floats too write in their own way.
        return format(Decimal(float.__repr__(value)), "f") if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _digits(value)
    if DEPTH_MAX <= depth:
        return None
    if isinstance(value, Mapping):
        return _cleaned(value, depth + 1, room, has_outcome=False)[0]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1, room) for item in list(islice(value, ITEMS_MAX))]
    if isinstance(value, Enum):
        return _plain(value.value, depth + 1, room)
    if isinstance(value, (bytes, bytearray)):
        return None
    word = str(value.isoformat() if hasattr(value, "isoformat") else value)
    return word if len(word) <= WORD_MAX and not any(map(str.isspace, word)) else None


def _digits(value: Decimal) -> str | None:
    if not value.is_finite():
        return None
    return format(value, "f") if abs(value.adjusted()) <= _DIGITS_MAX else str(value)


def _outcome(status: object) -> object:
    if isinstance(status, bool):
        return "processed" if status else "failed"
    return status
