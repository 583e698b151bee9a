"""A mix-in for engines whose processors are classes: what came of an activity is handed over, with what they declare.

class SendMessageProcessor(RevenueTracking, BaseActivityProcessor):
    def calculate_revenue(self, activity, result):
        return Decimal("0.10") if activity.recipient_type == "external" else 0
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from inspect import isawaitable
from typing import Any

from .event import amount
from .hook import current

#: What an activity that is an object is read by.
_ATTRIBUTES = (
    *("id", "activity_id", "type", "activity_type", "subtype", "service_type", "citizen", "citizen_id", "business_id"),
    *("client_id", "client_type", "recipient", "recipient_id", "recipient_type", "channel", "to_email", "duration"),
    *("duration_minutes", "minutes", "expertise", "skills", "revenue", "notes", "details", "description", "created_at"),
    *("start_date", "end_date", "timestamp", "from_building", "to_building", "fields", "createdTime"),
)
#: What its result may add.
_OF_RESULT = ("client_id", "business_id", "service_type", "recipient_type", "duration_minutes", "minutes", "expertise")


class RevenueTracking:
    """Stands before the base class of a processor. Whatever goes wrong here, the activity goes on as it would."""

    def process_activity(self, activity: Any, *arguments: Any, **named: Any) -> Any:
        """Does what the base class does; then hands over what came of it."""
        try:
            result = super().process_activity(activity, *arguments, **named)  # type: ignore[misc]
        except Exception:
            self._track(activity, "error", None)
            raise
        if isawaitable(result):
            return self._awaited(activity, result)
        self._track(activity, _outcome(result), result)
        return result

    async def _awaited(self, activity: Any, coming: Awaitable[Any]) -> Any:
        """What came of an activity is known when it is over."""
        try:
            result = await coming
        except Exception:
            self._track(activity, "error", None)
            raise
        self._track(activity, _outcome(result), result)
        return result

    def _track(self, activity: Any, status: str, result: Any) -> None:
        try:
            record = activity if isinstance(activity, Mapping) else _record_of(activity)
            more = {key: result[key] for key in _OF_RESULT if key in result} if isinstance(result, Mapping) else {}
        except Exception:
            record, more = {}, {}
        declared = self._declared(activity, result) if status == "processed" else None
        if declared is not None:
            more["declared_amount"] = declared
        there = current()
        if there is not None:
            there.activity(record, status, more)

    def _declared(self, activity: Any, result: Any) -> Any:
        calculate = getattr(self, "calculate_revenue", None)
        if not callable(calculate):
            return None
        try:
            return amount(calculate(activity, result))
        except Exception as error:
            there = current()
            if there is not None:
                there.tell("calculate_revenue", f"{type(self).__name__}.calculate_revenue fails: {error}")
            return None


def _record_of(activity: Any) -> dict[str, Any]:
    told = {}
    for name in _ATTRIBUTES:
        # One that is not there, or fails, takes none of the others with it.
        with suppress(Exception):
            value = getattr(activity, name)
            if not callable(value):
                told[name] = value
    return told


def _outcome(result: Any) -> str:
    try:
        return "processed" if result else "failed"
    except Exception:
        # Such as a table, which is neither true nor false: it came to something.
        return "processed"
