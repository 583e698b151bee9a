"""Instants as Airtable writes them, and as somebody writes them on a command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_AGO = re.compile(r"(\d+)\s*([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_FRACTION = re.compile(r"\.(\d+)")


def read(text: object) -> datetime | None:
    """What ISO 8601 says, where it does; without an offset it is UTC."""
    if not isinstance(text, str):
        return None
    plain = re.sub(r"[zZ]$", "+00:00", text.strip())
    # Older interpreters take three digits or six, and nothing else.
    plain = _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", plain, count=1)
    try:
        instant = datetime.fromisoformat(plain)
        if instant.tzinfo is None:
            return instant.replace(tzinfo=timezone.utc)
        return instant.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def write(instant: datetime) -> str:
    """Such as `2026-03-01T08:30:00.000Z`."""
    utc = instant.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def since(text: str, now: datetime) -> datetime | None:
    """An instant, or how long ago it was: `2026-03-01`, `2026-03-01T08:30Z`, `4d`, `6h`, `30m`."""
    ago = _AGO.fullmatch(text.strip().lower())
    if ago is None:
        return read(text)
    try:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    except OverflowError:
        return None
