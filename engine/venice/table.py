"""A table: rows in the order in which they were made, each with a record id that follows from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Callable

from . import columns, instants

Row = dict[str, Any]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Refused(Exception):
    """What Airtable refuses: a status, the type of the error, and a sentence."""

    def __init__(self, status: int, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.status = status
        self.kind = kind
        self.message = message


class Table:
    """See the module. Whoever calls it keeps others from doing so at the same time."""

    def __init__(self, name: str, known: columns.Columns, seed: int, now: Callable[[], datetime]) -> None:
        self.name = name
        self.known = known
        self.rows: dict[str, Row] = {}
        self._now = now
        self._chance = random.Random(f"{seed}/{name}")

    def insert(self, fields: Mapping[str, Any], created: datetime | None = None) -> Row:
        """Makes a row of whatever it is given, also of what the API would refuse."""
        row_id = f"rec{''.join(self._chance.choices(_LETTERS, k=14))}"
        row = {"id": row_id, "createdTime": _to_the_second(created or self._now()), "fields": dict(fields)}
        self.rows[row_id] = row
        return row

    def create(self, wanted: Iterable[Any], is_typecast: bool) -> list[Row]:
        """Makes a row of each, or of none where one is refused."""
        fitted = [self._fitted(fields, is_typecast) for fields in wanted]
        return [self.insert({name: value for name, value in fields.items() if value is not None}) for fields in fitted]

    def change(self, wanted: Mapping[str, Any], is_typecast: bool, is_whole: bool) -> list[Row]:
        """Changes each row, or none where one is refused; where it is whole, what is not told of is nothing."""
        fitted = {row_id: self._fitted(fields, is_typecast) for row_id, fields in wanted.items()}
        found = [self.at(row_id) for row_id in fitted]
        for row, fields in zip(found, fitted.values()):
            before = {} if is_whole else row["fields"]
            row["fields"] = {name: value for name, value in {**before, **fields}.items() if value is not None}
        return found

    def delete(self, row_ids: Iterable[str]) -> list[Row]:
        """Deletes each row, or none where one is not there."""
        gone = [self.at(row_id)["id"] for row_id in row_ids]
        for row_id in gone:
            self.rows.pop(row_id, None)
        return [{"id": row_id, "deleted": True} for row_id in gone]

    def at(self, row_id: str) -> Row:
        """The row of an id."""
        row = self.rows.get(row_id)
        if row is None:
            raise Refused(404, "ROW_DOES_NOT_EXIST", f"Record ID {row_id} does not exist")
        return row

    def check(self, names: Iterable[str]) -> None:
        """Refuses a column that is not there."""
        for name in names:
            if self.known and name not in self.known:
                raise Refused(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')

    def _fitted(self, fields: Any, is_typecast: bool) -> dict[str, Any]:
        if not isinstance(fields, Mapping):
            raise Refused(422, "INVALID_REQUEST_MISSING_FIELDS", 'Could not find field "fields" in the request body')
        self.check(fields)
        fitted = {}
        for name, value in fields.items():
            try:
                fitted[name] = columns.fit(self.known.get(name, columns.ANY), value, is_typecast)
            except columns.Unfit:
                words = f'Field "{name}" cannot accept the provided value'
                raise Refused(422, "INVALID_VALUE_FOR_COLUMN", words) from None
        return fitted


def _to_the_second(instant: datetime) -> str:
    return instants.write(instant.replace(microsecond=0))
