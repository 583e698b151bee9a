"""What a host in Python may rely on, tried on the wheel as it is installed.

Each test has a data folder of its own, so that all may run beside each other. Other processes are real ones: they run a
script with this interpreter, and say what they found.
"""

from __future__ import annotations

import ast
import datetime
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
from decimal import Decimal

import rialto

PATIENCE_S = 120
KEYS = {"index", "id", "status", "amount", "currency", "stage", "transaction_id"}


def service(name, **fields):
    """An hour of a paid service, in the flat form."""
    event = {"activity_id": name, "citizen_id": "Zanetta", "type": "paid_service", "client_id": "c1", "duration": 60}
    return {**event, **fields}


def letter(name, receiver="@lagoon"):
    return {"id": name, "fields": {"Sender": "Zanetta", "Receiver": receiver, "Content": "Buongiorno"}}


class Mute:
    """Something that cannot be written down."""

    def __str__(self):
        raise LookupError("it has no words")


class Case(unittest.TestCase):
    """A test with a data folder, and what it opened there."""

    def setUp(self):
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        self.folder = pathlib.Path(room.name) / "book"

    def open(self, **settings):
        book = rialto.Rialto(self.folder, **settings)
        self.addCleanup(book.close)
        return book

    def run_script(self, script):
        """Another process, with the data folder as its argument; what it prints is JSON."""
        command = [sys.executable, "-c", textwrap.dedent(script), str(self.folder)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return [json.loads(line) for line in ended.stdout.splitlines()]


class Recording(Case):
    def test_a_receipt_says_what_an_event_came_to(self):
        receipt = self.open().record(service("a1"))
        wanted = {"index": 0, "id": "a1", "status": "priced", "amount": "50.00", "currency": "EUR", "stage": "shadow"}
        self.assertEqual(receipt, {**wanted, "transaction_id": "tx_1"})
        self.assertEqual(set(receipt), KEYS)

    def test_the_engines_own_record_is_taken_with_what_it_keeps_in_it(self):
        begun = datetime.datetime(2026, 3, 4, 9, 30, tzinfo=datetime.timezone.utc)
        fields = {
            "ActivityId": "paid_service_Zanetta_1",
            "Type": "paid_service",
            "Citizen": ["Zanetta"],
            "Status": "processed",
            "EndDate": begun,
            "Notes": json.dumps({"revenue": {"client": "c1", "minutes": 90, "expertise": "1.2"}}),
            "_ParsedStartDate": object(),
            "Priority": float("nan"),
        }
        receipt = self.open().record(
            {"id": "recQ8fLm2Vt5Xb7Ka", "createdTime": begun, "_seen": {1, 2}, "fields": fields}
        )
        self.assertEqual((receipt["id"], receipt["amount"]), ("recQ8fLm2Vt5Xb7Ka", "90.00"))
        self.assertNotIn("time_basis", receipt)

    def test_keys_that_begin_with_an_underscore_are_not_even_written(self):
        # Whoever writes such a thing down is raised at, and the event would be a bad one.
        receipts = self.open().record_batch([service("a1", _parsed=Mute()), service("a2", parsed=Mute())])
        self.assertEqual([receipt["status"] for receipt in receipts], ["priced", "rejected"])

    def test_json_is_as_good_as_a_dict(self):
        book = self.open()
        text = json.dumps(service("a1"))
        statuses = [receipt["status"] for receipt in book.record_batch([text, text.encode(), service("a1")])]
        self.assertEqual(statuses, ["priced", "duplicate", "duplicate"])

    def test_receipts_of_a_batch_are_in_the_order_of_its_events(self):
        names = [f"a{number}" for number in range(500)]
        receipts = self.open().record_batch(service(name) for name in names)
        self.assertEqual([receipt["id"] for receipt in receipts], names)
        self.assertEqual([receipt["index"] for receipt in receipts], list(range(500)))
        self.assertEqual(len({receipt["transaction_id"] for receipt in receipts}), 500)

    def test_an_event_is_its_feed_and_its_id(self):
        book = self.open()
        self.assertEqual(book.record(letter("recL1"), feed="message")["amount"], "0.10")
        self.assertEqual(book.record(letter("recL1"), feed="message")["status"], "duplicate")
        self.assertEqual(book.record(letter("recL1"))["status"], "recorded")

    def test_other_content_under_the_same_id_is_a_conflict_and_the_first_stays(self):
        book = self.open()
        book.record(service("a1"))
        self.assertEqual(book.record(service("a1", duration=90))["status"], "conflict")
        self.assertEqual(book.dashboard()["shadow"]["all_time"], "50.00")

    def test_who_is_who_decides_what_a_letter_costs(self):
        book = self.open()
        rows = [{"id": "recC1", "fields": {"Username": "Marietta", "IsAI": False}}, "no row"]
        self.assertEqual([result["status"] for result in book.describe(rows)], ["recorded", "rejected"])
        self.assertEqual(book.describe(rows[:1])[0]["status"], "duplicate")
        self.assertEqual(book.record(letter("recL1", "Marietta"), "message")["amount"], "0.10")
        self.assertEqual(book.record(letter("recL2", "Orsola"), "message")["amount"], "0.00")

    def test_rows_of_buildings_are_told_from_those_of_citizens(self):
        book, bakery = self.open(), "building_45.1_12.2"
        row = {"BuildingId": bakery, "Category": "business", "RunBy": "Zanetta", "Type": "bakery"}
        self.assertEqual(book.describe([{"id": "recB1", "fields": row}], table="buildings")[0]["status"], "recorded")
        book.record(service("a1", ToBuilding=bakery))
        self.assertEqual(book.dashboard()["top_businesses"], [{"business_id": bakery, "amount": "50.00"}])


class Money(Case):
    def test_amounts_are_texts_that_add_up_to_the_last_digit(self):
        book = self.open()
        book.record_batch([letter(f"recL{number}") for number in range(3)], "message")
        receipt = book.record(service("a1", duration=7, skills={"expertise": Decimal("1.1")}))
        self.assertEqual(receipt["amount"], "6.416667")
        board = book.dashboard()
        self.assertEqual((board["shadow"]["all_time"], board["currency"]), ("6.716667", "EUR"))
        self.assertEqual(board["top_earners"], [{"citizen_id": "Zanetta", "amount": "6.716667"}])

    def test_a_decimal_keeps_digits_that_a_float_would_lose(self):
        book = self.open()
        exact = Decimal("0.10000000000000000001")
        self.assertNotEqual(Decimal(float(exact)), exact)
        text = '{"activity_id":"a1","citizen_id":"Zanetta","type":"paid_service","client_id":"c1","duration":60,'
        book.record(text + '"skills":{"expertise":0.10000000000000000001}}')
        self.assertEqual(book.record(service("a1", skills={"expertise": exact}))["status"], "duplicate")
        self.assertEqual(book.record(service("a1", skills={"expertise": float(exact)}))["status"], "conflict")

    def test_nothing_in_an_answer_is_a_float(self):
        book = self.open()
        answers = [book.record(service("a1", skills={"expertise": 1.5})), book.dashboard()]
        with self.assertRaisesRegex(AssertionError, "0.5"):
            self.refuse_floats({"a": [0.5]})
        self.refuse_floats(answers)

    def refuse_floats(self, value):
        self.assertNotIsInstance(value, float, str(value))
        if isinstance(value, (dict, list)):
            for inner in value.values() if isinstance(value, dict) else value:
                self.refuse_floats(inner)


class BadEvents(Case):
    def test_each_is_rejected_alone_with_a_code_and_a_sentence(self):
        deep = {}
        for _ in range(1000):
            deep = {"deeper": deep}
        loop = service("a9")
        loop["itself"] = loop
        bad = [
            ({"type": "paid_service"}, "missing_id"),
            ("{not json", "not_json"),
            (b'{"activity_id":"\xff"}', "not_json"),
            (service("a9", thing=Mute()), "not_json"),
            (service("a9", thing="\ud83d"), "not_json"),
            (service("a9", thing=deep), "too_deep"),
            (loop, "too_deep"),
            (service("a9", citizen_id="Z" * 5000), "bad_field"),
            (None, "not_an_object"),
            ([service("a9")], "not_an_object"),
            (5, "not_an_object"),
        ]
        events = [service("good0")]
        for number, (event, _) in enumerate(bad, 1):
            events += [event, service(f"good{number}")]
        receipts = self.open().record_batch(events)
        self.assertEqual([receipt["status"] for receipt in receipts[::2]], ["priced"] * (len(bad) + 1))
        self.assertEqual([receipt["status"] for receipt in receipts[1::2]], ["rejected"] * len(bad))
        self.assertEqual([receipt["error"]["code"] for receipt in receipts[1::2]], [code for _, code in bad])
        for receipt in receipts[1::2]:
            self.assertGreater(len(receipt["error"]["message"].split()), 3)
            self.assertIsNone(receipt["amount"])

    def test_a_bad_event_that_is_submitted_is_told_to_the_logger_and_raises_nothing(self):
        book = self.open()
        with self.assertLogs("rialto", "WARNING") as told:
            book.submit({"type": "paid_service"})
        self.assertIn("missing_id", told.output[0])

    def test_what_is_given_wrongly_is_said_with_what_is_right(self):
        book = self.open()
        for call, error, words in [
            (lambda: book.record(service("a1"), feed="letters"), ValueError, '"activity" or "message"'),
            (lambda: book.submit(service("a1"), feed="letters"), ValueError, '"activity" or "message"'),
            (lambda: book.describe([], table="docks"), ValueError, '"citizens" or "buildings"'),
            (lambda: book.dashboard("ducats"), ValueError, "EUR"),
            (lambda: book.record_batch(service("a1")), TypeError, "a list of events"),
            (lambda: book.record_batch(json.dumps(service("a1"))), TypeError, "a list of events"),
            (lambda: book.record_batch(["{}"] * 10_001), ValueError, "in parts"),
            (lambda: rialto.Rialto(self.folder / "other", time_zone="Mars/Olympus"), ValueError, "Europe/Rome"),
        ]:
            with self.subTest(words), self.assertRaisesRegex(error, words):
                call()
        self.assertEqual(book.dashboard()["shadow"]["all_time"], "0.00")

    def test_an_interrupt_while_an_event_is_written_is_no_bad_event(self):
        class Pressed:
            def __str__(self):
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.open().record(service("a1", thing=Pressed()))


class Lasting(Case):
    def test_what_was_recorded_is_there_after_closing_and_opening_again(self):
        with self.open() as book:
            first = book.record(service("a1"))
            before = book.dashboard()["shadow"]
        with self.open() as book:
            self.assertEqual(book.dashboard()["shadow"], before)
            again = book.record(service("a1"))
            self.assertEqual((again["status"], again["transaction_id"]), ("duplicate", first["transaction_id"]))

    def test_what_was_submitted_is_there_after_closing(self):
        with self.open() as book:
            for number in range(1000):
                self.assertIsNone(book.submit(letter(f"recL{number}"), "message"))
        self.assertEqual(self.open().dashboard()["shadow"]["all_time"], "100.00")

    def test_a_receipt_outlives_a_process_that_is_killed(self):
        script = """
            import os, signal, sys, rialto
            book = rialto.Rialto(sys.argv[1])
            receipt = book.record({"activity_id": "a1", "citizen_id": "Z", "type": "paid_service", "duration": 60})
            print('"' + receipt["transaction_id"] + '"', flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """
        command = [sys.executable, "-c", textwrap.dedent(script), str(self.folder)]
        killed = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual((killed.returncode, killed.stdout.strip()), (-9, '"tx_1"'), killed.stderr)
        self.assertEqual(self.open().dashboard()["shadow"]["all_time"], "50.00")

    def test_a_host_that_ends_without_closing_loses_nothing_that_it_submitted(self):
        # A thread that is never joined has it until the end, so that nobody lets it go before.
        self.run_script("""
            import sys, threading, rialto
            book = rialto.Rialto(sys.argv[1])
            hold = lambda book: threading.Event().wait()
            threading.Thread(target=hold, args=(book,), daemon=True).start()
            for number in range(900):
                book.submit({"id": f"recL{number}", "Sender": "Z", "Receiver": "@lagoon"}, "message")
        """)
        # It ended in good order: only that takes a snapshot of so little.
        self.assertTrue(any((self.folder / "images").iterdir()))
        self.assertEqual(self.open().dashboard()["shadow"]["all_time"], "90.00")

    def test_one_that_is_let_go_lets_its_folder_go(self):
        book = rialto.Rialto(self.folder)
        for number in range(100):
            book.submit(letter(f"recL{number}"), "message")
        del book
        self.assertEqual(self.open().dashboard()["shadow"]["all_time"], "10.00")

    def test_closed_is_closed(self):
        book = self.open()
        self.assertFalse(book.closed)
        book.close()
        book.close()
        self.assertTrue(book.closed)
        for call in [
            lambda: book.record(service("a1")),
            lambda: book.record_batch([service("a1")]),
            lambda: book.submit(service("a1")),
            lambda: book.describe([]),
            lambda: book.dashboard(),
        ]:
            with self.assertRaisesRegex(rialto.Closed, "open the folder anew"):
                call()


class Processes(Case):
    def test_another_process_is_told_that_the_folder_is_in_use_and_what_to_do(self):
        self.open()
        (said,) = self.run_script("""
            import json, sys, rialto
            try:
                rialto.Rialto(sys.argv[1])
            except rialto.FolderInUse as error:
                print(json.dumps(str(error)))
        """)
        for words in (str(self.folder), "in use by another process", "the spool of rialto_hook"):
            self.assertIn(words, said)

    def test_one_process_opens_a_folder_once(self):
        self.open()
        with self.assertRaises(rialto.FolderInUse):
            rialto.Rialto(self.folder)

    @unittest.skipUnless(hasattr(sys, "getswitchinterval") and sys.platform != "win32", "it takes a fork")
    def test_a_forked_process_is_told_so_and_takes_nothing_from_its_parent(self):
        said = self.run_script("""
            import json, os, subprocess, sys, rialto
            book = rialto.Rialto(sys.argv[1])
            event = {"activity_id": "a1", "citizen_id": "Z", "type": "paid_service", "duration": 60}
            child = os.fork()
            if child == 0:
                for call in (lambda: book.record(event), lambda: book.submit(event), book.dashboard, book.close):
                    try:
                        call()
                        print(json.dumps("it was taken"))
                    except rialto.Forked as error:
                        print(json.dumps(type(error).__name__))
                # It ends as a process does: what it has is let go, and nothing of it is the parent's.
                del book
                sys.exit(0)
            _, status = os.waitpid(child, 0)
            print(json.dumps(os.waitstatus_to_exitcode(status)))
            other = "import sys, rialto\\ntry: rialto.Rialto(sys.argv[1])\\nexcept rialto.FolderInUse: print('in use')"
            told = subprocess.run([sys.executable, "-c", other, sys.argv[1]], capture_output=True, text=True)
            print(json.dumps(told.stdout.strip()))
            print(json.dumps(book.record(event)["status"]))
            book.close()
        """)
        self.assertEqual(said, ["Forked"] * 4 + [0, "in use", "priced"])


class Threads(Case):
    def test_another_thread_goes_on_while_one_waits_for_a_receipt(self):
        """The interpreter takes nothing from a thread by itself here: another one runs only where it is let go."""
        book = self.open()
        gate, is_waiting, went_on = threading.Lock(), threading.Event(), []
        gate.acquire()

        def go_on():
            is_waiting.set()
            with gate:
                went_on.append(True)

        other = threading.Thread(target=go_on)
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(10_000)
        other.start()
        is_waiting.wait()
        gate.release()
        number = 0
        while not went_on and number < 2000:
            book.record(service(f"a{number}"))
            number += 1
        has_gone_on = bool(went_on)
        sys.setswitchinterval(interval)
        other.join()
        self.assertTrue(has_gone_on, f"no other thread ran in {number} waits for a receipt")

    def test_many_threads_record_and_nothing_is_lost_or_counted_twice(self):
        book = self.open()
        statuses, faults = [], []

        def record(thread):
            try:
                for number in range(50):
                    # Every event comes from two threads.
                    statuses.append(book.record(letter(f"recL{thread // 2}x{number}"), "message")["status"])
                    book.submit(letter(f"recS{thread}x{number}"), "message")
            except rialto.RialtoError as fault:
                faults.append(fault)

        threads = [threading.Thread(target=record, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual((statuses.count("priced"), statuses.count("duplicate")), (200, 200))
        book.close()
        self.assertEqual(self.open().dashboard()["shadow"]["all_time"], "60.00")

    def test_closing_while_others_record_ends_each_of_them_with_a_receipt_or_with_closed(self):
        book = self.open()
        begun, ended, recorded = threading.Barrier(5), [], []

        def record(thread):
            begun.wait()
            try:
                for number in range(100_000):
                    event = letter(f"recL{thread}x{number}")
                    book.record(event, "message")
                    recorded.append(event)
            except rialto.Closed:
                ended.append(thread)

        threads = [threading.Thread(target=record, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        book.close()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(ended), [0, 1, 2, 3])
        again = self.open().record_batch(recorded, "message")
        self.assertEqual([receipt["status"] for receipt in again], ["duplicate"] * len(recorded))


class Wheel(unittest.TestCase):
    def test_one_wheel_is_for_every_python_from_3_9_on(self):
        tags = importlib.metadata.distribution("rialto-python").read_text("WHEEL")
        self.assertIn("Tag: cp39-abi3-", tags)

    def test_the_stubs_name_what_there_is_and_it_says_what_it_does(self):
        package = pathlib.Path(rialto.__file__).parent
        self.assertTrue((package / "py.typed").is_file())
        stub = ast.parse((package / "__init__.pyi").read_text())
        stubs = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
        told = {node.name for node in stubs["Rialto"].body if isinstance(node, ast.FunctionDef)}
        there = {name for name in vars(rialto.Rialto) if not name.startswith("__")}
        self.assertEqual({name for name in told if not name.startswith("__")}, there)
        for name in sorted(there):
            self.assertTrue(getattr(rialto.Rialto, name).__doc__, name)
        for name in ("RialtoError", "FolderInUse", "Closed", "Full", "Forked"):
            self.assertTrue(issubclass(getattr(rialto, name), rialto.RialtoError), name)
            self.assertIn(name, stubs)


if __name__ == "__main__":
    unittest.main()
