"""The files of an engine that there may be something to do in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .marks import MARK
from .plan import Part

_LEFT_OUT = frozenset({"__pycache__", "node_modules", "site-packages", "rialto_hook", "venv", "env"})
#: What a file has somewhere in it in which messages are written, or our lines are.
_TELLING = (
    (b"message", b"create("),
    (b"MESSAGES", b"create("),
    (b"process_responses", b"send_telegram_message"),
    (MARK.encode(),),
)


def parts(path: Path) -> dict[Part, Path]:
    """The files that have to be there, by what they are: in a folder both, of a single file itself if it is one."""
    if path.is_file():
        return {part: path for part in _required() if path.name == Path(part.value).name}
    # The folder above does as well, and so does the one within.
    roots = [path / "backend", *([path.resolve().parent] if path.resolve().name == "engine" else [])]
    root = next((root for root in [path, *roots] if (root / Part.ACTIVITIES.value).is_file()), path)
    return {part: root / part.value for part in _required()}


def others(path: Path, known: Iterable[Path]) -> Iterator[Path]:
    """Further files that may write messages, or have our lines."""
    known = {file.resolve() for file in known}
    if path.is_file():
        yield from [path] if path.resolve() not in known else []
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
        for name in sorted(files):
            file = Path(folder) / name
            # What a link leads to is somebody else's, or comes by itself.
            if not name.endswith(".py") or file.is_symlink():
                continue
            if file.resolve() not in known and is_telling(file.read_bytes()):
                yield file


def is_telling(data: bytes) -> bool:
    """Whether a file is worth reading."""
    return any(all(word in data for word in words) for words in _TELLING)


def _required() -> tuple[Part, Part]:
    return Part.ACTIVITIES, Part.MESSAGES
