"""A run of the engine: what is concluded and not processed is taken from Airtable, done by five threads, written back.

It does what the real one does, also where that is odd: it takes citizens in no order, writes into the records that it
read, swallows what Airtable answers to a status, and so does the same activity again in the next run, at times with
another outcome. It writes down which calls of the hook returned, and how long each took.

    python -m venice.tick --base URL/v0/BASE --now 2026-11-01T10:05:00.000Z --seed 7 --calls FILE
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import rialto_hook

from . import life

Record = dict[str, Any]


class Base:
    """A base of Airtable's, with a connection for each thread."""

    def __init__(self, url: str, pause_s: float) -> None:
        self._url = urlsplit(url)
        self._pause_s = pause_s
        self._mine = threading.local()

    def concluded(self, now: str) -> Iterator[Record]:
        """The activities that are over and have no outcome yet."""
        over = f"IS_BEFORE({{EndDate}}, DATETIME_PARSE('{now}'))"
        settled = ", ".join(f"{{Status}}='{status}'" for status in ("processed", "failed", "error"))
        asked = {"filterByFormula": f"AND({over}, NOT(OR({settled})))", "pageSize": "100"}
        while True:
            page = self._ask("GET", f"/ACTIVITIES?{urlencode(asked)}")
            yield from page["records"]
            if "offset" not in page:
                return
            asked["offset"] = page["offset"]

    def update(self, record_id: str, fields: Record) -> None:
        """Writes fields of an activity."""
        self._ask("PATCH", f"/ACTIVITIES/{record_id}", {"fields": fields})

    def create_message(self, fields: Record) -> Record:
        """Stores a message."""
        created: Record = self._ask("POST", "/MESSAGES", {"fields": fields})
        return created

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        if self._pause_s:
            # How far away the real one is.
            time.sleep(self._pause_s)
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = http.client.HTTPConnection(str(self._url.netloc), timeout=30)
        headers = {"authorization": "Bearer venice", "content-type": "application/json"}
        connection.request(method, self._url.path + path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"Airtable answers with {response.status}")
        return answer


class Calls:
    """Calls of the hook, a line each once it has returned: so much is known whenever the run is killed."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def time(self, what: str, name: str, outcome: str, call: Callable[[], object]) -> None:
        """Makes a call; its line."""
        begun = time.perf_counter_ns()
        fault = ""
        try:
            call()
        except BaseException as error:
            fault = repr(error)
        took = time.perf_counter_ns() - begun
        line = json.dumps([what, name, outcome, took, fault, threading.get_ident()])
        os.write(self._descriptor, line.encode() + b"\n")


def process_all_activities_for_one_citizen(
    base: Base, calls: Calls, records: list[Record], now: str, seed: str
) -> None:
    """Does what one citizen did, one activity after another."""
    for record in records:
        chance = random.Random(f"{seed}/{now}/{record['id']}")
        record["fields"]["_ParsedStartDate"] = datetime.fromisoformat(
            record["fields"]["StartDate"].replace("Z", "+00:00")
        )
        status = "processed" if chance.random() < 0.9 else chance.choice(("failed", "error"))
        if chance.random() < 0.05:
            persist_message(base, calls, life.message(chance, record["fields"]["_ParsedStartDate"]))
        update_activity_status(base, record["id"], status)
        calls.time("activity", record["id"], status, partial(rialto_hook.record_activity, record, status))


def persist_message(base: Base, calls: Calls, fields: Record) -> None:
    """Stores a message, as most of the engine's programs do."""
    try:
        stored = base.create_message(fields)
    except Exception:
        # It is lost, as it would be in the real one.
        return
    calls.time("message", stored["id"], "", lambda: rialto_hook.record_message(stored))


def update_activity_status(base: Base, record_id: str, status: str) -> None:
    """Writes an outcome down; where Airtable does not take it, nobody hears of it."""
    try:
        base.update(record_id, {"Status": status})
    except Exception:
        return


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, metavar="URL", help="the base, up to its id")
    parser.add_argument("--now", required=True, metavar="INSTANT", help="what time it is in Venice")
    parser.add_argument("--seed", default="1", help="what becomes of it all")
    parser.add_argument("--calls", required=True, metavar="FILE", help="where calls of the hook are written down")
    parser.add_argument("--pause-ms", type=float, default=0, help="how far away Airtable is")
    arguments = parser.parse_args()
    begun = time.perf_counter_ns()
    base, calls = Base(arguments.base, arguments.pause_ms / 1000), Calls(arguments.calls)
    try:
        records = list(base.concluded(arguments.now))
    except Exception:
        # The next run finds them.
        records = []
    of_citizens: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        citizen = record["fields"].get("Citizen")
        of_citizens[citizen[0] if isinstance(citizen, list) else str(citizen)].append(record)
    groups = list(of_citizens.values())
    random.shuffle(groups)
    with ThreadPoolExecutor(5) as threads:
        work = [
            threads.submit(process_all_activities_for_one_citizen, base, calls, group, arguments.now, arguments.seed)
            for group in groups
        ]
        for one in work:
            one.result()
    calls.time("flush", "", "", rialto_hook.flush)
    calls.time("run", "", str(time.perf_counter_ns() - begun), lambda: None)


if __name__ == "__main__":
    main()
