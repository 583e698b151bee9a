"""Rialto in process: every activity priced, posted and durable before its receipt.

One process alone has a data folder open. A subprocess that lives for five minutes uses the spool of rialto_hook
instead, and hands in to a sidecar that goes on running. Amounts are texts with all their digits, never floats.
"""

import os
import pathlib
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, TypedDict, final

# Type checkers know it without its being installed.
from typing_extensions import NotRequired, Self, TypeAlias

__all__ = ["Closed", "FolderInUse", "Forked", "Full", "Rialto", "RialtoError", "__version__"]

__version__: str

# What follows, down to the exceptions, type checkers alone know: import it under `if TYPE_CHECKING`.
Feed: TypeAlias = Literal["activity", "message"]
Table: TypeAlias = Literal["citizens", "buildings"]

Event: TypeAlias = Mapping[str, Any] | str | bytes
"""The engine's own record or the flat form, as a dict or as JSON.

Of a dict, keys that begin with `_` are dropped, a Decimal keeps its digits, and what JSON has no word for is what `str`
makes of it.
"""

class Refusal(TypedDict):
    """Why an event was rejected: the same event will be again."""

    code: Literal[
        "missing_id", "bad_id", "not_json", "not_an_object", "too_deep", "too_large", "bad_field", "book_full"
    ]
    message: str

class Receipt(TypedDict):
    """What became of an event: the same keys as over HTTP."""

    index: int
    id: str | None
    status: Literal["recorded", "priced", "duplicate", "conflict", "rejected"]
    amount: str | None
    currency: str | None
    stage: Literal["shadow", "live"] | None
    transaction_id: str | None
    held: NotRequired[bool]
    hold: NotRequired[str]
    time_basis: NotRequired[Literal["unreadable", "before_2000", "ahead"]]
    upgraded: NotRequired[bool]
    error: NotRequired[Refusal]

class RialtoError(Exception):
    """Something was not done; every exception of rialto is one of these."""

class FolderInUse(RialtoError):
    """Somebody else has the data folder open: another process, or another Rialto of this one."""

class Closed(RialtoError):
    """It was closed, or has stopped. Hand it in again after opening the folder anew."""

class Full(RialtoError):
    """As much is under way as is held, or the disk is full. Nothing of it was taken; hand it in again in a moment."""

class Forked(RialtoError):
    """It was opened before this process was forked, and lives in the parent alone."""

@final
class Rialto:
    """A running Rialto: the book in a data folder, which this process alone has open.

    It may be used from any number of threads at once; whoever waits has let the interpreter go. Close it, or use it in
    a `with` block, when the host ends; what had its receipt is on the disk also where nobody does.
    """

    def __new__(
        cls, data: str | os.PathLike[str], *, time_zone: str = "Europe/Rome", naive_time_zone: str = "UTC"
    ) -> Self:
        """Opens a data folder, which is made if it is not there.

        `time_zone` says whose days, weeks and months are counted; `naive_time_zone` where a time is read that names no
        offset. Raises FolderInUse where somebody else has the folder open.
        """

    @property
    def data(self) -> pathlib.Path:
        """The data folder."""

    @property
    def closed(self) -> bool:
        """Whether it takes no more: it was closed, here or because everything stopped."""

    def record(self, event: Event, feed: Feed = "activity") -> Receipt:
        """Records one event, waits until it is durable, and returns its receipt.

        Where the event is bad, its status is "rejected" and its `error` says why. The same event again is a
        "duplicate", and charged once.
        """

    def record_batch(self, events: Iterable[Event], feed: Feed = "activity") -> list[Receipt]:
        """Records at most 10,000 events, waits until all are durable, and returns a receipt for each, in order.

        A bad event is rejected alone. Where this raises, none or all of the batch may have been recorded; handing it in
        again is safe.
        """

    def submit(self, event: Event, feed: Feed = "activity") -> None:
        """Hands one event over and goes on without waiting; it is recorded also if nobody asks.

        Raises Full or Closed where it was not taken in. A bad event is told to the logger "rialto", and to nobody else:
        who wants its receipt uses `record`.
        """

    def describe(self, rows: Iterable[Event], table: Table = "citizens") -> list[Receipt]:
        """Says who is who: rows of citizens or buildings, as the engine has them.

        Returns a result for each, in order: "recorded" where it was news, "duplicate" where it was known, or
        "rejected". Say it before the events that are about them: what was recorded stays as it was.
        """

    def dashboard(self, currency: str = "EUR") -> dict[str, Any]:
        """What was earned, as of now: a dict with the keys of `GET /api/revenue/dashboard`, its amounts texts."""

    def close(self) -> None:
        """Makes everything durable that was handed over, and lets the folder go. Closing twice is closing once."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
