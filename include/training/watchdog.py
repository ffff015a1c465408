"""The end of a training that hangs: where every thread stands is written, then the process ends, for a retry."""

import faulthandler
from pathlib import Path
from types import TracebackType
from typing import Self

HANG_LOG = "hang.log"


class HangWatchdog:
    """End the process when no `beat` comes for `limit_seconds`.

    The timer is faulthandler's own thread in C: it fires even while a kernel holds the interpreter. There is one per
    process.

    Parameters
    ----------
    folder : Path
        The run; the tracebacks go to its `hang.log`.
    limit_seconds : float
        Longest time between two beats.
    """

    def __init__(self, folder: Path, limit_seconds: float) -> None:
        self._limit = limit_seconds
        self._stream = (folder / HANG_LOG).open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        self.beat()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._stream.close()

    def beat(self) -> None:
        """Start the time anew."""
        faulthandler.dump_traceback_later(self._limit, exit=True, file=self._stream)


def has_hung(folder: Path) -> bool:
    """Return whether the last process that trained the run `folder` was ended for hanging, and forget it."""
    log = folder / HANG_LOG
    if not log.exists() or not log.stat().st_size:
        return False
    log.replace(folder / "hang.seen.log")
    return True
