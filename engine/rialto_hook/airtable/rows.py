"""Who is who and who runs what: rows of CITIZENS and BUILDINGS for the sidecar, and of each only what it asks about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import sidecar
from ..settings import Settings

CITIZENS = ("CitizenId", "Username", "SocialClass", "IsAI", "InVenice")
BUILDINGS = ("BuildingId", "Type", "Category", "RunBy", "Owner")
ROWS_MAX = 500
BYTES_MAX = 1 << 20


@dataclass
class Told:
    """What the sidecar made of rows."""

    rows: int = 0
    #: Those that said something new.
    news: int = 0
    rejected: int = 0
    #: Why the first of them was.
    why: str | None = None


def tell(settings: Settings, path: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Told:
    """Tells the sidecar these rows. Raises `sidecar.NoAnswer`; what it took by then, it has."""
    told = Told()
    for batch in batches(bare(row, columns) for row in rows):
        answer = sidecar.post(settings, path, batch, sidecar.ROWS)
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise sidecar.NoAnswer(f"{settings.url}{path} answers, but not as Rialto does; is RIALTO_URL right?")
        for result in results:
            told.rows += 1
            told.news += result.get("status") == "recorded"
            if result.get("status") == "rejected":
                told.rejected += 1
                told.why = told.why or str(result.get("error", {}).get("message"))
    return told


def bare(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A row with these columns alone."""
    fields = row.get("fields", {})
    kept = {column: fields[column] for column in columns if fields.get(column) is not None}
    return {"id": row.get("id"), "createdTime": row.get("createdTime"), "fields": kept}


def batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The rows a line each, in bodies of a size that is easily taken."""
    lines: list[bytes] = []
    size = 0
    for row in rows:
        line = (
            json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
            + b"\n"
        )
        if lines and (len(lines) == ROWS_MAX or BYTES_MAX < size + len(line)):
            yield b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield b"".join(lines)
