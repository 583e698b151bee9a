"""What happens in the stand-in's Venice: rows for ACTIVITIES and MESSAGES, as the engine's creators write them.

Volumes are those that the engine's own paper claims: five thousand activities a day, five hundred messages, few of them
to anybody outside. One seed is one life. Nobody and nothing in it is real.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

ACTIVITIES_A_DAY = 5000
MESSAGES_A_DAY = 500
SERVICES_A_DAY = 12
_DAY_S = 86_400

_FIRST = ["Ada", "Bepi", "Carlo", "Dora", "Elia", "Fosca", "Gigi"]
_LAST = [
    *["DelMar", "Rosso", "_tgz", "Fornaio", "-Grande", "Brenta", "Moro", "Calle", "Barbiere", "Vela", "Sale", "Lume"],
    *[
        "Corda",
        "Ponte",
        "Vetro",
        "Remo",
        "Nebbia",
        "Lana",
        "Cera",
        "Miele",
        "Torre",
        "Onda",
        "Gatto",
        "Luna",
        "2",
        "Seta",
    ],
]
CITIZENS = [f"{first}{last}" for first in _FIRST for last in _LAST][:177]
BUSINESSES = [f"building_45.4{number:05d}_12.3{number * 7 % 100_000:05d}" for number in range(109)]
_TYPES = [*["fetch_resource"] * 30, *["rest"] * 27, *["goto_location"] * 18, *["production"] * 12, *["idle"] * 6]
_OUTSIDE = ["@lagoon_desk", "@regatta_club", "TG_100200300", "office@example.org"]
_MINUTES = (30, 60, 90)
_EXPERTISE = ("1", "1.2", "1.5")

Fields = dict[str, Any]


def buildings() -> Iterator[Fields]:
    """The businesses, and who runs each."""
    for number, name in enumerate(BUSINESSES):
        runs = CITIZENS[number]
        yield {"BuildingId": name, "Type": "market_stall", "Category": "business", "RunBy": runs, "Owner": "Italia"}


def citizens() -> Iterator[Fields]:
    """Who lives there; all of them by the engine's hand."""
    for name in CITIZENS:
        yield {"CitizenId": name, "Username": name, "SocialClass": "Popolani", "IsAI": True, "InVenice": True}


def activities(chance: random.Random, begin: datetime, end: datetime) -> Iterator[Fields]:
    """Those that end between two instants."""
    span = (end - begin).total_seconds()
    for _ in range(_count(chance, ACTIVITIES_A_DAY * span / _DAY_S)):
        yield _activity(chance, begin + timedelta(seconds=chance.uniform(0, span)))
    for _ in range(_count(chance, SERVICES_A_DAY * span / _DAY_S)):
        yield _service(chance, begin + timedelta(seconds=chance.uniform(0, span)))


def messages(chance: random.Random, begin: datetime, end: datetime) -> Iterator[Fields]:
    """Those that are written between two instants, by programs that know of no hook."""
    span = (end - begin).total_seconds()
    for _ in range(_count(chance, MESSAGES_A_DAY * span / _DAY_S)):
        yield message(chance, begin + timedelta(seconds=chance.uniform(0, span)))


def message(chance: random.Random, at: datetime) -> Fields:
    """A message; one in ten goes outside."""
    receiver = chance.choice(_OUTSIDE) if chance.random() < 0.1 else chance.choice([*CITIZENS, "public", BUSINESSES[0]])
    words = {"Content": "The tide is high, and so is the price of salt. " * chance.randint(1, 20), "Thinking": "Hm."}
    return {"Sender": chance.choice(CITIZENS), "Receiver": receiver, "Type": "message", "CreatedAt": _told(at), **words}


def price_of_message(fields: Mapping[str, Any]) -> Decimal:
    """What one costs by the built-in tariff."""
    return Decimal("0.10") if fields.get("Receiver") in _OUTSIDE else Decimal(0)


def price_of_activity(fields: Mapping[str, Any]) -> Decimal:
    """What one costs by the built-in tariff, once it is done."""
    if fields.get("Type") != "paid_service":
        return Decimal(0)
    revenue = json.loads(fields["Notes"])["revenue"]
    return 50 * Decimal(revenue["minutes"]) / 60 * Decimal(revenue["expertise"])


def _activity(chance: random.Random, at: datetime) -> Fields:
    kind, citizen = chance.choice(_TYPES), chance.choice(CITIZENS)
    begun = at - timedelta(minutes=chance.randint(1, 90))
    fields: Fields = {
        "ActivityId": f"{kind}_{citizen}_{int(begun.timestamp())}",
        "Type": kind,
        # Now and then a list of one.
        "Citizen": [citizen] if chance.random() < 0.05 else citizen,
        "Status": "created",
        "Title": f"{kind} of {citizen}",
        "Description": "As every day, and yet not quite.",
        "Notes": chance.choice(["**Done** as ordered ⏳", '{"steps": 3, "weight": 12.5}', ""]),
        "Priority": 20,
        "CreatedAt": _told(begun),
        "StartDate": _told(begun),
        "EndDate": _told(at),
    }
    if kind in ("fetch_resource", "goto_location"):
        fields["Path"] = json.dumps(
            [{"lat": 45.43 + step / 9000, "lng": 12.33} for step in range(chance.randint(5, 60))]
        )
        fields["ToBuilding"] = chance.choice(BUSINESSES)
    return fields


def _service(chance: random.Random, at: datetime) -> Fields:
    number = chance.randrange(len(BUSINESSES))
    citizen, begun = CITIZENS[number], at - timedelta(minutes=60)
    revenue: Fields = {"client": "client_1", "business": BUSINESSES[number]}
    revenue.update(minutes=chance.choice(_MINUTES), expertise=chance.choice(_EXPERTISE))
    return {
        "ActivityId": f"paid_service_{citizen}_{int(begun.timestamp())}",
        "Type": "paid_service",
        "Citizen": citizen,
        "Status": "created",
        "Notes": json.dumps({"revenue": revenue}),
        "CreatedAt": _told(begun),
        "StartDate": _told(begun),
        "EndDate": _told(at),
    }


def _count(chance: random.Random, expected: float) -> int:
    return int(expected) + (chance.random() < expected % 1)


def _told(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
