"""An event as it is handed over: the engine's own record, without what is nobody's business.

What prices an event stays as the engine told it. Bodies of messages, thoughts, paths and the engine's own scratch stay
here, and so does prose, which says nothing about a price. No number leaves as a float: an amount is text, to the digit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

#: The feeds: activities, and messages.
ACTIVITY, MESSAGE = b"A", b"M"

#: A longer text is cut; none that prices anything is nearly as long.
TEXT_MAX = 4096
#: A longer nested text is not looked into, by the sidecar neither.
NESTED_MAX = 64 << 10
#: An event with more is handed over without what nests in it. The sidecar takes four times as much.
EVENT_MAX = 64 << 10
DEPTH_MAX = 8
ITEMS_MAX = 200

#: Spelt without `_` and `-` and in lower case.
_PRIVATE = frozenset(
    (
        *("path", "thought", "thinking", "content", "body", "subject", "message", "text", "transcript", "reflection"),
        *("title", "position", "corepersonality"),
    )
)
_NESTED = frozenset({"notes", "details", "description"})
_TIMES = frozenset({"enddate", "timestamp", "startdate", "createdat", "createdtime", "time", "date"})
_KEPT, _LOOKED_INTO, _TIME, _STATUS, _LEFT = range(5)
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
    if isinstance(told, bool) or not isinstance(told, (int, float, str, Decimal)):
        return None
    try:
        exact = Decimal(repr(told)) if isinstance(told, float) else Decimal(told)
        return format(exact.quantize(Decimal("0.000001")).normalize(), "f") if 0 < exact else None
    except ArithmeticError:
        return None


def _line(record: Mapping[str, Any], more: Mapping[str, Any], now: datetime) -> bytes:
    inner = record.get("fields")
    is_row = isinstance(inner, Mapping)
    envelope = {key: _plain(record[key], 0) for key in ("id", "createdTime") if is_row and record.get(key)}
    fields, has_time = _cleaned(inner if isinstance(inner, Mapping) else record, 0, has_outcome="status" in more)
    extra, _ = _cleaned(more, 0, has_outcome=False)
    fields.update(extra)
    if not has_time and "createdTime" not in envelope:
        # Spooled, it may arrive late; and it happened now.
        fields["timestamp"] = now.astimezone(timezone.utc).isoformat()
    line = _text({**envelope, "fields": fields} if is_row else fields)
    if EVENT_MAX < len(line):
        flat = {key: value for key, value in fields.items() if isinstance(value, (str, int)) and _fits(value)}
        line = _text({**envelope, "fields": flat} if is_row else flat)
    return line


def _text(event: Mapping[str, Any]) -> bytes:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    # Half a character, which somebody cut, is no UTF-8.
    return text.encode("utf-8", "replace") + b"\n"


def _fits(value: object) -> bool:
    return not isinstance(value, str) or len(value) <= 512


def _cleaned(fields: Mapping[Any, Any], depth: int, has_outcome: bool) -> tuple[dict[str, Any], bool]:
    """The fields that may leave, and whether one of them tells a time."""
    kept: dict[str, Any] = {}
    has_time = False
    for key, value in fields.items():
        use = _known.get(key) if isinstance(key, str) else None
        if use is None:
            key = str(key)
            use = _use_of(key)
        if use == _LEFT or value is None or value == "" or (use == _STATUS and has_outcome):
            continue
        if use == _LOOKED_INTO and isinstance(value, str):
            value = _nested(value, depth)
            if value is None:
                continue
        elif type(value) is not str:
            value = _plain(value, depth)
        elif TEXT_MAX < len(value):
            value = value[:TEXT_MAX]
        has_time = has_time or use == _TIME
        kept[key] = value
        if ITEMS_MAX <= len(kept):
            break
    return kept, has_time


def _use_of(key: str) -> int:
    name = key.replace("_", "").replace("-", "").lower()
    if key.startswith("_") or name in _PRIVATE:
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


def _nested(text: str, depth: int) -> str | None:
    """The text of an object without what is private in it; none where it is prose."""
    if text.lstrip()[:1] != "{" or NESTED_MAX < len(text):
        return None
    try:
        # Numbers stay as they are written. Raw line breaks within texts are how citizens write.
        told = json.loads(text, strict=False, parse_float=str, parse_constant=str)
        kept, _ = _cleaned(told, depth + 1, has_outcome=False)
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=str)
    except (ValueError, RecursionError):
        # What the sidecar makes of it, it says itself.
        return text[:TEXT_MAX]


def _plain(value: Any, depth: int) -> Any:
    """A value as JSON has it, without floats."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if isinstance(value, float):
        return _digits(value)
    if DEPTH_MAX <= depth:
        return None
    if isinstance(value, Mapping):
        return _cleaned(value, depth + 1, has_outcome=False)[0]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in list(value)[:ITEMS_MAX]]
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else None
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)[:TEXT_MAX]


def _digits(value: float) -> str | None:
    return format(Decimal(repr(value)), "f") if math.isfinite(value) else None


def _outcome(status: object) -> object:
    if isinstance(status, bool):
        return "processed" if status else "failed"
    return status
