"""Locks between processes of one machine: the kernel's, which end with their holder, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from include.core.errors import AlreadyRunningError

_POLL_SECONDS = 0.05


@contextmanager
def only_process(lock: Path, what: str, hint: str) -> Iterator[None]:
    """Hold the file `lock` for this process alone.

    Parameters
    ----------
    lock : Path
        A file that is made where it does not exist; it holds the pid of its holder.
    what, hint : str
        For the error text: what the holder is doing, and what to do about it.

    Raises
    ------
    AlreadyRunningError
        Another living process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise AlreadyRunningError(f"Process {holder} {what} already. Hint: {hint}") from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


@contextmanager
def in_turn(lock: Path, seconds: float) -> Iterator[None]:
    """Hold the file `lock`, after waiting for whoever holds it; its holder's end, however it ends, lets the next in.

    Raises
    ------
    AlreadyRunningError
        Another process held it for all of `seconds`.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    give_up_at = time.monotonic() + seconds
    with lock.open("a", encoding="utf-8") as stream:
        while not _is_taken(stream):
            if time.monotonic() >= give_up_at:
                raise AlreadyRunningError(
                    f"`{lock}` must come free within {seconds:g} s, another process held it for longer. "
                    "Hint: try again later."
                )
            time.sleep(_POLL_SECONDS)
        yield


def _is_taken(stream: TextIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(lock: Path) -> bool:
    """Return whether a living process holds the file `lock`."""
    if not lock.exists():
        return False
    with lock.open("r", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
