"""Writes a file in one step: whoever reads it finds it as it was or as it is to be, and never in between."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


class Busy(Exception):
    """Somebody else changed the file meanwhile."""


def write(path: Path, before: bytes, after: bytes) -> None:
    """With its mode, and its owner where that may be. The file has to be as it was when it was looked at."""
    # A link stays a link.
    path = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, name)
        if hasattr(os, "chown"):
            told = path.stat()
            with contextlib.suppress(PermissionError):
                os.chown(name, told.st_uid, told.st_gid)
        if path.read_bytes() != before:
            raise Busy(f"{path} was changed while it was looked at; try again")
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
