"""Paid services: what is proposed is created once, as the engine keeps its activities, and only if it is asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import skipUnless

from rialto_hook.airtable import propose
from rialto_hook.airtable.base import Base, BaseFault
from rialto_hook.airtable.pace import Pacer
from rialto_hook.airtable.propose import Service
from rialto_hook.settings import Settings
from rialto_hook.sidecar import NoAnswer
from venice.airtable import Airtable
from venice.listener import Listener

from .client import HAS_PYAIRTABLE, MISSING
from .rialto import BINARY, Rialto
from .rialto import MISSING as NO_BINARY

ROOT = Path(__file__).parent.parent
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
STATUSES_OVER = ("processed", "failed", "error")


def told(citizen: str = "ada", business: str = "building_1", client: str = "studio_verde") -> dict[str, Any]:
    """A proposal as the sidecar writes it."""
    revenue = {
        "client": client,
        "minutes": 60,
        "expertise": "1.2",
        "business": business,
        "service_type": "consultation",
    }
    return {
        "type": "paid_service",
        "subtype": "consultation",
        "duration": 60,
        "revenue_potential": "60",
        "citizen_id": citizen,
        "business_id": business,
        "client_id": client,
        "fields": {
            "Type": "paid_service",
            "Citizen": citizen,
            "FromBuilding": business,
            "Title": f"A consultation for {client}",
            "Status": "created",
            "Notes": json.dumps({"revenue": revenue}),
        },
    }


class Based(unittest.TestCase):
    def setUp(self) -> None:
        self.airtable = Airtable(seed=7, clock=lambda: NOON)
        self.airtable.__enter__()
        self.addCleanup(self.airtable.close)

    def base(self) -> Base:
        base = Base.at("any", self.airtable.base, Pacer(4, wait=lambda seconds: None), self.airtable.url)
        self.addCleanup(base.close)
        return base

    def activities(self) -> list[dict[str, Any]]:
        return [row["fields"] for row in self.airtable.rows("ACTIVITIES")]

    def write(self, *services: Service, at: datetime = NOON) -> list[Any]:
        return propose.write(self.base().tables, services, now=lambda: at)


@skipUnless(HAS_PYAIRTABLE, MISSING)
class Writing(Based):
    def test_a_service_is_a_row_as_the_engine_keeps_its_activities(self) -> None:
        row = self.write(Service.of(told()))[0]
        self.assertEqual(self.airtable.rows("ACTIVITIES"), [row])
        fields = dict(row["fields"])
        self.assertRegex(fields.pop("ActivityId"), "^paid_service-ada-[0-9a-f]{12}$")
        notes = json.loads(fields.pop("Notes"))
        self.assertEqual(
            fields,
            {
                "Type": "paid_service",
                "Citizen": "ada",
                "FromBuilding": "building_1",
                "Title": "A consultation for studio_verde",
                "Status": "created",
                "CreatedAt": "2026-03-01T12:00:00.000Z",
                "StartDate": "2026-03-01T12:00:00.000Z",
                "EndDate": "2026-03-01T13:00:00.000Z",
            },
        )
        expected = {"client": "studio_verde", "minutes": 60, "expertise": "1.2", "business": "building_1"}
        self.assertEqual(notes["revenue"], {**expected, "service_type": "consultation"})

    def test_doing_it_again_creates_no_second_one_while_the_first_is_open(self) -> None:
        service = Service.of(told())
        self.write(service)
        for status in ("created", "in_progress", "interrupted", None):
            self.airtable.change("ACTIVITIES", self.airtable.rows("ACTIVITIES")[0]["id"], {"Status": status})
            with self.subTest(status):
                self.assertEqual(self.write(service, at=NOON + timedelta(hours=1)), [])
        self.assertEqual(len(self.activities()), 1)

    def test_when_the_first_is_over_there_may_be_another_under_another_id(self) -> None:
        service = Service.of(told())
        for number, status in enumerate(STATUSES_OVER):
            row = self.write(service, at=NOON + timedelta(hours=number))[0]
            self.airtable.change("ACTIVITIES", row["id"], {"Status": status})
        self.assertEqual(len({fields["ActivityId"] for fields in self.activities()}), 3)

    def test_an_id_that_is_there_is_not_created_a_second_time(self) -> None:
        service = Service.of(told())
        row = self.write(service)[0]
        self.airtable.change("ACTIVITIES", row["id"], {"Status": "failed"})
        self.assertEqual(self.write(service), [])
        self.assertEqual(len(self.write(service, at=NOON + timedelta(seconds=1))), 1)

    def test_one_run_creates_one_for_a_business_and_one_for_a_citizen(self) -> None:
        told_of = (("ada", "building_1"), ("ada", "building_2"), ("bo", "building_1"), ("bo", "building_3"))
        self.write(*(Service.of(told(citizen, business)) for citizen, business in told_of))
        self.assertEqual([fields["FromBuilding"] for fields in self.activities()], ["building_1", "building_3"])

    def test_a_service_that_somebody_else_wrote_counts_however_it_names_its_business(self) -> None:
        row = {"Type": "paid_service", "Citizen": ["bo"], "Status": "created"}
        for fields in (
            {**row, "FromBuilding": "building_1"},
            {**row, "FromBuilding": ["building_1"]},
            {**row, "ToBuilding": "building_1"},
            {**row, "Notes": '{"revenue":{"business":"building_1"}}'},
            {**row, "Notes": "⏳ later", "FromBuilding": "building_1"},
        ):
            with self.subTest(fields):
                row_id = self.airtable.insert("ACTIVITIES", fields)
                self.assertEqual(self.write(Service.of(told())), [])
                self.airtable.delete("ACTIVITIES", row_id)
        self.airtable.insert("ACTIVITIES", {**row, "Type": "rest", "FromBuilding": "building_1"})
        self.assertEqual(len(self.write(Service.of(told()))), 1)

    def test_what_was_created_before_a_failure_is_told_and_not_created_again(self) -> None:
        services = [Service.of(told(f"c{number}", f"building_{number}")) for number in range(3)]
        created: list[Any] = []

        def fail_then(row: Any) -> None:
            created.append(row)
            self.airtable.fail(503, times=1, method="POST")

        with self.assertRaisesRegex(BaseFault, "503"):
            propose.write(self.base().tables, services, fail_then, lambda: NOON)
        self.assertEqual(len(created), 1)
        self.assertEqual(len(self.write(*services, at=NOON + timedelta(minutes=1))), 2)
        self.assertEqual([fields["FromBuilding"] for fields in self.activities()], [one.business for one in services])


class Reading(unittest.TestCase):
    def test_a_proposal_that_is_not_what_it_has_to_be_is_refused(self) -> None:
        good = told()
        self.assertEqual(Service.of(good).expertise, "1.2")
        notes = json.loads(good["fields"]["Notes"])["revenue"]
        for wrong in (
            {},
            None,
            {**good, "fields": {}},
            {**good, "fields": {**good["fields"], "Notes": "⏳"}},
            {**good, "fields": {**good["fields"], "Notes": json.dumps({"revenue": {**notes, "expertise": 1.2}})}},
            {**good, "fields": {**good["fields"], "Notes": json.dumps({"revenue": {**notes, "minutes": 59.5}})}},
            {**good, "fields": {**good["fields"], "Citizen": ""}},
        ):
            with self.subTest(wrong), self.assertRaises(NoAnswer):
                Service.of(wrong)


@skipUnless(HAS_PYAIRTABLE, MISSING)
class Asking(Based):
    """What the sidecar is asked; it is played here."""

    def setUp(self) -> None:
        super().setUp()
        self.asked: list[Any] = []
        self.answer: tuple[int, Any] = (200, {"proposals": [told("bo", "building_3")]})
        self.listener = Listener(0, self.hear)
        self.listener.start()
        self.addCleanup(self.listener.close)
        for username in ("ada", "bo"):
            self.airtable.insert("CITIZENS", {"Username": username, "SocialClass": "Popolani", "Ducats": 4.5})
        for number, runner in enumerate(("ada", "ada", "ada", "bo")):
            building = {"BuildingId": f"building_{number}", "Category": "business", "Type": "bakery", "RunBy": runner}
            self.airtable.insert("BUILDINGS", {**building, "Name": "Bakery", "Wages": 12.5})

    def hear(self, method: str, target: str, token: str | None, body: bytes) -> tuple[int, Any]:
        self.asked.append((method, target, token, json.loads(body)))
        return self.answer

    def ask(self, *clients: str) -> list[Service]:
        settings = Settings.of({"RIALTO_URL": self.listener.url, "RIALTO_TOKEN": "tok"})
        return propose.ask(self.base(), settings, clients)

    def test_citizens_and_buildings_are_shown_and_nothing_else_of_them(self) -> None:
        services = self.ask()
        self.assertEqual([service.business for service in services], ["building_3"])
        method, target, token, body = self.asked[0]
        self.assertEqual((method, target, token), ("POST", "/v1/proposals", "tok"))
        self.assertEqual(body["citizens"][0]["fields"], {"Username": "ada", "SocialClass": "Popolani"})
        fields = {"BuildingId": "building_3", "Type": "bakery", "Category": "business", "RunBy": "bo"}
        self.assertEqual(body["buildings"][3]["fields"], fields)
        self.assertEqual((body["open"], "clients" in body), ([], False))

    def test_who_has_an_open_service_is_busy_in_all_his_businesses(self) -> None:
        activity = {"Type": "paid_service", "Citizen": "ada", "FromBuilding": "building_1", "Status": "created"}
        row_id = self.airtable.insert("ACTIVITIES", activity)
        self.ask("museum")
        self.airtable.change("ACTIVITIES", row_id, {"Status": "processed"})
        self.ask()
        self.assertEqual(self.asked[0][3]["open"], ["building_0", "building_1", "building_2"])
        self.assertEqual(self.asked[0][3]["clients"], ["museum"])
        self.assertEqual(self.asked[1][3]["open"], [])

    def test_what_the_sidecar_refuses_is_told_in_its_words(self) -> None:
        self.answer = (403, {"error": {"code": "forbidden", "message": "this token may not"}})
        with self.assertRaisesRegex(NoAnswer, "403: this token may not; set RIALTO_TOKEN"):
            self.ask()
        self.answer = (200, {"nothing": 1})
        with self.assertRaisesRegex(NoAnswer, "is RIALTO_URL right"):
            self.ask()


@skipUnless(HAS_PYAIRTABLE, MISSING)
@skipUnless(BINARY, NO_BINARY)
class Commands(Based):
    """`python -m rialto_hook propose`, with the sidecar itself."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="rialto-propose-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.rialto = Rialto(self.folder / "data")
        self.rialto.__enter__()
        self.addCleanup(self.rialto.__exit__, None, None, None)
        for username in ("ada", "bo", "Idler"):
            self.airtable.insert("CITIZENS", {"Username": username, "SocialClass": "Popolani", "IsAI": True})
        for number, (kind, runner) in enumerate((("bakery", "ada"), ("public_dock", "bo"), ("market_stall", "ada"))):
            building = {"BuildingId": f"building_{number}", "Type": kind, "Category": "business", "RunBy": runner}
            self.airtable.insert("BUILDINGS", building)

    def propose(self, *flags: str, **settings: str) -> subprocess.CompletedProcess[str]:
        own = {
            "AIRTABLE_API_KEY": "patSecret",
            "AIRTABLE_BASE_ID": self.airtable.base,
            "RIALTO_URL": self.rialto.url,
            "RIALTO_SPOOL": str(self.folder / "spool"),
            **settings,
        }
        command = [sys.executable, "-m", "rialto_hook", "propose", "--endpoint", self.airtable.url, *flags]
        return subprocess.run(command, env={**os.environ, **own}, cwd=ROOT, text=True, capture_output=True, timeout=60)

    def test_without_anybody_who_pays_there_is_nothing_to_offer(self) -> None:
        ran = self.propose("--write")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("rialto payer list", ran.stdout)
        self.assertIn("rialto payer add", ran.stdout)
        self.assertIn("to offer to Niccolò:", self.propose("--client", "Niccolò").stdout)
        self.assertEqual(self.activities(), [])

    def test_they_are_shown_then_created_once_and_priced_when_they_come_back_processed(self) -> None:
        for client in ("studio_verde", "museum"):
            self.rialto.order("payer", "add", client)
        dry = self.propose()
        self.assertEqual(dry.returncode, 0, dry.stderr)
        for words in ("ada", "hospitality_advice", "bo", "logistics_planning", "2 services, worth 100", "--write"):
            self.assertIn(words, dry.stdout)
        self.assertEqual(self.activities(), [])

        one = json.loads(self.propose("--write", "--limit", "1", "--json").stdout)
        self.assertEqual((len(one["proposals"]), len(one["created"])), (1, 1))
        rest = self.propose("--write")
        self.assertIn("1 created", rest.stdout)
        self.assertIn("nobody has anything to offer", self.propose("--write").stdout)
        self.assertEqual([fields["FromBuilding"] for fields in self.activities()], ["building_0", "building_1"])

        env = {**os.environ, "RIALTO_URL": self.rialto.url, "RIALTO_SPOOL": str(self.folder / "spool")}
        for row in self.airtable.rows("ACTIVITIES"):
            script = "import json, sys, rialto_hook; rialto_hook.record_activity(json.load(sys.stdin), 'processed')"
            run = [sys.executable, "-c", script]
            subprocess.run(run, env=env, cwd=ROOT, input=json.dumps(row), text=True, check=True, timeout=60)
        subprocess.run(
            [sys.executable, "-m", "rialto_hook", "flush"], env=env, cwd=ROOT, check=True, capture_output=True
        )
        found = self.rialto.ask("/v1/transactions?limit=10")["transactions"]
        self.assertEqual([transaction["amount"] for transaction in found], ["50.00", "50.00"])

    def test_what_was_given_wrongly_is_refused_with_what_does(self) -> None:
        ran = self.propose("--limit", "0")
        self.assertEqual((ran.returncode, "such as 10" in ran.stderr), (2, True), ran.stderr)
        ran = self.propose("--write", RIALTO_DISABLED="1")
        self.assertEqual((ran.returncode, "RIALTO_DISABLED is set" in ran.stderr), (2, True), ran.stderr)

    def test_a_base_that_does_not_answer_is_a_fault(self) -> None:
        self.airtable.fail(403)
        ran = self.propose("--write")
        self.assertEqual((ran.returncode, "AIRTABLE_BASE_ID" in ran.stderr), (1, True), ran.stderr)
        self.assertNotIn("Traceback", ran.stderr)
        ran = self.propose("--endpoint", "http://127.0.0.1:1")
        self.assertEqual((ran.returncode, "Connection refused; is there a way" in ran.stderr), (1, True), ran.stderr)
        self.assertNotIn("fields", ran.stderr)


if __name__ == "__main__":
    unittest.main()
