"""Stands in for Airtable: its REST API over rows in memory, so that what speaks with Airtable speaks with this.

    with Airtable(seed=7) as airtable:
        airtable.insert("MESSAGES", {"Sender": "GondolaDrifter", "Receiver": "@painter"})
        pyairtable.Api("any", endpoint_url=airtable.url).table(airtable.base, "MESSAGES").all()

or by itself: `python -m venice.airtable --port 8090 --requests-per-second 5`. It keeps five requests a second where it
is asked to, fails for as long as it is told to, and forgets everything when it ends. It is for this machine alone.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from . import columns, formula
from .listener import Listener
from .table import Refused, Row, Table

BASE = "appVenice00000000"
#: Airtable's own.
ROWS_PER_PAGE = 100
ROWS_PER_WRITE = 10
REST_S = 30.0
URL_MAX = 16_000
#: Listings that may be gone on with.
_LISTINGS_MAX = 1000
_LOG_MAX = 100_000
_NO_MODEL = (
    "Invalid permissions, or the requested model was not found. Check that both your user and your token have the"
    " required permissions, and that the model names and/or ids are correct."
)
_SORT = re.compile(r"sort\[(\d+)\]\[(field|direction)\]")


@dataclass(frozen=True)
class Request:
    """A request that came, and how it was answered; `at` is what the stopwatch said."""

    at: float
    method: str
    #: The table, then the record or `listRecords`, where there is one.
    table: str
    what: str
    query: Mapping[str, Any]
    status: int


@dataclass
class _Failure:
    status: int
    left: int | None
    table: str | None
    method: str | None


@dataclass
class _Pace:
    """How many requests came within the last second, and until when none is let in."""

    requests_per_s: float | None
    rest_s: float
    came: deque[float] = field(default_factory=deque)
    closed_until: float = float("-inf")

    def check(self, now: float) -> None:
        if self.requests_per_s is None:
            return
        while self.came and self.came[0] <= now - 1.0:
            self.came.popleft()
        if self.requests_per_s <= len(self.came):
            self.closed_until = now + self.rest_s
        if now < self.closed_until:
            raise Refused(429, "RATE_LIMIT_REACHED", "Rate limit exceeded. Please try again later")
        self.came.append(now)


class Airtable:
    """A base. Requests may come from many threads; so may calls."""

    def __init__(
        self,
        *,
        tables: Mapping[str, columns.Columns] = columns.TABLES,
        base: str = BASE,
        token: str | None = None,
        seed: int = 1,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        stopwatch: Callable[[], float] = time.monotonic,
        requests_per_s: float | None = None,
        rest_s: float = REST_S,
        port: int = 0,
    ) -> None:
        """`clock` says when a row was made; `stopwatch` how fast requests come. Without a `token` any one is let in."""
        self.base = base
        self.log: deque[Request] = deque(maxlen=_LOG_MAX)
        self._token = token
        self._stopwatch = stopwatch
        self._clock = clock
        self._tables = {name: Table(name, known, seed, clock) for name, known in tables.items()}
        self._pace = _Pace(requests_per_s, rest_s)
        self._failures: list[_Failure] = []
        self._listings: dict[str, list[str]] = {}
        self._chance = random.Random(seed)
        self._turn = threading.RLock()
        self._listener = Listener(port, self.answer)

    def __enter__(self) -> Airtable:
        self._listener.start()
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops answering; who is connected is cut off."""
        self._listener.close()

    @property
    def url(self) -> str:
        """What takes the place of `https://api.airtable.com`."""
        return self._listener.url

    def rows(self, table: str) -> list[Row]:
        """The rows of a table as they are, in the order in which they were made."""
        with self._turn:
            return [{**row, "fields": dict(row["fields"])} for row in self._tables[table].rows.values()]

    def insert(self, table: str, fields: Mapping[str, Any], created: datetime | None = None) -> str:
        """Makes a row without asking whether it fits, as if it had been made then; its id."""
        with self._turn:
            row_id: str = self._tables[table].insert(fields, created)["id"]
            return row_id

    def insert_all(self, table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Makes many rows."""
        with self._turn:
            there = self._tables[table]
            return [there.insert(fields)["id"] for fields in rows]

    def change(self, table: str, row_id: str, fields: Mapping[str, Any]) -> None:
        """Changes fields of a row; `None` clears one."""
        with self._turn:
            row = self._tables[table].at(row_id)
            row["fields"] = {name: value for name, value in {**row["fields"], **fields}.items() if value is not None}

    def delete(self, table: str, row_id: str) -> None:
        """Deletes a row."""
        with self._turn:
            self._tables[table].delete([row_id])

    def fail(
        self,
        status: int = 503,
        *,
        times: int | None = None,
        table: str | None = None,
        method: str | None = None,
    ) -> None:
        """Answers with this status until it is healed, or so many times; only these requests, if some are named."""
        with self._turn:
            self._failures.append(_Failure(status, times, table, method))

    def heal(self) -> None:
        """Fails no more."""
        with self._turn:
            self._failures.clear()

    def forget_listings(self) -> None:
        """Lets every listing run out, as happens to who takes too long between two pages."""
        with self._turn:
            self._listings.clear()

    def answer(self, method: str, target: str, token: str | None, body: bytes) -> tuple[int, Any]:
        """The answer to a request: a status, and what its body says."""
        with self._turn:
            at = self._stopwatch()
            path, query = _read_target(target)
            table, what = (*path[2:4], "", "")[:2]
            try:
                self._let_in(method, path, token, at, len(target))
                status, told = 200, self._serve(method, path, query, _read_body(body))
            except Refused as refused:
                status, told = refused.status, _refusal(refused)
            self.log.append(Request(at, method, table, what, query, status))
            return status, told

    def _let_in(self, method: str, path: Sequence[str], token: str | None, at: float, target_bytes: int) -> None:
        if not token or (self._token is not None and token != self._token):
            raise Refused(401, "AUTHENTICATION_REQUIRED", "Authentication required")
        if URL_MAX < target_bytes:
            raise Refused(414, "URI_TOO_LONG", "The URL is too long; send it as a body to listRecords")
        self._pace.check(at)
        for failure in self._failures:
            is_meant = failure.table in (None, path[2] if 2 < len(path) else "") and failure.method in (None, method)
            if is_meant and failure.left != 0:
                failure.left = None if failure.left is None else failure.left - 1
                raise Refused(failure.status, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable")

    def _serve(self, method: str, path: Sequence[str], query: dict[str, Any], body: dict[str, Any]) -> Any:
        if len(path) not in (3, 4) or path[0] != "v0":
            raise Refused(404, "NOT_FOUND")
        table = self._tables.get(path[2]) if path[1] == self.base else None
        if table is None:
            raise Refused(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", _NO_MODEL)
        if len(path) == 3:
            return self._serve_table(method, table, query, body)
        if (method, path[3]) == ("POST", "listRecords"):
            return self._list(table, {**query, **body})
        return _serve_row(method, table, path[3], body)

    def _serve_table(self, method: str, table: Table, query: dict[str, Any], body: dict[str, Any]) -> Any:
        if method == "GET":
            return self._list(table, query)
        is_typecast = bool(body.get("typecast"))
        if method == "POST" and "records" not in body:
            return table.create([body.get("fields")], is_typecast)[0]
        if method == "DELETE":
            given = query.get("records", [])
            return {"records": table.delete(_few([given] if isinstance(given, str) else given))}
        records = _few(body.get("records"))
        if not all(isinstance(record, dict) for record in records):
            raise _invalid()
        if method == "POST":
            return {"records": table.create([record.get("fields") for record in records], is_typecast)}
        if method in ("PATCH", "PUT") and "performUpsert" not in body:
            wanted = {str(record.get("id")): record.get("fields") for record in records}
            return {"records": table.change(wanted, is_typecast, is_whole=method == "PUT")}
        raise _invalid()

    def _list(self, table: Table, asked: Mapping[str, Any]) -> Any:
        page_size = _whole(asked.get("pageSize", ROWS_PER_PAGE))
        names = asked.get("fields") or []
        names = [names] if isinstance(names, str) else names
        table.check(names)
        if not 1 <= page_size <= ROWS_PER_PAGE or _is_on(asked.get("returnFieldsByFieldId")):
            raise _invalid()
        left = self._go_on(str(asked["offset"])) if asked.get("offset") else self._found(table, asked)
        page, left = left[:page_size], left[page_size:]
        rows = [_shown(table.rows[row_id], names) for row_id in page if row_id in table.rows]
        return {"records": rows, **({"offset": self._keep(left)} if left else {})}

    def _found(self, table: Table, asked: Mapping[str, Any]) -> list[str]:
        rows: list[Row] = list(table.rows.values())
        text = asked.get("filterByFormula")
        if text:
            try:
                is_found = formula.read(str(text), table.known, self._clock)
            except formula.Invalid as error:
                words = f"The formula for filtering records is invalid: {error}"
                raise Refused(422, "INVALID_FILTER_BY_FORMULA", words) from None
            rows = [row for row in rows if is_found(row)]
        for order in reversed(asked.get("sort") or []):
            name, direction = order.get("field"), order.get("direction", "asc")
            table.check([name])
            rows.sort(key=_ranked_by(str(name)), reverse=direction == "desc")
        most = _whole(asked["maxRecords"]) if asked.get("maxRecords") else len(rows)
        return [row["id"] for row in rows[:most]]

    def _keep(self, left: list[str]) -> str:
        while _LISTINGS_MAX <= len(self._listings):
            del self._listings[next(iter(self._listings))]
        offset = f"itr{self._chance.getrandbits(64):016x}/{left[0]}"
        self._listings[offset] = left
        return offset

    def _go_on(self, offset: str) -> list[str]:
        left = self._listings.get(offset)
        if left is None:
            raise Refused(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
        return left


def _serve_row(method: str, table: Table, row_id: str, body: dict[str, Any]) -> Any:
    if row_id not in table.rows:
        raise Refused(404, "NOT_FOUND")
    if method == "GET":
        return table.at(row_id)
    if method in ("PATCH", "PUT"):
        wanted = {row_id: body.get("fields")}
        return table.change(wanted, bool(body.get("typecast")), is_whole=method == "PUT")[0]
    if method == "DELETE":
        return table.delete([row_id])[0]
    raise Refused(404, "NOT_FOUND")


def _read_target(target: str) -> tuple[list[str], dict[str, Any]]:
    parts = urlsplit(target)
    query: dict[str, Any] = {}
    sort: dict[int, dict[str, str]] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        order = _SORT.fullmatch(key)
        if order is not None:
            sort.setdefault(int(order[1]), {})[order[2]] = value
        elif key in ("fields[]", "records[]", "fields", "records"):
            query.setdefault(key.rstrip("[]"), []).append(value)
        else:
            query[key] = value
    if sort:
        query["sort"] = [sort[place] for place in sorted(sort)]
    return [unquote(part) for part in parts.path.strip("/").split("/")], query


def _read_body(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        told = json.loads(body)
    except ValueError:
        raise Refused(400, "BAD_REQUEST", "The body is no JSON") from None
    if not isinstance(told, dict):
        raise _invalid()
    return told


def _refusal(refused: Refused) -> Any:
    if refused.status == 429:
        return {"errors": [{"error": refused.kind, "message": refused.message}]}
    if not refused.message:
        return {"error": refused.kind}
    return {"error": {"type": refused.kind, "message": refused.message}}


def _few(records: Any) -> list[Any]:
    if not isinstance(records, list) or not 1 <= len(records) <= ROWS_PER_WRITE:
        raise _invalid()
    return records


def _invalid() -> Refused:
    words = "Invalid request: parameter validation failed. Check your request data."
    return Refused(422, "INVALID_REQUEST_UNKNOWN", words)


def _whole(told: Any) -> int:
    try:
        return int(told)
    except (TypeError, ValueError):
        raise _invalid() from None


def _is_on(told: Any) -> bool:
    return told not in (None, False, 0, "", "0", "false")


def _shown(row: Row, names: Sequence[str]) -> Row:
    if not names:
        return row
    return {**row, "fields": {name: value for name, value in row["fields"].items() if name in names}}


def _ranked_by(name: str) -> Callable[[Row], tuple[int, Any]]:
    """Where a row stands among others by a column: nothing first, then numbers, then texts."""

    def rank(row: Row) -> tuple[int, Any]:
        value = row["fields"].get(name)
        if value is None:
            return 0, 0
        return (1, value) if isinstance(value, (bool, int, float)) else (2, str(value))

    return rank


def main() -> int:
    """Runs it until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m venice.airtable", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8090, help="0 is any [default: 8090]")
    parser.add_argument("--base", default=BASE, help=f"the id of the base [default: {BASE}]")
    parser.add_argument("--token", help="lets in this one only; without, any")
    parser.add_argument("--seed", type=int, default=1, help="what record ids follow from [default: 1]")
    parser.add_argument("--requests-per-second", type=float, metavar="N", help="more are answered with 429")
    parser.add_argument(
        "--rows",
        action="append",
        default=[],
        metavar="TABLE=FILE",
        help="begin with rows of a file, one JSON object a line",
    )
    given = parser.parse_args()
    airtable = Airtable(
        base=given.base,
        token=given.token,
        seed=given.seed,
        requests_per_s=given.requests_per_second,
        port=given.port,
    )
    for told in given.rows:
        name, _, path = told.partition("=")
        if name not in columns.TABLES or not path:
            parser.error(f"--rows is {told!r}; write a table and a file, such as CITIZENS=citizens.ndjson")
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        read = (json.loads(line) for line in lines if line.strip())
        airtable.insert_all(name, (row.get("fields", row) for row in read))
    halt = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: halt.set())
    with airtable:
        print(f"Airtable is played at {airtable.url}, base {airtable.base}", file=sys.stderr, flush=True)
        halt.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
