"""The brief's own shape: a base class that processes, and processors that say what an activity earned."""

from __future__ import annotations

import asyncio
import json
import unittest
from datetime import datetime, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rialto_hook import RevenueTracking, event


class Base:
    def process_activity(self, activity: Any) -> Any:
        if getattr(activity, "fails", False):
            raise ValueError("the engine's own")
        return getattr(activity, "result", True)


class Letters(RevenueTracking, Base):
    def calculate_revenue(self, activity: Any, result: Any) -> Any:
        if activity.recipient_type == "broken":
            raise RuntimeError("no figure")
        return 0.10 if activity.recipient_type == "external" else 0


class Plain(RevenueTracking, Base):
    pass


def activity(**more: Any) -> SimpleNamespace:
    told = {"id": "a1", "citizen_id": "Ada", "business_id": "b1", "recipient_type": "external", "type": "send_message"}
    return SimpleNamespace(**{**told, **more})


class Tracking(unittest.TestCase):
    def setUp(self) -> None:
        self.kept: list[Any] = []
        hook = SimpleNamespace(activity=lambda *told: self.kept.append(told), tell=lambda *_: None)
        patched = mock.patch("rialto_hook.mixin.current", return_value=hook)
        patched.start()
        self.addCleanup(patched.stop)

    def handed_in(self) -> Any:
        record, status, context = self.kept.pop()
        line = event.activity(record, status, context, datetime.now(timezone.utc))
        return json.loads(line[1:])

    def test_what_is_declared_travels_as_text(self) -> None:
        self.assertIs(Letters().process_activity(activity()), True)
        told = self.handed_in()
        self.assertEqual((told["declared_amount"], told["status"], told["citizen_id"]), ("0.1", "processed", "Ada"))

    def test_without_a_declaration_the_activity_is_handed_over_all_the_same(self) -> None:
        for processor, told in [(Plain(), activity()), (Letters(), activity(recipient_type="internal"))]:
            processor.process_activity(told)
            self.assertNotIn("declared_amount", self.handed_in())

    def test_what_failed_earns_nothing_and_says_so(self) -> None:
        self.assertIs(Letters().process_activity(activity(result=False)), False)
        told = self.handed_in()
        self.assertEqual((told["status"], told.get("declared_amount")), ("failed", None))

    def test_an_exception_of_the_engine_stays_its_own(self) -> None:
        with self.assertRaisesRegex(ValueError, "own"):
            Letters().process_activity(activity(fails=True))
        self.assertEqual(self.handed_in()["status"], "error")

    def test_a_figure_that_fails_is_none(self) -> None:
        self.assertIs(Letters().process_activity(activity(recipient_type="broken")), True)
        self.assertNotIn("declared_amount", self.handed_in())

    def test_what_fails_about_an_activity_or_its_result_stays_out_of_the_way(self) -> None:
        class Table:
            def __bool__(self) -> bool:
                raise ValueError("neither true nor false")

        class Detached:
            id, type = "a1", "rest"

            @property
            def notes(self) -> str:
                raise RuntimeError("the session is over")

        table = Table()
        self.assertIs(Plain().process_activity(activity(result=table)), table)
        self.assertEqual(self.handed_in()["status"], "processed")
        Plain().process_activity(Detached())
        self.assertEqual(self.handed_in()["id"], "a1")

    def test_what_is_awaited_is_handed_over_when_it_is_over(self) -> None:
        async def later(fails: bool) -> bool:
            if fails:
                raise ValueError("the engine's own")
            return False

        coming = Plain().process_activity(activity(result=later(False)))
        self.assertEqual(self.kept, [])
        self.assertIs(asyncio.run(coming), False)
        self.assertEqual(self.handed_in()["status"], "failed")
        with self.assertRaisesRegex(ValueError, "own"):
            asyncio.run(Plain().process_activity(activity(result=later(True))))
        self.assertEqual(self.handed_in()["status"], "error")

    def test_a_result_names_who_pays(self) -> None:
        result = {"client_id": "client_1", "service_type": "consultation", "revenue": Decimal(60), "text": "private"}
        self.assertIs(Plain().process_activity(activity(result=result)), result)
        told = self.handed_in()
        self.assertEqual((told["client_id"], told["service_type"], "text" in told), ("client_1", "consultation", False))


if __name__ == "__main__":
    unittest.main()
