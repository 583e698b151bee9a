"""The brief's own way: for every activity a function call, and an insert with a commit.

usage: brief.py THREADS SECONDS

Each thread has a processor and a connection of its own, as the engine's five have. All activities are built
before the clock starts, and all of them earn: one that earns nothing would cost a function call and leave no
trace. What is timed is what the brief adds to an activity, from `calculate_revenue` to the end of the commit;
printed is one JSON object, with the times in microseconds. Where to connect is in libpq's environment.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from time import perf_counter
from typing import NamedTuple
from uuid import uuid4

import psycopg2

INSERT = """
    INSERT INTO transactions (activity_id, amount, currency, "timestamp", citizen_id, business_id)
    VALUES (%(activity_id)s, %(amount)s, %(currency)s, %(timestamp)s, %(citizen_id)s, %(business_id)s)"""
RATE = 50
# More than a thread can do in a second.
PER_SECOND = 10_000


class Activity(NamedTuple):
    id: str
    citizen_id: str
    business_id: str
    expertise: float
    minutes: int


class Processor:
    """What every processor of activities does: its own work, and then the revenue of it."""

    def __init__(self):
        self.connection = psycopg2.connect("")
        # The insert is its own transaction, in one round trip instead of three.
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.held_up_us = []

    def process_activity(self, activity):
        result = self.execute_activity(activity)
        begun = perf_counter()
        if hasattr(self, "calculate_revenue"):
            revenue = self.calculate_revenue(activity, result)
            if revenue > 0:
                self.record_transaction({
                    "activity_id": activity.id,
                    "amount": revenue,
                    "currency": "EUR",
                    "timestamp": datetime.now(),
                    "citizen_id": activity.citizen_id,
                    "business_id": activity.business_id,
                })
        self.held_up_us.append((perf_counter() - begun) * 1e6)
        return result

    def record_transaction(self, transaction):
        self.cursor.execute(INSERT, transaction)


class PaidService(Processor):
    """A processor that earns."""

    def execute_activity(self, activity):
        # The engine's own work is nobody's peer here.
        return "processed"

    def calculate_revenue(self, activity, result):
        return RATE * activity.expertise * activity.minutes / 60


def activities(count):
    return [
        Activity(
            id=f"rec{uuid4().hex[:14]}",
            citizen_id=f"GondolaDrifter{number % 177}",
            business_id=f"building_45.43839918445191_12.32630106904{number % 109:04}",
            expertise=1.2,
            minutes=15 * (1 + number % 8),
        )
        for number in range(count)
    ]


def run(threads, seconds):
    start = Barrier(threads)

    def work():
        processor = PaidService()
        waiting = activities(int(PER_SECOND * seconds))
        start.wait()
        begun = perf_counter()
        for activity in waiting:
            if seconds <= perf_counter() - begun:
                break
            processor.process_activity(activity)
        return perf_counter() - begun, processor.held_up_us

    with ThreadPoolExecutor(threads) as pool:
        done = [thread.result() for thread in [pool.submit(work) for _ in range(threads)]]
    held_up_us = [time for _, times in done for time in times]
    print(json.dumps({"took_s": max(took for took, _ in done), "held_up_us": held_up_us}))


if __name__ == "__main__":
    run(int(sys.argv[1]), float(sys.argv[2]))
