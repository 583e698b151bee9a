"""The tables of the engine's base, and what each column takes.

Airtable refuses a column that it does not know and a value that does not belong there, and so does the stand-in.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from . import instants

TEXT, NUMBER, CHECKBOX, TIME = "text", "number", "checkbox", "time"
#: Takes whatever JSON has: for what real rows hold in more than one form.
ANY = "any"

#: Columns of a table, by name; a table with none takes every column.
Columns = Mapping[str, str]


def _columns(**kinds: str) -> dict[str, str]:
    return {name: kind for kind, names in kinds.items() for name in names.split()}


TABLES: Mapping[str, Columns] = {
    "ACTIVITIES": _columns(
        text="ActivityId Type ContractId ResourceId Resources TransportMode Path Transporter Status Title Description"
        " Thought Notes Details",
        number="Amount Priority",
        time="CreatedAt StartDate EndDate UpdatedAt",
        # A name, and now and then a list of one.
        any="Citizen FromBuilding ToBuilding",
    ),
    "MESSAGES": _columns(
        text="MessageId Sender Receiver Content Thinking Type Channel Notes Location",
        time="ReadAt",
        # Written by more than twenty programs, in as many ways.
        any="CreatedAt",
    ),
    "CITIZENS": _columns(
        text="CitizenId Username FirstName LastName SocialClass Position HomeCity Description CorePersonality"
        " Preferences GuildId Wallet TelegramUserId",
        number="Ducats DailyIncome WeeklyIncome MonthlyIncome Influence",
        checkbox="IsAI InVenice",
        time="CreatedAt LastActiveAt",
    ),
    "BUILDINGS": _columns(
        text="BuildingId Name Type Category SubCategory LandId Position Point Owner RunBy Occupant Notes",
        number="LeasePrice RentPrice Wages",
        checkbox="IsConstructed",
        time="CheckedAt CreatedAt",
    ),
    "TRANSACTIONS": _columns(
        text="Type AssetType Asset Seller Buyer Notes", number="Price", time="CreatedAt ExecutedAt UpdatedAt"
    ),
    "NOTIFICATIONS": _columns(text="Citizen Type Content Details Asset Status Notes", time="CreatedAt ReadAt"),
    "RELATIONSHIPS": _columns(
        text="Citizen1 Citizen2 Title Description Status Notes",
        number="StrengthScore TrustScore",
        time="CreatedAt LastInteraction",
    ),
    "CONTRACTS": _columns(
        text="ContractId Type Buyer Seller ResourceType Transporter BuyerBuilding SellerBuilding Title Description"
        " Status Notes",
        number="PricePerResource TargetAmount Priority",
        time="CreatedAt EndAt UpdatedAt",
    ),
    "PROBLEMS": {},
    "STRATAGEMS": {},
    "RESOURCES": {},
    "LANDS": {},
}


class Unfit(ValueError):
    """A value that its column does not take."""


def fit(kind: str, value: Any, is_typecast: bool) -> Any:
    """The value as its column keeps it; `None` where that is nothing. Raises `Unfit`."""
    if value is None or value == "" or value == []:
        return None
    if kind == TEXT:
        if isinstance(value, str):
            return value
        if is_typecast:
            return json.dumps(value)
    elif kind == NUMBER:
        number = _number(value, is_typecast)
        if number is not None:
            return number
    elif kind == CHECKBOX:
        if isinstance(value, bool) or is_typecast:
            # An unticked box is no field at all.
            return bool(value) or None
    elif kind == TIME:
        instant = instants.read(value) if isinstance(value, str) else None
        if instant is not None:
            return instants.write(instant)
    else:
        return value
    raise Unfit


def told(kind: str, value: Any) -> Any:
    """A value as a formula has it: a time as one."""
    if isinstance(value, str) and kind == TIME:
        return instants.read(value)
    return value


def _number(value: Any, is_typecast: bool) -> float | None:
    if is_typecast and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None
