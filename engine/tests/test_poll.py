"""The feed of messages, read from the stand-in for Airtable: each row once, none left out, and the base not crowded."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import skipIf, skipUnless

from rialto_hook import sidecar
from rialto_hook.airtable import cursor as cursors
from rialto_hook.airtable import instants, rows
from rialto_hook.airtable.base import Base, BaseFault, Wrong
from rialto_hook.airtable.cursor import Cursor
from rialto_hook.airtable.pace import Halted, Pacer
from rialto_hook.airtable.poll import MESSAGES, Poll, Unkept, Wanted
from rialto_hook.settings import Settings
from venice import columns
from venice.airtable import Airtable

from .client import HAS_PYAIRTABLE, MISSING
from .rialto import BINARY, Rialto
from .rialto import MISSING as NO_BINARY
from .sidecar import Sidecar

ROOT = Path(__file__).parent.parent
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
NOBODY = "http://127.0.0.1:9"


class Watch:
    """A clock and a stopwatch that go on when somebody waits, or says so."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def read(self) -> float:
        return (self.at - NOON).total_seconds()

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def go_on(self, **length: float) -> None:
        self.at += timedelta(**length)


class Based(unittest.TestCase):
    """A base, a sidecar, a folder, and what was handed in."""

    #: What the base has.
    tables: Mapping[str, columns.Columns] = columns.TABLES
    requests_per_s: float | None = None

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rialto-poll-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.watch = Watch()
        self.airtable = Airtable(
            seed=7,
            clock=self.watch.now,
            stopwatch=self.watch.read,
            tables=self.tables,
            requests_per_s=self.requests_per_s,
        )
        self.sidecar = Sidecar()
        for one in (self.airtable, self.sidecar):
            one.__enter__()
            self.addCleanup(one.__exit__, None, None, None)
        self.handed_in: list[str] = []
        self.takes = True

    def settings(self) -> Settings:
        return Settings.of({"RIALTO_URL": self.sidecar.url, "RIALTO_SPOOL": str(self.folder)})

    def base(self, turns_per_s: float = 4.0) -> Base:
        base = Base.at(
            "any", self.airtable.base, Pacer(turns_per_s, self.watch.wait, self.watch.read), self.airtable.url
        )
        self.addCleanup(base.close)
        return base

    def poll(self, wanted: Wanted | None = None, since: datetime = NOON - timedelta(days=4), **how: Any) -> Poll:
        """One that goes on where the one before stood."""
        base = self.base(how.pop("turns_per_s", 4.0))
        cursor, _ = cursors.load(self.folder, base.name)
        cursor = cursor or Cursor(base.name, since, since)
        given = {"tell": lambda words: None, "hand_in": self.take, "flush": lambda: True, "now": self.watch.now, **how}
        return Poll(base, self.settings(), cursor, wanted or Wanted(rows=False), **given)

    def take(self, row: Mapping[str, Any]) -> bool:
        if self.takes:
            self.handed_in.append(row["id"])
        return self.takes

    def say(self, count: int = 1, **fields: Any) -> list[str]:
        """Messages that are stored now."""
        told = {"Sender": "GondolaDrifter", "Receiver": "@painter", "Content": "At noon.", **fields}
        return self.airtable.insert_all("MESSAGES", [told] * count)

    def assert_all_once(self) -> None:
        self.assertEqual(sorted(self.handed_in), sorted(row["id"] for row in self.airtable.rows("MESSAGES")))


@skipUnless(HAS_PYAIRTABLE, MISSING)
class Messages(Based):
    def test_each_message_is_handed_in_once_over_many_rounds(self) -> None:
        poll = self.poll()
        for number in range(6):
            made = self.say(number % 3)
            done = poll.round()
            self.assertEqual(done.messages, len(made))
            self.watch.go_on(minutes=40)
        self.assertEqual(len(self.handed_in), 6)
        self.assert_all_once()
        self.assertEqual(self.poll().round().messages, 0)

    def test_a_row_is_found_whatever_it_says_of_its_own_time(self) -> None:
        for created_at in (
            None,
            "",
            "28 Mar 1526, 16:04",
            "2019-01-01T00:00:00Z",
            "2044-01-01T00:00:00Z",
            1746607045.8,
        ):
            self.say(CreatedAt=created_at)
        self.assertEqual(self.poll().round().messages, 6)
        self.assert_all_once()

    def test_a_row_that_becomes_visible_late_is_found_within_the_window_and_no_longer(self) -> None:
        self.say()
        poll = self.poll()
        poll.round()
        late, later = (
            self.airtable.insert("MESSAGES", {"Sender": "a"}, NOON - timedelta(minutes=minutes))
            for minutes in (119, 121)
        )
        self.assertEqual(poll.round().messages, 1)
        self.assertIn(late, self.handed_in)
        self.assertNotIn(later, self.handed_in)

    def test_what_was_made_before_the_beginning_is_left_alone(self) -> None:
        for minutes in (61, 59):
            self.airtable.insert("MESSAGES", {"Sender": str(minutes)}, NOON - timedelta(minutes=minutes))
        poll = self.poll(since=NOON - timedelta(hours=1))
        self.assertEqual((poll.round().messages, poll.round().messages), (1, 0))
        self.say()
        self.assertEqual(poll.round().messages, 1)

    def test_words_and_thoughts_are_never_asked_for(self) -> None:
        self.say(Thinking="Nobody is to know.")
        seen: list[Mapping[str, Any]] = []

        def take(row: Mapping[str, Any]) -> bool:
            seen.append(row)
            return True

        self.poll(hand_in=take).round()
        self.assertEqual(seen[0]["fields"], {"Sender": "GondolaDrifter", "Receiver": "@painter"})
        asked = {column for request in self.airtable.log for column in request.query["fields"]}
        self.assertEqual(asked, set(MESSAGES))

    def test_a_failure_between_two_pages_loses_nothing_and_hands_in_nothing_twice(self) -> None:
        ids = self.say(250)
        pages = 0

        def fail_after_two(words: str) -> None:
            nonlocal pages
            pages += 1
            if pages == 2:
                self.airtable.fail(503, times=1)

        poll = self.poll(tell=fail_after_two)
        begun_at = poll.cursor.at
        with self.assertRaisesRegex(BaseFault, "503"):
            poll.round()
        self.assertEqual(self.handed_in, ids[:200])
        self.assertEqual(self.poll().cursor.at, begun_at)
        done = self.poll().round()
        self.assertEqual((done.messages, done.known), (50, 200))
        self.assert_all_once()
        self.assertEqual(self.poll().cursor.at, NOON)

    def test_a_listing_that_ran_out_is_begun_again_by_the_next_round(self) -> None:
        self.say(150)
        with self.assertRaisesRegex(BaseFault, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"):
            self.poll(tell=lambda words: self.airtable.forget_listings()).round()
        self.poll().round()
        self.assert_all_once()

    def test_the_cursor_stays_where_a_row_could_not_be_kept(self) -> None:
        self.say(3)
        self.takes = False
        with self.assertRaisesRegex(Unkept, "RIALTO_SPOOL_BYTES"):
            self.poll().round()
        self.assertEqual(cursors.load(self.folder, None)[0], None)
        self.takes = True
        self.poll().round()
        self.assert_all_once()

    def test_what_is_remembered_does_not_grow(self) -> None:
        poll = self.poll()
        for _ in range(20):
            self.say(5)
            poll.round()
            self.watch.go_on(hours=1)
        cursor, _ = cursors.load(self.folder, None)
        assert cursor is not None
        self.assertEqual(len(cursor.known), 15)
        self.assert_all_once()

    def test_a_message_that_left_between_two_pages_is_no_fault(self) -> None:
        ids = self.say(150)
        gone = [ids[120]]

        def delete_it(words: str) -> None:
            if gone:
                self.airtable.delete("MESSAGES", gone.pop())

        self.poll(tell=delete_it).round()
        self.assertEqual(len(self.handed_in), 149)
        self.assert_all_once()


def _without(known: columns.Columns, *names: str) -> columns.Columns:
    return {name: kind for name, kind in known.items() if name not in names}


class Fewer(Based):
    """A base without a column that others have."""

    tables = MappingProxyType({**columns.TABLES, "MESSAGES": _without(columns.TABLES["MESSAGES"], "Channel", "Notes")})

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_a_column_that_the_base_does_not_have_is_left_out_and_not_asked_for_again(self) -> None:
        self.say(150)
        poll = self.poll()
        self.assertEqual(poll.round().messages, 150)
        refused = [request.status for request in self.airtable.log].count(422)
        self.assertEqual(refused, 2)
        poll.round()
        self.assertEqual([request.status for request in self.airtable.log].count(422), refused)


@skipUnless(HAS_PYAIRTABLE, MISSING)
class Rows(Based):
    def setUp(self) -> None:
        super().setUp()
        self.airtable.insert("CITIZENS", {"Username": "ada", "SocialClass": "Popolani", "IsAI": True, "Ducats": 12.5})
        self.airtable.insert(
            "BUILDINGS",
            {"BuildingId": "building_45.4_12.3", "Category": "business", "RunBy": "ada", "Name": "Inn", "Wages": 100.5},
        )
        self.say()

    def events(self, path: str) -> list[Any]:
        """What the sidecar was told there."""
        told = []
        for asked, _, lines in self.sidecar.requests:
            if asked == path:
                told += [json.loads(line) for line in lines]
        return told

    def test_who_runs_what_is_told_before_the_first_message(self) -> None:
        handed_in_after: list[int] = []

        def take(row: Mapping[str, Any]) -> bool:
            handed_in_after.append(len(self.sidecar.requests))
            return True

        poll = self.poll(Wanted(), hand_in=take)
        done = poll.round()
        self.assertEqual([path for path, *_ in self.sidecar.requests], ["/v1/citizens", "/v1/buildings"])
        self.assertEqual(handed_in_after, [2])
        assert done.citizens is not None
        self.assertEqual((done.citizens.rows, done.citizens.news, done.citizens.rejected), (1, 1, 0))

    def test_only_what_the_sidecar_asks_about_is_told(self) -> None:
        self.poll(Wanted()).round()
        ada, inn = self.airtable.rows("CITIZENS")[0], self.airtable.rows("BUILDINGS")[0]
        self.assertEqual(
            self.events("/v1/citizens"),
            [{**ada, "fields": {"Username": "ada", "SocialClass": "Popolani", "IsAI": True}}],
        )
        fields = {"BuildingId": "building_45.4_12.3", "Category": "business", "RunBy": "ada"}
        self.assertEqual(self.events("/v1/buildings"), [{**inn, "fields": fields}])

    def test_without_them_no_first_message_is_handed_in(self) -> None:
        self.sidecar.status = 503
        with self.assertRaisesRegex(sidecar.NoAnswer, "503: I was told to"):
            self.poll(Wanted()).round()
        self.assertEqual(self.handed_in, [])
        self.sidecar.status = 200
        self.poll(Wanted()).round()
        self.assert_all_once()

    def test_later_messages_do_not_wait_for_them(self) -> None:
        self.poll(Wanted()).round()
        self.watch.go_on(hours=2)
        self.say()
        self.airtable.fail(503, table="CITIZENS")
        done = self.poll(Wanted()).round()
        self.assertEqual(done.messages, 1)
        self.assertIn("CITIZENS", str(done.fault))
        self.airtable.heal()
        again = self.poll(Wanted()).round()
        self.assertEqual((again.fault, again.citizens and again.citizens.rows), (None, 1))

    def test_they_are_told_once_an_hour_also_by_runs_that_end_in_between(self) -> None:
        for _ in range(8):
            self.poll(Wanted()).round()
            self.watch.go_on(minutes=20)
        self.assertEqual(len(self.events("/v1/citizens")), 3)

    def test_where_no_messages_are_wanted_they_are_told_once_an_hour_too(self) -> None:
        for _ in range(4):
            self.poll(Wanted(messages=False)).round()
            self.watch.go_on(minutes=20)
        self.assertEqual((len(self.events("/v1/citizens")), self.handed_in), (2, []))

    def test_what_the_sidecar_rejects_is_counted_and_told(self) -> None:
        self.sidecar.rejected = {self.airtable.rows("CITIZENS")[0]["id"]}
        words: list[str] = []
        done = self.poll(Wanted(), tell=words.append).round()
        assert done.citizens is not None
        self.assertEqual((done.citizens.rejected, done.citizens.why), (1, "no good id"))
        self.assertTrue(any("no good id" in told for told in words), words)


class Batches(unittest.TestCase):
    def test_a_batch_has_at_most_five_hundred_rows_and_a_mebibyte(self) -> None:
        many = [{"id": str(number)} for number in range(1201)]
        self.assertEqual([batch.count(b"\n") for batch in rows.batches(many)], [500, 500, 201])
        heavy = [{"id": "x" * 300_000}] * 7
        batches = list(rows.batches(heavy))
        self.assertEqual([batch.count(b"\n") for batch in batches], [3, 3, 1])
        self.assertTrue(all(len(batch) <= 1 << 20 for batch in batches))
        self.assertEqual(list(rows.batches([])), [])

    def test_every_row_is_in_a_batch_in_order(self) -> None:
        many = [{"id": str(number)} for number in range(1201)]
        lines = b"".join(rows.batches(many)).splitlines()
        self.assertEqual([json.loads(line) for line in lines], many)


@skipUnless(HAS_PYAIRTABLE, MISSING)
class Pace(Based):
    requests_per_s = 5

    def statuses(self) -> list[int]:
        return [request.status for request in self.airtable.log]

    def test_all_tables_together_stay_within_what_airtable_lets_through(self) -> None:
        self.say(1500)
        self.airtable.insert_all("CITIZENS", ({"Username": f"c{number}"} for number in range(400)))
        self.airtable.insert_all("BUILDINGS", ({"BuildingId": f"b{number}"} for number in range(400)))
        self.poll(Wanted()).round()
        self.assertEqual(set(self.statuses()), {200})
        self.assertEqual(len(self.statuses()), 23)
        came = [request.at for request in self.airtable.log]
        self.assertTrue(all(after - before >= 0.249 for before, after in zip(came, came[1:])), came)
        self.assertLess(came[-1] - came[0], 6)

    def test_who_was_too_fast_rests_for_thirty_seconds_and_then_has_all_of_it(self) -> None:
        self.say(1000)
        self.poll(turns_per_s=20).round()
        self.assert_all_once()
        came = [(request.at, request.status) for request in self.airtable.log]
        for place, (at, status) in enumerate(came):
            if status == 429:
                self.assertGreaterEqual(came[place + 1][0] - at, 30)
        self.assertEqual([status for _, status in came].count(200), 10)
        self.assertIn(429, self.statuses())

    def test_who_is_never_let_in_again_is_told_so_in_the_end(self) -> None:
        self.airtable.fail(429)
        with self.assertRaisesRegex(BaseFault, "asked too often"):
            self.poll().round()

    def test_who_waits_for_a_turn_may_be_told_to_end(self) -> None:
        pacer = Pacer(4, wait=lambda seconds: True)
        base = Base.at("any", self.airtable.base, pacer, self.airtable.url)
        self.addCleanup(base.close)
        with self.assertRaises(Halted):
            base.rows("messages", ("Sender",))
        self.assertEqual(len(self.airtable.log), 0)


class Cursors(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rialto-cursor-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_a_cursor_comes_back_as_it_was_saved(self) -> None:
        saved = Cursor("app1", NOON, NOON - timedelta(days=4), {"rec1": NOON}, NOON + timedelta(hours=1))
        saved.save(self.folder)
        self.assertEqual(cursors.load(self.folder, "app1"), (saved, None))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["poll.json"])

    def test_one_that_is_no_use_is_none_and_it_says_why(self) -> None:
        Cursor("app1", NOON, NOON).save(self.folder)
        good = (self.folder / "poll.json").read_text()
        for text, why in (
            ("", "cannot be read"),
            (good[:-9], "cannot be read"),
            ("[]", "cannot be read"),
            (good.replace("2026-03-01T12", "yesterday"), "is no instant"),
            (good.replace('"known": {}', '"known": 5'), "cannot be read"),
            (good.replace('"version": 1', '"version": 2'), "another version"),
            (good.replace("app1", "app2"), "another base, app2"),
        ):
            with self.subTest(why=why, text=text):
                (self.folder / "poll.json").write_text(text)
                cursor, told = cursors.load(self.folder, "app1")
                self.assertIsNone(cursor)
                self.assertIn(why, str(told))
        (self.folder / "poll.json").unlink()
        self.assertIn("there is no cursor yet", str(cursors.load(self.folder, "app1")[1]))

    def test_an_instant_is_read_as_people_and_airtable_write_it(self) -> None:
        for text, instant in (
            ("2026-03-01T12:00:00.000Z", NOON),
            ("2026-03-01T12:00:00z", NOON),
            ("2026-03-01T13:00:00.1234567+01:00", NOON + timedelta(microseconds=123456)),
            ("2026-03-01", NOON - timedelta(hours=12)),
            ("2026-03-01T12:00", NOON),
            ("4d", NOON - timedelta(days=4)),
            ("6h", NOON - timedelta(hours=6)),
            ("30m", NOON - timedelta(minutes=30)),
            ("yesterday", None),
            ("", None),
            ("99999999999d", None),
        ):
            with self.subTest(text):
                self.assertEqual(instants.since(text, NOON), instant)
        self.assertIsNone(instants.read(None))


class Commands(Based):
    """`python -m rialto_hook poll`."""

    def run_poll(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command, env = self.command(*flags), self.environment(**environment)
        return subprocess.run(command, env=env, cwd=ROOT, text=True, capture_output=True, timeout=60)

    def command(self, *flags: str) -> list[str]:
        return [sys.executable, "-m", "rialto_hook", "poll", *flags, "--endpoint", self.airtable.url]

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "AIRTABLE_API_KEY": "patSecret",
            "AIRTABLE_BASE_ID": self.airtable.base,
            "RIALTO_URL": NOBODY,
            "RIALTO_SPOOL": str(self.folder),
        }
        return {**os.environ, **own, **more}

    def spooled(self) -> list[Any]:
        lines = [line for path in self.folder.glob("*-*-*.*") for line in path.read_text().splitlines()]
        return [json.loads(line[1:]) for line in lines]

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_where_nobody_listens_every_message_is_in_the_spool_once_and_without_its_words(self) -> None:
        ids = self.say(120)
        since = "2026-02-28"
        for handed_in, known in ((120, 0), (0, 120)):
            ran = self.run_poll("--once", "--no-rows", "--json", "--since", since)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            told = json.loads(ran.stdout)
            self.assertEqual((told["messages"], told["known"]), (handed_in, known))
            self.assertEqual((told["delivered"], told["cursor"]), (False, "2026-03-01T12:00:00.000Z"))
        events = self.spooled()
        self.assertEqual(sorted(event["id"] for event in events), sorted(ids))
        self.assertEqual(events[0]["fields"], {"Sender": "GondolaDrifter", "Receiver": "@painter"})

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_a_broken_cursor_is_told_of_and_begins_where_it_is_told_to(self) -> None:
        self.say()
        (self.folder / "poll.json").write_text("{")
        ran = self.run_poll("--once", "--no-rows", "--since", "2026-03-01T11:00Z")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("the cursor cannot be read", ran.stderr)
        self.assertIn("since 2026-03-01T11:00:00.000Z", ran.stderr)
        self.assertIn("1 messages handed in", ran.stdout)

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_told_to_end_it_ends_well_and_everything_is_kept(self) -> None:
        ids = self.say(3)
        command = self.command("--every", "3600", "--no-rows", "--since", "2026-02-28")
        env, pipe = self.environment(), subprocess.PIPE
        with subprocess.Popen(command, env=env, cwd=ROOT, text=True, stdout=pipe, stderr=pipe) as process:
            assert process.stdout is not None
            self.assertIn("3 messages handed in", process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, said)
        self.assertIn("ended, as it was told to", said)
        self.assertEqual(sorted(event["id"] for event in self.spooled()), sorted(ids))

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_between_two_rounds_it_waits_as_long_as_it_is_told_to(self) -> None:
        script = textwrap.dedent("""
            import sys, types
            from rialto_hook import __main__
            from rialto_hook.commands import poll

            class Halt:
                waits = []
                def wait(self, seconds):
                    self.waits.append(seconds)
                    return self.waits.count(7) == 3

            poll.threading = types.SimpleNamespace(Event=Halt)
            code = __main__.main()
            print([seconds for seconds in Halt.waits if seconds > 1], code)
        """)
        command = [sys.executable, "-c", script, *self.command("--every", "7", "--no-rows")[3:]]
        ran = subprocess.run(
            command, env=self.environment(), cwd=ROOT, text=True, capture_output=True, timeout=60, check=True
        )
        self.assertEqual(ran.stdout.count("0 messages handed in"), 3, ran.stdout)
        self.assertIn("[7.0, 7.0, 7.0] 0", ran.stdout)

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_a_base_that_does_not_answer_is_a_fault_and_says_what_to_do(self) -> None:
        self.airtable.fail(401)
        ran = self.run_poll("--once", "--no-rows")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("AIRTABLE_API_KEY has to be one that is valid", ran.stderr)
        self.assertNotIn("patSecret", ran.stderr + ran.stdout)
        self.assertNotIn("Traceback", ran.stderr)

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_where_it_stands_is_told_without_asking_anybody(self) -> None:
        before = self.run_poll("--show")
        self.assertEqual((before.returncode, "no cursor yet" in before.stdout), (1, True))
        self.say(2)
        self.run_poll("--once", "--no-rows", "--since", "2026-02-28")
        asked = len(self.airtable.log)
        ran = self.run_poll("--show")
        self.assertEqual(ran.returncode, 0)
        for words in ("2026-03-01T12:00:00.000Z", self.airtable.base, "2 of them are remembered", "never told"):
            self.assertIn(words, ran.stdout)
        told = json.loads(self.run_poll("--show", "--json").stdout)
        self.assertEqual((told["cursor"], told["known"]), ("2026-03-01T12:00:00.000Z", 2))
        self.assertEqual(len(self.airtable.log), asked)

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    def test_what_was_given_wrongly_is_refused_with_what_does(self) -> None:
        for flags, environment, words in (
            (["--since", "soon"], {}, "such as 2026-03-01T08:30Z or 4d"),
            (["--no-messages", "--no-rows"], {}, "nothing to do"),
            (["--requests-per-second", "50"], {}, "Airtable lets five requests through"),
            ([], {"AIRTABLE_API_KEY": ""}, "AIRTABLE_API_KEY not set"),
            ([], {"RIALTO_DISABLED": "1"}, "RIALTO_DISABLED is set"),
        ):
            with self.subTest(words):
                ran = self.run_poll("--once", *flags, **environment)
                self.assertEqual((ran.returncode, words in ran.stderr), (2, True), ran.stderr)

    @skipIf(HAS_PYAIRTABLE, "pyairtable is installed here")
    def test_without_pyairtable_it_says_how_to_install_it(self) -> None:
        ran = self.run_poll("--once")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("pip install 'rialto-hook[poll]'", ran.stderr)
        with self.assertRaisesRegex(Wrong, "pip install"):
            Base.at("any", "app1", Pacer(4))

    @skipUnless(HAS_PYAIRTABLE, MISSING)
    @skipUnless(BINARY, NO_BINARY)
    def test_the_sidecar_prices_what_left_once_and_knows_humans_before_the_first_message(self) -> None:
        self.airtable.insert("CITIZENS", {"Username": "ada", "SocialClass": "Popolani", "IsAI": True})
        self.airtable.insert("CITIZENS", {"Username": "Human1", "SocialClass": "Popolani"})
        for receiver in ("@painter", "Human1", "ada", "ada"):
            self.say(Receiver=receiver, CreatedAt="2026-03-01T11:59:00Z")
        with Rialto(self.folder / "data") as rialto:
            spool = {"RIALTO_URL": rialto.url, "RIALTO_SPOOL": str(self.folder / "spool")}
            for _ in range(2):
                ran = self.run_poll("--once", "--since", "2026-02-28", "--json", **spool)
                self.assertEqual(ran.returncode, 0, ran.stderr)
            # A cursor that was lost hands everything in again, and changes nothing.
            (self.folder / "spool" / "poll.json").unlink()
            ran = self.run_poll("--once", "--since", "2026-02-28", "--json", **spool)
            told = json.loads(ran.stdout)
            self.assertEqual((told["messages"], told["citizens"]["news"]), (4, 0))
            self.settle(spool)
            found = rialto.ask("/v1/transactions?limit=10")["transactions"]
        self.assertEqual([transaction["amount"] for transaction in found], ["0.10", "0.10"])

    def settle(self, spool: dict[str, str]) -> None:
        """Waits until the spool is empty, as an operator would."""
        command = [sys.executable, "-m", "rialto_hook", "flush"]
        subprocess.run(command, env=self.environment(**spool), cwd=ROOT, capture_output=True, timeout=60, check=True)


if __name__ == "__main__":
    unittest.main()
