"""What leaves, and what stays."""

from __future__ import annotations

import json
import unittest
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Context, Decimal, Inexact, localcontext
from enum import Enum
from fractions import Fraction
from numbers import Integral
from types import SimpleNamespace
from typing import Any

from rialto_hook import event

NOW = datetime(2026, 12, 1, 10, 30, tzinfo=timezone.utc)


def row(**fields: Any) -> dict[str, Any]:
    return {"id": "recA0000000000001", "createdTime": "2026-12-01T09:00:00.000Z", "fields": fields}


def sent(record: Any, status: Any = "processed", **context: Any) -> Any:
    line = event.activity(record, status, context, NOW)
    assert line.startswith(b"A{") and line.endswith(b"}\n") and line.count(b"\n") == 1, line
    return json.loads(line[1:])


class Float(float):
    """As those of numpy: a float that writes itself down in its own way."""

    def __repr__(self) -> str:
        return f"Float({float(self)})"

    __str__ = __repr__


class Whole:
    """A whole number that is no int."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return str(self.number)


Integral.register(Whole)


class Events(unittest.TestCase):
    def test_what_prices_an_event_leaves_as_it_is_and_what_is_private_stays(self) -> None:
        notes = {
            "revenue": {"client": "client_1", "minutes": 60, "expertise": 1.20, "business": "building_45.44_12.33"},
            "content": "Come at noon.",
            "receiverUsername": "@lagoon_desk",
        }
        told = sent(
            row(
                ActivityId="paid_service_Ada_1",
                Type="paid_service",
                Citizen=["Ada"],
                ToBuilding="building_45.44_12.33",
                Notes=json.dumps(notes),
                Description="She thought of the sea.",
                Details='{"to_email":"a@example.org","subject":"Greetings","body":"Dear friend"}',
                Path="[" + "[45.4,12.3]," * 9000 + "]",
                Thought="Nobody is to know.",
                Status="in_progress",
                _ParsedStartDate=datetime(2026, 12, 1),
            )
        )
        self.assertEqual(
            told,
            {
                "id": "recA0000000000001",
                "createdTime": "2026-12-01T09:00:00.000Z",
                "fields": {
                    "ActivityId": "paid_service_Ada_1",
                    "Type": "paid_service",
                    "Citizen": ["Ada"],
                    "ToBuilding": "building_45.44_12.33",
                    "Notes": '{"revenue":{"client":"client_1","minutes":60,"expertise":"1.2",'
                    '"business":"building_45.44_12.33"},"receiverUsername":"@lagoon_desk"}',
                    "Details": '{"to_email":"a@example.org"}',
                    "status": "processed",
                },
            },
        )

    def test_no_number_leaves_as_a_float(self) -> None:
        told = sent(
            row(Type="a", Ducats=464178.1830295645, Rate=0.1, Tiny=1e-7, Odd=float("nan"), Far=float("inf"), Hours=2),
            declared_amount=Decimal("12.50"),
            more=[0.3, {"deep": 2.5}],
        )["fields"]
        self.assertEqual(
            [told.get(key) for key in ("Ducats", "Rate", "Tiny", "Odd", "Far", "Hours", "declared_amount", "more")],
            ["464178.1830295645", "0.1", "0.0000001", None, None, 2, "12.50", ["0.3", {"deep": "2.5"}]],
        )

    def test_amounts_are_text_to_the_millionth_or_nothing(self) -> None:
        for told, text in [
            (0.1, "0.1"),
            (0.1 + 0.2, "0.3"),
            (60, "60"),
            (Decimal("12.3400"), "12.34"),
            ("7.5", "7.5"),
            (1e22, None),
            (1e-9, None),
            (Float(0.1), "0.1"),
            (Fraction(1, 2), None),
            (Whole(12), "12"),
            (0, None),
            (-1, None),
            (True, None),
            (None, None),
            (float("nan"), None),
            (float("inf"), None),
            ("much", None),
        ]:
            with self.subTest(told=told):
                self.assertEqual(event.amount(told), text)
        # The engine's own settings for decimals change nothing.
        with localcontext(Context(prec=3, traps=[Inexact])):
            self.assertEqual(event.amount(1234.5), "1234.5")
        with localcontext(Context(prec=3, traps=[])):
            self.assertEqual((event.amount(Decimal("1234.50")), event.amount("much")), ("1234.5", None))

    def test_a_number_is_the_same_number_whoever_wrote_it_down(self) -> None:
        told = sent(
            row(Type="a", Ducats=Float(0.1), Far=Decimal("1E+999999999"), Near=Decimal("-1E-99999999"), Big=10**9999)
        )
        fields = told["fields"]
        self.assertEqual(
            [fields.get(key) for key in ("Ducats", "Far", "Near", "Big")], ["0.1", "1E+999999999", "-1E-99999999", None]
        )
        notes = '{"revenue":{"amount":12.10,"minutes":%s,"odd":-0.0}}' % ("9" * 5000)
        self.assertEqual(
            json.loads(sent(row(Notes=notes))["fields"]["Notes"])["revenue"],
            {"amount": "12.10", "odd": "-0.0"},
        )

    def test_what_does_not_let_itself_be_read_takes_nothing_else_with_it(self) -> None:
        class Locked:
            def __str__(self) -> str:
                raise RuntimeError("no")

        class Lying(dict):  # type: ignore[type-arg]
            def items(self) -> Any:
                return [1, 2, 3]

        class Shut(Mapping):  # type: ignore[type-arg]
            def __getitem__(self, key: Any) -> Any:
                raise KeyError(key)

            def __iter__(self) -> Any:
                return iter(["a"])

            def __len__(self) -> int:
                return 1

        told = sent(row(Type="a", One=Locked(), Two=Lying(b=1), Three=Shut(), Four=[Locked()]), odd=Locked())
        self.assertEqual(told["fields"], {"Type": "a", "Two": {"b": 1}, "status": "processed"})

    def test_however_wide_and_deep_a_record_is_a_bounded_part_of_it_is_looked_at(self) -> None:
        wide: list[Any] = []
        wide.extend([wide] * event.ITEMS_MAX)
        looked_at = 0

        class Counted(dict):  # type: ignore[type-arg]
            def __iter__(self) -> Any:
                nonlocal looked_at
                looked_at += 1
                return super().__iter__()

        around = Counted()
        around.update((f"k{number}", around) for number in range(event.ITEMS_MAX))
        for value in (wide, around, range(10**9), (n for n in range(10**9)), {n: n for n in range(10**5)}):
            told = sent(row(Type="a", Citizen="Ada", Odd=value), client_id="client_1")
            self.assertEqual((told["fields"]["Citizen"], told["fields"]["client_id"]), ("Ada", "client_1"))
        self.assertLessEqual(looked_at, event.VALUES_MAX)

    def test_a_record_that_another_thread_writes_to_is_read_all_the_same(self) -> None:
        fields: dict[str, Any] = {"Type": "a"}

        class Writing:
            def __str__(self) -> str:
                # As another thread does in between.
                fields[f"k{len(fields)}"] = 1
                return "word"

        fields["Odd"] = Writing()
        self.assertEqual(sent({"id": "recA", "fields": fields})["fields"]["Odd"], "word")

    def test_of_what_is_too_long_the_longest_stays_here(self) -> None:
        notes = json.dumps({"revenue": {"client": "client_1", "letters": ["x" * 9] * 60}})
        told = sent(row(Type="a", Notes=notes, **{f"K{number}": "\U0001f30a" * 4000 for number in range(199)}))[
            "fields"
        ]
        self.assertEqual(json.loads(told["Notes"])["revenue"]["client"], "client_1")
        self.assertLess(len(json.dumps(told, ensure_ascii=False).encode()), event.EVENT_MAX + 1024)

    def test_an_outcome_is_what_the_engine_says_last(self) -> None:
        for status, told in [("failed", "failed"), (True, "processed"), (False, "failed"), (None, "created")]:
            fields = sent(row(Type="a", Status="created"), status)["fields"]
            self.assertEqual(fields.get("status", fields.get("Status")), told)

    def test_what_tells_no_time_happened_now_and_what_does_keeps_it(self) -> None:
        flat = {"activity_id": "a1", "citizen_id": "Ada", "type": "paid_service", "duration": 60}
        self.assertEqual(sent(flat)["timestamp"], "2026-12-01T10:30:00+00:00")
        for key in ("timestamp", "EndDate", "created_at", "startDate"):
            self.assertNotIn("2026-12-01T10:30:00+00:00", json.dumps(sent({**flat, key: "2025-07-06T18:06:00.840Z"})))
        self.assertNotIn("timestamp", sent(row(Type="a"))["fields"])

    def test_whatever_a_record_holds_is_one_line_that_can_be_read(self) -> None:
        class Odd:
            def __str__(self) -> str:
                return "odd"

        around: dict[str, Any] = {}
        around["around"] = around
        for value in [
            "a\nb\r\u2028c",
            "half a \ud83d",
            "\x00",
            {1: "a", None: 2},
            {"a", "b"},
            (1, 2),
            b"bytes",
            Odd(),
            around,
            [[[[[[[[[[[[1]]]]]]]]]]]],
            datetime(2026, 1, 1),
            10**400,
            "x" * 10_000_000,
            ["x" * 4000] * 10_000,
            {f"k{n}": "y" * 4000 for n in range(1000)},
        ]:
            with self.subTest(value=repr(value)[:40]):
                line = event.activity(row(Type="a", Citizen="Ada", Odd=value), "processed", {}, NOW)
                self.assertEqual(line.count(b"\n"), 1)
                told = json.loads(line[1:].decode("utf-8"))
                self.assertEqual((told["id"], told["fields"]["Citizen"]), ("recA0000000000001", "Ada"))
                self.assertLess(len(line), 256 * 1024)

    def test_prose_in_notes_stays_and_so_does_what_nobody_can_read(self) -> None:
        for notes, told in [
            ("The market was **busy** ⏳", None),
            ("[1, 2]", None),
            # The sidecar reads nothing of it either.
            ('{"revenue":{"minutes":30}', None),
            ("{'content': 'Come at noon.'}", None),
            ('{"content": "Come at noon."} and more', None),
            ('{"a":' * 5000, None),
            ('{"content": "Come at noon.", "minutes": %s}' % ("9" * 5000), "{}"),
            ('{"revenue":{"minutes":30},"content":"a\nb"}', '{"revenue":{"minutes":30}}'),
            ('{"revenue":{"amount":12.10}}', '{"revenue":{"amount":"12.10"}}'),
        ]:
            self.assertEqual(sent(row(Type="a", Notes=notes))["fields"].get("Notes"), told)

    def test_a_text_of_somebody_stays_wherever_it_stands(self) -> None:
        class Key(str, Enum):
            CONTENT = "content"

        letter = "Come at noon."
        for record in [
            {"Notes": {"content": letter}},
            {"Notes": {"addMessage": letter, "PriceReasoning": letter, "Core Personality": letter, " _x": letter}},
            {"Data": json.dumps({"content": letter})},
            {"Data": json.dumps([{"content": letter}])},
            {"Notes": json.dumps({"inner": json.dumps({"content": letter})})},
            {"Notes": SimpleNamespace(content=letter)},
            {"letter": letter.encode()},
            {Key.CONTENT: letter},
            {b"content": letter},
            {("content",): letter},
        ]:
            for told in (record, {"id": "recA", "fields": record}):
                with self.subTest(told=told):
                    self.assertNotIn(b"noon", event.activity(told, "processed", {"more": record}, NOW))  # type: ignore[arg-type]

    def test_a_message_leaves_without_its_text(self) -> None:
        for text in ("Content", "content", "message", "body", "Thinking"):
            record = row(Sender="Ada", Receiver="@desk", Type="message", **{text: "Nobody is to read this."})
            line = event.message(record, {"recipient_type": "external"}, NOW)
            self.assertEqual(line[:1], event.MESSAGE)
            self.assertNotIn(b"read this", line)
            self.assertEqual(json.loads(line[1:])["fields"]["recipient_type"], "external")


if __name__ == "__main__":
    unittest.main()
