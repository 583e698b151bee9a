"""Paid services for the engine to create: which there may be, as the sidecar proposes them, and creating them.

A business has one open service at a time, and so has a citizen, whatever he runs: before anything is created the base
is looked at once more, so that doing it again creates nothing twice. Nothing is charged by it: the engine does the
service when its time is over, and hands it in as any other activity.

    services = propose.ask(Base(tables), settings)
    propose.write(tables, services)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from .. import sidecar
from ..settings import Settings
from ..sidecar import NoAnswer
from . import instants, rows
from .base import Base, fault
from .pace import Halted

TYPE = "paid_service"
#: The last two are there where somebody added them.
CITIZENS = ("CitizenId", "Username", "SocialClass", "Expertise", "Skills")
BUILDINGS = ("BuildingId", "Type", "Category", "RunBy")
ACTIVITIES = ("ActivityId", "Type", "Citizen", "FromBuilding", "ToBuilding", "Status", "Notes")
#: Of an activity that the engine is done with.
_OVER = frozenset({"processed", "failed", "error"})


@dataclass(frozen=True)
class Service:
    """A service to offer. Amounts are text, to the digit."""

    citizen: str
    business: str
    client: str
    kind: str
    minutes: int
    expertise: str
    #: What it comes to, if the tariff is the usual one.
    worth: str
    title: str
    #: What the sidecar prices it by when it comes back: JSON as text.
    notes: str

    @classmethod
    def of(cls, told: Any) -> Service:
        """What the sidecar proposes. Raises `NoAnswer` where that cannot be what it meant."""
        try:
            fields = told["fields"]
            terms = json.loads(fields["Notes"])["revenue"]
            service = cls(
                citizen=fields["Citizen"],
                business=terms["business"],
                client=terms["client"],
                kind=told["subtype"],
                minutes=terms["minutes"],
                expertise=terms["expertise"],
                worth=told["revenue_potential"],
                title=fields["Title"],
                notes=fields["Notes"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NoAnswer(f"a proposal cannot be read ({error!r}): is the sidecar of the same version?") from error
        told_as_text = (service.citizen, service.business, service.client, service.expertise, service.worth)
        if not all(isinstance(text, str) and text for text in told_as_text) or not isinstance(service.minutes, int):
            raise NoAnswer(f"a proposal cannot be taken, amounts have to be text, and minutes whole: {terms}")
        return service

    def fields(self, start: datetime) -> dict[str, str]:
        """The row for the engine to do. It leads to no building: the engine would take its minutes for a walk."""
        return {
            "ActivityId": self.activity_id(start),
            "Type": TYPE,
            "Citizen": self.citizen,
            "FromBuilding": self.business,
            "Title": self.title,
            "Status": "created",
            "Notes": self.notes,
            "CreatedAt": instants.write(start),
            "StartDate": instants.write(start),
            "EndDate": instants.write(start + timedelta(minutes=self.minutes)),
        }

    def activity_id(self, start: datetime) -> str:
        """The same for the same service, whoever creates it."""
        told = "\0".join((self.business, self.client, self.kind, f"{start:%Y%m%d%H%M%S}"))
        return f"{TYPE}-{self.citizen.lower()}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


@dataclass
class Open:
    """Services that the base has already."""

    ids: set[str] = field(default_factory=set)
    businesses: set[str] = field(default_factory=set)
    citizens: set[str] = field(default_factory=set)

    def blocks(self, service: Service) -> bool:
        """Whether its business or its citizen has one that is not over."""
        return service.business in self.businesses or service.citizen in self.citizens

    def add(self, service: Service, activity_id: str) -> None:
        """One more."""
        self.ids.add(activity_id)
        self.businesses.add(service.business)
        self.citizens.add(service.citizen)


def ask(base: Base, settings: Settings, clients: Sequence[str] = ()) -> list[Service]:
    """What may be created, for these clients or for all who pay. Raises `BaseFault` or `NoAnswer`."""
    citizens = [rows.bare(row, CITIZENS) for row in base.rows("citizens", CITIZENS)]
    buildings = [rows.bare(row, BUILDINGS) for row in base.rows("buildings", BUILDINGS)]
    there = open_services(base)
    # Who is busy is so in all his businesses.
    busy = {
        _one(row["fields"].get("BuildingId")) for row in buildings if _one(row["fields"].get("RunBy")) in there.citizens
    }
    asked: dict[str, Any] = {"citizens": citizens, "buildings": buildings, "open": sorted(there.businesses | busy)}
    if clients:
        asked["clients"] = list(clients)
    answer = sidecar.post(settings, "/v1/proposals", json.dumps(asked, allow_nan=False).encode())
    told = answer.get("proposals") if isinstance(answer, dict) else None
    if not isinstance(told, list):
        raise NoAnswer(f"{settings.url}/v1/proposals answers, but not as Rialto does; is RIALTO_URL right?")
    services = [Service.of(one) for one in told]
    return [service for service in services if not there.blocks(service)]


def write(
    tables: Mapping[str, Any],
    services: Iterable[Service],
    tell: Callable[[Mapping[str, Any]], object] = lambda row: None,
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> list[Mapping[str, Any]]:
    """Creates those that are not open yet, in the engine's own tables; the rows, which it also tells one by one.

    Raises `BaseFault`; what was created by then is there, and is not created again."""
    there = open_services(Base(tables))
    created = []
    for service in services:
        fields = service.fields(now())
        if there.blocks(service) or fields["ActivityId"] in there.ids:
            continue
        try:
            row = tables["activities"].create(fields)
        except Halted:
            raise
        except Exception as error:
            raise fault("activities", error) from error
        there.add(service, fields["ActivityId"])
        created.append(row)
        tell(row)
    return created


def open_services(base: Base) -> Open:
    """The services that the base has, and whose are not over. Raises `BaseFault`."""
    there = Open()
    for row in base.rows("activities", ACTIVITIES, f"{{Type}}='{TYPE}'"):
        fields = row["fields"]
        there.ids.add(str(fields.get("ActivityId") or row["id"]))
        if str(fields.get("Status")).strip().lower() not in _OVER:
            told = (_named(fields.get("Notes")), _one(fields.get("FromBuilding")), _one(fields.get("ToBuilding")))
            there.businesses.update(business for business in told if business)
            if fields.get("Citizen"):
                there.citizens.add(_one(fields["Citizen"]))
    return there


def _named(notes: Any) -> str:
    """The business that notes name, if they do."""
    try:
        return str(json.loads(notes)["revenue"]["business"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _one(told: Any) -> str:
    """A name, also where it is the only one of a list."""
    if isinstance(told, list):
        told = told[0] if told else ""
    return str(told or "")
