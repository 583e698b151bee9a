"""Locks that end with their process, however it ends: the system keeps them, and no file has to be cleared away.

On Windows a file that is open cannot be renamed by others, so that there is nothing to lock.
"""

from __future__ import annotations

import errno
import sys
from contextlib import suppress

_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}

if sys.platform == "win32":
    import msvcrt

    def lock(descriptor: int) -> bool | None:
        """Whether the file is ours now; `None` where its file system knows no locks. Waits for nobody."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return False if error.errno in _HELD or error.errno == errno.EDEADLK else None
        return True

    def unlock(descriptor: int) -> None:
        """Lets go of it, whoever else has it open: here nobody has."""

else:
    import fcntl

    def lock(descriptor: int) -> bool | None:
        """Whether the file is ours now; `None` where its file system knows no locks. Waits for nobody."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return False if error.errno in _HELD else None
        return True

    def unlock(descriptor: int) -> None:
        """Lets go of it, whoever else has it open, such as a process that was forked meanwhile."""
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
