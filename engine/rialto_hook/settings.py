"""What the hook is set to, by the environment alone: an engine's script has no room for more.

Nothing in it is refused: what cannot be read is told of, and the usual holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

URL = "http://127.0.0.1:8717"
SPOOL_BYTES = 256 << 20
_OFF = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Settings:
    """Where events go, and what they may take up until they are there."""

    #: Where the sidecar listens: `RIALTO_URL`.
    url: str
    #: What lets events in there, with the scope `ingest`; on a loopback address none is needed: `RIALTO_TOKEN`.
    token: str | None
    #: The folder for events that the sidecar has not acknowledged yet: `RIALTO_SPOOL`.
    spool: Path
    #: What that folder may hold, in bytes; what comes beyond is dropped, and counted: `RIALTO_SPOOL_BYTES`.
    spool_bytes: int
    #: Whether nothing is to be done at all: `RIALTO_DISABLED`.
    is_disabled: bool
    #: What could not be read, in sentences.
    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Those of an environment, such as `os.environ`."""
        faults = []
        url = environment.get("RIALTO_URL", "").strip() or URL
        if not url.startswith(("http://", "https://")):
            faults.append(f"RIALTO_URL is {url!r}; write a scheme, a host and a port, such as {URL}")
        token = environment.get("RIALTO_TOKEN", "").strip()
        if not (token.isascii() and token.isprintable()):
            faults.append("RIALTO_TOKEN has something in it that no token has; copy it anew")
            token = ""
        told = environment.get("RIALTO_SPOOL_BYTES", "").strip()
        spool_bytes = SPOOL_BYTES
        if told:
            if told.isascii() and told.isdigit():
                spool_bytes = int(told)
            else:
                faults.append(f"RIALTO_SPOOL_BYTES is {told!r}; write a whole number of bytes, such as {SPOOL_BYTES}")
        spool = environment.get("RIALTO_SPOOL", "").strip()
        return cls(
            url=url.rstrip("/"),
            token=token or None,
            # Wherever the engine goes to meanwhile.
            spool=Path(os.path.abspath(os.path.expanduser(spool) if spool else usual_spool(environment))),
            spool_bytes=spool_bytes,
            is_disabled=environment.get("RIALTO_DISABLED", "").strip().lower() not in _OFF,
            faults=tuple(faults),
        )


def usual_spool(environment: Mapping[str, str]) -> Path:
    """Where programs of this system keep what has to outlive them: outside of any source tree that is watched."""
    if sys.platform == "win32":
        home = environment.get("LOCALAPPDATA", "").strip()
        base = Path(home) if home else Path(os.path.expanduser("~")) / "AppData" / "Local"
    else:
        home = environment.get("XDG_STATE_HOME", "").strip()
        base = Path(home) if home else Path(os.path.expanduser("~")) / ".local" / "state"
    return base / "rialto" / "spool"
