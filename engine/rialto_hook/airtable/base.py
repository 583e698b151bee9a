"""The engine's base at Airtable, read and written with the engine's own pyairtable.

It keeps within what Airtable lets through for all tables together, and rests when it is told that this was too much. A
column that the base does not have is left out of the question. What goes wrong is a `BaseFault` that says what to do.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from .pace import Halted, Pacer

#: Airtable lets five through, and the engine is there too.
TURNS_PER_S = 4.0
#: What Airtable demands of whoever was too fast.
REST_S = 30.0
_RESTS_MAX = 4
_TIMEOUT_S = (10, 30)
#: The engine's names for its tables.
TABLES = {name.lower(): name for name in ("ACTIVITIES", "BUILDINGS", "CITIZENS", "MESSAGES")}

_UNKNOWN = re.compile(r"Unknown field names?: \W*(\w+)")

Row = Mapping[str, Any]


class Wrong(Exception):
    """What a command was given does not do: a sentence that says what does."""


class BaseFault(Exception):
    """Airtable did not answer, or refused."""


class Base:
    """A base: the engine's own `tables`, or those that are reached by a key, at a pace."""

    def __init__(self, tables: Mapping[str, Any], name: str = "", close: Callable[[], object] = lambda: None) -> None:
        #: As the engine has them: `tables["activities"]`.
        self.tables = tables
        self.name = name
        self.close = close
        self._absent: set[tuple[str, str]] = set()

    @classmethod
    def at(cls, key: str, base: str, pacer: Pacer, endpoint: str | None = None) -> Base:
        """The one of this id, at Airtable or where else it is kept. Raises `Wrong` without pyairtable."""
        there = {"endpoint_url": endpoint} if endpoint else {}
        api = _pyairtable().Api(key, timeout=_TIMEOUT_S, retry_strategy=None, **there)
        api.session.send = _paced(api.session.send, pacer)
        return cls({name: api.table(base, table) for name, table in TABLES.items()}, base, api.session.close)

    @classmethod
    def of(cls, environment: Mapping[str, str], pacer: Pacer, endpoint: str | None = None) -> Base:
        """The one that the environment names, as it does for the engine."""
        missing = [name for name in ("AIRTABLE_API_KEY", "AIRTABLE_BASE_ID") if not environment.get(name, "").strip()]
        if missing:
            raise Wrong(f"{' and '.join(missing)} not set; they are in the engine's own environment (its `.env` file)")
        key, base = (environment[name].strip() for name in ("AIRTABLE_API_KEY", "AIRTABLE_BASE_ID"))
        return cls.at(key, base, pacer, endpoint)

    def pages(self, table: str, columns: Sequence[str], formula: str | None = None) -> Iterator[list[Row]]:
        """The rows of a table that a formula finds, of these columns, page by page. Raises `BaseFault`."""
        pages = None
        while pages is None:
            wanted = [column for column in columns if (table, column) not in self._absent]
            listing = self.tables[table].iterate(fields=wanted, **({"formula": formula} if formula else {}))
            try:
                first: list[Row] = next(listing, [])
                pages = listing
            except Halted:
                raise
            except Exception as error:
                absent = _UNKNOWN.search(str(error))
                if absent is None or absent[1] not in wanted:
                    raise fault(table, error) from error
                self._absent.add((table, absent[1]))
        yield first
        while True:
            try:
                page = next(pages, None)
            except Halted:
                raise
            except Exception as error:
                raise fault(table, error) from error
            if page is None:
                return
            yield page

    def rows(self, table: str, columns: Sequence[str], formula: str | None = None) -> list[Row]:
        """All of them at once."""
        return [row for page in self.pages(table, columns, formula) for row in page]


def fault(table: str, error: Exception) -> BaseFault:
    """What went wrong with a table, and what to do."""
    name = TABLES.get(table, table)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is None:
        return BaseFault(
            f"Airtable does not answer ({name}): {_cause(error)}; is there a way to it from here, and is --endpoint"
            f" right where one is given?"
        )
    if status == 401:
        return BaseFault(
            f"Airtable lets nobody in with this key ({name}): AIRTABLE_API_KEY has to be one that is valid"
        )
    if status in (403, 404):
        return BaseFault(
            f"Airtable has no {name} for this key: AIRTABLE_BASE_ID has to be the engine's base, and the key may read"
            f" it (scope data.records:read, and data.records:write to create)"
        )
    if status == 429:
        return BaseFault(f"Airtable is asked too often ({name}), also after {_RESTS_MAX} rests of {REST_S:.0f} s")
    return BaseFault(f"Airtable answers with {status} ({name}): {error}")


def _cause(error: BaseException) -> str:
    """What went wrong at the bottom of it, without what was asked for: a request is long, and tells nothing."""
    while True:
        below = getattr(error, "reason", None) or next(iter(error.args), None)
        if not isinstance(below, BaseException):
            return f"{type(error).__name__}: {error}"
        error = below


def _pyairtable() -> Any:
    try:
        return importlib.import_module("pyairtable")
    except ImportError as error:
        raise Wrong(f"pyairtable is not there ({error}): pip install 'rialto-hook[poll]'") from error


def _paced(send: Callable[..., Any], pacer: Pacer) -> Callable[..., Any]:
    """What sends a request when its turn has come, and once more where Airtable wants a rest first."""

    def send_in_turn(request: Any, **how: Any) -> Any:
        for rests_left in range(_RESTS_MAX, -1, -1):
            pacer.take()
            answer = send(request, **how)
            if answer.status_code != 429 or not rests_left:
                break
            answer.close()
            pacer.rest(REST_S)
        return answer

    return send_in_turn
