"""The stand-in for Airtable, spoken with by pyairtable itself and, where its words matter, by plain HTTP."""

from __future__ import annotations

import http.client
import json
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import skipIf
from urllib.parse import quote, urlencode, urlsplit

from venice import columns, formula
from venice.airtable import Airtable

try:
    import pyairtable
    import pyairtable.formulas
    import requests
except ImportError:
    pyairtable = None  # type: ignore[assignment]

MISSING = "pyairtable is not installed here: pip install pyairtable"
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


class Watch:
    """A clock and a stopwatch that go on when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def read(self) -> float:
        return self.seconds


class Spoken(unittest.TestCase):
    """A base, and somebody who speaks plain HTTP with it."""

    def setUp(self) -> None:
        self.watch = Watch()
        self.airtable = Airtable(seed=7, clock=self.watch.now, stopwatch=self.watch.read)
        self.airtable.__enter__()
        self.addCleanup(self.airtable.close)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = "any") -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.airtable.url).netloc, timeout=10)
        self.addCleanup(connection.close)
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        connection.request(method, f"/v0/{path}", text, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def found(self, text: str, table: str = "MESSAGES") -> list[str]:
        """Of the rows that a formula finds, the first field."""
        status, told = self.ask("GET", f"{self.airtable.base}/{table}?{urlencode({'filterByFormula': text})}")
        self.assertEqual(status, 200, told)
        return [next(iter(row["fields"].values())) for row in told["records"]]


@skipIf(pyairtable is None, MISSING)
class Pyairtable(Spoken):
    """What the engine does with its base."""

    def table(self, name: str) -> Any:
        api = pyairtable.Api("any", endpoint_url=self.airtable.url, retry_strategy=None)
        self.addCleanup(api.session.close)
        return api.table(self.airtable.base, name)

    def test_what_is_created_is_there_under_the_id_that_was_answered(self) -> None:
        table = self.table("MESSAGES")
        made = table.create({"Sender": "GondolaDrifter", "Receiver": "@painter", "CreatedAt": "2026-03-01T12:00:00Z"})
        self.assertRegex(made["id"], r"^rec[A-Za-z0-9]{14}$")
        self.assertEqual(made["createdTime"], "2026-03-01T12:00:00.000Z")
        self.assertEqual(table.get(made["id"]), made)
        self.assertEqual(self.airtable.rows("MESSAGES"), [made])

    def test_twenty_five_rows_are_created_ten_a_request_and_come_back_in_order(self) -> None:
        table = self.table("MESSAGES")
        made = table.batch_create([{"MessageId": f"m{number:02}"} for number in range(25)])
        self.assertEqual([request.method for request in self.airtable.log], ["POST"] * 3)
        self.assertEqual(table.all(), made)

    def test_a_listing_goes_page_by_page_through_all_rows_once(self) -> None:
        ids = self.airtable.insert_all("MESSAGES", ({"MessageId": f"m{number}"} for number in range(250)))
        pages = list(self.table("MESSAGES").iterate(page_size=100))
        self.assertEqual([len(page) for page in pages], [100, 100, 50])
        self.assertEqual([row["id"] for page in pages for row in page], ids)
        self.assertEqual(len(self.table("MESSAGES").all(max_records=120, page_size=50)), 120)

    def test_a_row_that_is_made_between_two_pages_moves_none(self) -> None:
        ids = self.airtable.insert_all("MESSAGES", ({"MessageId": f"m{number}"} for number in range(4)))
        pages = self.table("MESSAGES").iterate(page_size=2)
        seen = [row["id"] for row in next(pages)]
        self.airtable.insert("MESSAGES", {"MessageId": "late"})
        self.airtable.delete("MESSAGES", ids[2])
        seen += [row["id"] for page in pages for row in page]
        self.assertEqual(seen, [ids[0], ids[1], ids[3]])

    def test_only_the_fields_that_are_asked_for_are_told_and_empty_ones_never(self) -> None:
        table = self.table("MESSAGES")
        table.create({"Sender": "a", "Content": "secret", "Receiver": "", "Notes": None})
        self.assertEqual(table.all()[0]["fields"], {"Sender": "a", "Content": "secret"})
        self.assertEqual(table.all(fields=["Sender", "Receiver"])[0]["fields"], {"Sender": "a"})

    def test_rows_are_sorted_by_one_field_after_the_other(self) -> None:
        for sender, place in (("b", "1"), ("a", "1"), ("a", "2"), ("c", None)):
            self.airtable.insert("MESSAGES", {"Sender": sender, **({"Location": place} if place else {})})
        rows = self.table("MESSAGES").all(sort=["-Location", "Sender"])
        told = [(row["fields"]["Sender"], row["fields"].get("Location")) for row in rows]
        self.assertEqual(told, [("a", "2"), ("a", "1"), ("b", "1"), ("c", None)])

    def test_an_update_keeps_what_it_does_not_name_and_a_replacement_does_not(self) -> None:
        table = self.table("ACTIVITIES")
        row_id = table.create({"Type": "rest", "Status": "created"})["id"]
        self.assertEqual(
            table.update(row_id, {"Status": "processed"})["fields"], {"Type": "rest", "Status": "processed"}
        )
        self.assertEqual(table.update(row_id, {"Status": "failed"}, replace=True)["fields"], {"Status": "failed"})
        both = table.batch_update([{"id": row_id, "fields": {"Type": "idle"}}])
        self.assertEqual(both[0]["fields"], {"Status": "failed", "Type": "idle"})

    def test_what_is_deleted_is_gone_for_good(self) -> None:
        table = self.table("MESSAGES")
        first, second = (table.create({"Sender": name})["id"] for name in "ab")
        self.assertEqual(table.delete(first), {"id": first, "deleted": True})
        self.assertEqual(table.batch_delete([second]), [{"id": second, "deleted": True}])
        self.assertEqual(table.all(), [])
        with self.assertRaises(requests.HTTPError) as refused:
            table.get(first)
        answer = refused.exception.response
        assert answer is not None
        self.assertEqual(answer.status_code, 404)

    def test_a_question_that_is_too_long_for_a_url_comes_as_a_body(self) -> None:
        self.airtable.insert_all("MESSAGES", ({"Sender": name} for name in ("x0", "x999", "y")))
        text = f"OR({','.join(f'''{{Sender}}='x{number}{chr(39)}''' for number in range(1000))})"
        rows = self.table("MESSAGES").all(formula=text, sort=["-Sender"], page_size=1)
        self.assertEqual([row["fields"]["Sender"] for row in rows], ["x999", "x0"])
        self.assertEqual({request.what for request in self.airtable.log}, {"listRecords"})

    def test_a_column_that_is_not_there_is_refused_by_name(self) -> None:
        table = self.table("MESSAGES")
        for ask, given in ((table.create, ({"Mood": "low"},)), (table.all, ())):
            with self.assertRaises(requests.HTTPError) as refused:
                ask(*given, **({} if given else {"fields": ["Mood"]}))
            self.assertIn('Unknown field name: "Mood"', str(refused.exception))
        self.assertEqual(self.airtable.rows("MESSAGES"), [])

    def test_a_status_may_be_refused_for_a_while_and_then_taken(self) -> None:
        table = self.table("ACTIVITIES")
        row_id = table.create({"Status": "created"})["id"]
        self.airtable.fail(503, times=2, table="ACTIVITIES", method="PATCH")
        for _ in range(2):
            self.assertEqual(table.get(row_id)["fields"], {"Status": "created"})
            with self.assertRaises(requests.HTTPError):
                table.update(row_id, {"Status": "processed"})
        self.assertEqual(table.update(row_id, {"Status": "processed"})["fields"], {"Status": "processed"})

    def test_pyairtable_s_own_formulas_are_read(self) -> None:
        self.airtable.insert_all("MESSAGES", ({"Sender": name} for name in ("O'Malley", "b")))
        rows = self.table("MESSAGES").all(formula=pyairtable.formulas.match({"Sender": "O'Malley"}))
        self.assertEqual([row["fields"]["Sender"] for row in rows], ["O'Malley"])


class Words(Spoken):
    """Its answers, as they are."""

    def test_nobody_is_let_in_without_a_token(self) -> None:
        status, told = self.ask("GET", f"{self.airtable.base}/MESSAGES", token=None)
        self.assertEqual((status, told["error"]["type"]), (401, "AUTHENTICATION_REQUIRED"))

    def test_another_token_than_its_own_is_refused(self) -> None:
        with Airtable(token="patVenice") as airtable:
            self.airtable = airtable
            self.assertEqual(self.ask("GET", f"{airtable.base}/MESSAGES", token="other")[0], 401)
            self.assertEqual(self.ask("GET", f"{airtable.base}/MESSAGES", token="patVenice")[0], 200)

    def test_what_is_not_there_is_not_found(self) -> None:
        base = self.airtable.base
        for path, status, kind in (
            (f"{base}/GONDOLAS", 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"),
            ("appSomewhereElse0/MESSAGES", 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"),
            (f"{base}/MESSAGES/rec00000000000000", 404, "NOT_FOUND"),
            ("nowhere", 404, "NOT_FOUND"),
        ):
            with self.subTest(path):
                answered, told = self.ask("GET", path)
                error = told["error"]
                self.assertEqual((answered, error if isinstance(error, str) else error["type"]), (status, kind))

    def test_what_does_not_fit_is_refused_and_none_of_its_batch_is_kept(self) -> None:
        path = f"{self.airtable.base}/ACTIVITIES"
        for body, kind in (
            ({"records": [{"fields": {"Type": "a"}}, {"fields": {"Nonsense": 1}}]}, "UNKNOWN_FIELD_NAME"),
            ({"records": [{"fields": {"Type": "a"}}, {"fields": {"Type": 5}}]}, "INVALID_VALUE_FOR_COLUMN"),
            ({"fields": {"EndDate": "tomorrow"}}, "INVALID_VALUE_FOR_COLUMN"),
            ({"fields": {"Priority": "high"}}, "INVALID_VALUE_FOR_COLUMN"),
            ({"records": [{"fields": {}}] * 11}, "INVALID_REQUEST_UNKNOWN"),
            ({}, "INVALID_REQUEST_MISSING_FIELDS"),
        ):
            with self.subTest(kind):
                status, told = self.ask("POST", path, body)
                self.assertEqual((status, told["error"]["type"]), (422, kind))
        self.assertEqual(self.ask("POST", path, b"{")[0], 400)
        self.assertEqual(self.airtable.rows("ACTIVITIES"), [])

    def test_a_time_is_kept_as_utc_to_the_millisecond(self) -> None:
        fields = {"EndDate": "2026-03-01T14:00:00.1234+02:00", "StartDate": "2026-03-01"}
        _, told = self.ask("POST", f"{self.airtable.base}/ACTIVITIES", {"fields": fields})
        self.assertEqual(
            told["fields"], {"EndDate": "2026-03-01T12:00:00.123Z", "StartDate": "2026-03-01T00:00:00.000Z"}
        )

    def test_a_batch_of_changes_with_a_row_that_is_gone_changes_nothing(self) -> None:
        row_id = self.airtable.insert("ACTIVITIES", {"Status": "created"})
        records = [{"id": one, "fields": {"Status": "failed"}} for one in (row_id, "rec00000000000000")]
        status, told = self.ask("PATCH", f"{self.airtable.base}/ACTIVITIES", {"records": records})
        self.assertEqual((status, told["error"]["type"]), (404, "ROW_DOES_NOT_EXIST"))
        self.assertEqual(self.airtable.rows("ACTIVITIES")[0]["fields"], {"Status": "created"})

    def test_a_listing_that_ran_out_cannot_be_gone_on_with(self) -> None:
        self.airtable.insert_all("MESSAGES", [{"Sender": "a"}] * 3)
        path = f"{self.airtable.base}/MESSAGES?pageSize=2"
        offset = quote(self.ask("GET", path)[1]["offset"])
        self.assertEqual(self.ask("GET", f"{path}&offset={offset}")[0], 200)
        self.airtable.forget_listings()
        status, told = self.ask("GET", f"{path}&offset={offset}")
        self.assertEqual((status, told), (422, {"error": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}))

    def test_the_sixth_request_of_a_second_closes_the_base_for_thirty(self) -> None:
        watch = self.watch
        with Airtable(requests_per_s=5, stopwatch=watch.read) as airtable:
            self.airtable = airtable
            path = f"{airtable.base}/MESSAGES"
            self.assertEqual([self.ask("GET", path)[0] for _ in range(6)], [200] * 5 + [429])
            self.assertIn("errors", self.ask("GET", path)[1])
            watch.seconds += 29
            self.assertEqual(self.ask("GET", path)[0], 429)
            watch.seconds += 1.1
            self.assertEqual(self.ask("GET", path)[0], 200)

    def test_the_same_seed_gives_the_same_ids_whatever_else_was_made(self) -> None:
        with Airtable(seed=7) as other:
            other.insert("CITIZENS", {"Username": "GondolaDrifter"})
            ids = [other.insert("MESSAGES", {}) for _ in range(3)]
        self.assertEqual([self.airtable.insert("MESSAGES", {}) for _ in range(3)], ids)
        self.assertEqual(len(set(ids)), 3)

    def test_who_was_connected_is_cut_off_when_it_closes(self) -> None:
        with Airtable() as airtable:
            connection = http.client.HTTPConnection(urlsplit(airtable.url).netloc, timeout=10)
            self.addCleanup(connection.close)
            connection.request("GET", "/v0/x")
            connection.getresponse().read()
        with self.assertRaises((OSError, http.client.HTTPException)):
            connection.request("GET", "/v0/x")
            connection.getresponse()


class Formulas(Spoken):
    """`filterByFormula`."""

    def setUp(self) -> None:
        super().setUp()
        for hour, (sender, created_at) in enumerate(
            (
                ("early", "2026-03-01T08:00:00Z"),
                ("naive", "2026-03-01 13:00:00"),
                ("junk", "28 Mar 1526, 16:04"),
                ("none", None),
            )
        ):
            fields = {"Sender": sender, **({"CreatedAt": created_at} if created_at else {})}
            self.airtable.insert("MESSAGES", fields, NOON + timedelta(hours=hour))

    def test_rows_are_found_by_when_they_were_made_whatever_they_say_themselves(self) -> None:
        text = "IS_AFTER(CREATED_TIME(), DATETIME_PARSE('2026-03-01T13:00:00.000Z'))"
        self.assertEqual(self.found(text), ["junk", "none"])
        between = f"AND({text}, IS_BEFORE(CREATED_TIME(), DATETIME_PARSE('2026-03-01T15:00:00Z')))"
        self.assertEqual(self.found(between), ["junk"])

    def test_an_error_in_one_part_is_an_error_of_all_of_it(self) -> None:
        own = "IS_AFTER({CreatedAt}, DATETIME_PARSE('2026-03-01T09:00:00Z'))"
        self.assertEqual(self.found(own), ["naive"])
        self.assertEqual(self.found(f"OR({own}, 1=1)"), ["early", "naive"])
        self.assertEqual(self.found(f"NOT({own})"), ["early"])

    def test_comparisons_are_about_texts_numbers_times_and_boxes(self) -> None:
        self.airtable.insert("CITIZENS", {"Username": "anna", "Ducats": 12.5, "IsAI": True})
        self.airtable.insert("CITIZENS", {"Username": "O'Malley", "CreatedAt": "2026-03-01T12:00:00.000Z"})
        for text, names in (
            ("{Username}='anna'", ["anna"]),
            ('Username != "anna"', ["O'Malley"]),
            (r"{Username}='O\'Malley'", ["O'Malley"]),
            ("{Ducats} >= 12.5", ["anna"]),
            ("{Ducats} > -1", ["anna", "O'Malley"]),
            ("AND({Ducats} < 13, {Ducats} > 12)", ["anna"]),
            ("{IsAI}=TRUE()", ["anna"]),
            ("NOT({IsAI})", ["O'Malley"]),
            ("{IsAI}=FALSE()", ["O'Malley"]),
            ("{CreatedAt}=BLANK()", ["anna"]),
            ("{CreatedAt} <= '2026-03-01T13:00:00+01:00'", ["anna", "O'Malley"]),
            ("{CreatedAt} <= NOW()", ["anna", "O'Malley"]),
            ("IS_BEFORE({CreatedAt}, DATETIME_ADD(NOW(), 1, 'hours'))", ["O'Malley"]),
            ("OR()", []),
        ):
            with self.subTest(text):
                self.assertEqual(self.found(text, "CITIZENS"), names)

    def test_a_formula_that_cannot_be_read_is_refused_and_says_why(self) -> None:
        for text, words in (
            ("{Mood}='low'", "Unknown field names: mood"),
            ("REGEX_MATCH({Sender}, 'a')", "Unknown function names: REGEX_MATCH"),
            ("{Sender}=", "Invalid formula. Please check your formula text."),
            ("AND({Sender}='a'", "Invalid formula. Please check your formula text."),
            ("'a' 'b'", "Invalid formula. Please check your formula text."),
            ("DATETIME_PARSE('1', 'X')", "Invalid formula. Please check your formula text."),
        ):
            with self.subTest(text):
                path = f"{self.airtable.base}/MESSAGES?{urlencode({'filterByFormula': text})}"
                status, told = self.ask("GET", path)
                self.assertEqual(status, 422)
                self.assertEqual(
                    told["error"],
                    {
                        "type": "INVALID_FILTER_BY_FORMULA",
                        "message": f"The formula for filtering records is invalid: {words}",
                    },
                )

    def test_every_column_of_a_table_without_columns_may_be_asked_about(self) -> None:
        row = {"id": "rec1", "createdTime": "2026-03-01T12:00:00.000Z", "fields": {"Anything": 3}}
        self.assertTrue(formula.read("{Anything}=3", {}, self.watch.now)(row))
        self.assertEqual(columns.TABLES["PROBLEMS"], {})


if __name__ == "__main__":
    unittest.main()
