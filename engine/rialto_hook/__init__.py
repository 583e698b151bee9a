"""Hands what an engine did over to Rialto. Three calls, none of which ever raises or keeps the engine waiting:

    rialto_hook.record_activity(activity_record, processing_status)
    rialto_hook.record_message(message_record)
    rialto_hook.flush()    # at the end of a run; it happens by itself when the interpreter ends

Set by the environment: `RIALTO_URL` (http://127.0.0.1:8717), `RIALTO_TOKEN`, `RIALTO_SPOOL` (a folder), and
`RIALTO_DISABLED=1` to switch it off. What goes wrong is told to the logger `rialto_hook`, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .hook import FLUSH_S, current
from .mixin import RevenueTracking

__all__ = ["RevenueTracking", "flush", "record_activity", "record_message"]
__version__ = "0.1.0"


def record_activity(record: Mapping[str, Any], status: object = None, **context: Any) -> bool:
    """Keeps an activity: the engine's record as it is, how it ended (`processed`, `failed`, …; `True` and `False` do),
    and whatever else is known of it and priced by, such as `business_id`, `client_id` or `declared_amount`. False where
    it could not be kept."""
    there = current()
    return there is None or there.activity(record, status, context)


def record_message(record: Mapping[str, Any], **context: Any) -> bool:
    """Keeps a message: the row of MESSAGES as it was stored, and whatever else is known of it, such as
    `recipient_type="external"`. Its text stays here. False where it could not be kept."""
    there = current()
    return there is None or there.message(record, context)


def flush(wait_s: float = FLUSH_S) -> bool:
    """Has everything kept so far handed over, and waits for that a fifth of a second at most. Whether all of it is;
    what is not stays in the spool, for this process or a later one."""
    there = current()
    return there is None or there.flush(wait_s)
