"""Instants as Airtable writes and reads them: always UTC, to the millisecond."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)


# A table is looked through again and again.
@lru_cache(maxsize=100_000)
def read(text: str) -> datetime | None:
    """What ISO 8601 says, where it does; without an offset it is UTC."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]), timezone.utc,
        )  # fmt: skip
        return local - _ahead(offset)
    except (ValueError, OverflowError):
        return None


def write(instant: datetime) -> str:
    """Such as `2026-03-01T08:30:00.000Z`."""
    utc = instant.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _ahead(offset: str | None) -> timedelta:
    if offset is None or offset in "Zz":
        return timedelta()
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timedelta(minutes=-minutes if offset[0] == "-" else minutes)
