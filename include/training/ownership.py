"""Who may write a run: one process at a time by a lock, and never a predecessor that has lost it.

The lock is the kernel's and ends with its process. The token beside it counts the owners: a writer whose token is
no longer the newest has been replaced, however that came about, and every write of it is refused.
"""

import ctypes
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.core.errors import AlreadyRunningError

_LOCK_ATTEMPTS, _LOCK_PAUSE_SECONDS = 5, 0.05
_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class FencedError(AlreadyRunningError):
    """Another process has taken this run over; what this one would write is out of date."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One process as the owner number `token` of the run `folder`."""

    folder: Path
    token: int

    def require(self) -> None:
        """Refuse when another owner has come since.

        Raises
        ------
        FencedError
            The run's newest token is not this one's.
        """
        newest = _record(self.folder).get("token")
        if newest != self.token:
            raise FencedError(
                f"Run `{self.folder.name}` must belong to owner {self.token}, was taken over by owner {newest}. "
                "Hint: the newer trainer goes on; this one ends without writing."
            )


@contextmanager
def lock_run(folder: Path, *, least_token: int = 0) -> Iterator[Owner]:
    """Hold the run `folder` for this process alone; the lock ends with the process, however it ends.

    The lock file lies beside the folder, because a run that starts over is moved aside.

    Parameters
    ----------
    folder : Path
        The run, which need not exist yet.
    least_token : int
        The newest token known from elsewhere; the new one is greater even where the lock file was deleted.

    Raises
    ------
    AlreadyRunningError
        Another trainer holds the run.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(folder).open("a+", encoding="utf-8") as stream:
        if not _acquire(stream.fileno()):
            raise AlreadyRunningError(
                f"Run `{folder.name}` is being trained by process {_record(folder).get('pid', 'unknown')}. "
                "Hint: wait for it, stop it with `train stop`, or train with another seed."
            )
        token = max(int(_record(folder).get("token", 0)), least_token) + 1
        stream.seek(0)
        stream.truncate(0)
        stream.write(json.dumps({"pid": os.getpid(), "token": token}))
        stream.flush()
        os.fsync(stream.fileno())
        yield Owner(folder, token)


def is_locked(folder: Path) -> bool:
    """Return whether a living trainer holds the run `folder`."""
    if not _lock_file(folder).exists():
        return False
    with _lock_file(folder).open("r", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def die_with_parent() -> None:
    """Have the kernel kill this process the moment its parent dies, so that no orphan trains on.

    Raises
    ------
    AlreadyRunningError
        The parent is gone already: whoever asked for this training has probably been replaced.
    """
    parent = os.getppid()
    if _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # a parent that died before the call sends no signal
    if os.getppid() != parent:
        raise AlreadyRunningError("The process that started this training is gone. Hint: a newer one will train.")


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _record(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads(_lock_file(folder).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        # never held, or its holder is writing it just now
        return {}
    return document if isinstance(document, dict) else {}


def _acquire(descriptor: int) -> bool:
    # a reader's `is_locked` holds the lock for microseconds; one refusal is not yet another trainer
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
        else:
            return True
    return False
