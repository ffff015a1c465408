"""The ways to end a training from outside: the stop flag of a run, and SIGTERM."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from include.core.errors import InvalidInputError
from include.training.ownership import is_locked

STOP_FILE = "stop"


def request_stop(folder: Path) -> None:
    """Ask the trainer of the run `folder` to take a checkpoint and end; it obeys at its next rollout boundary.

    Raises
    ------
    InvalidInputError
        No trainer holds the run.
    """
    if not is_locked(folder):
        raise InvalidInputError(f"`run` must be one in training, was {folder.name!r}. Hint: nothing has to be stopped.")
    (folder / STOP_FILE).touch()


class Stopper:
    """Whether this training was asked to end, and by what.

    Parameters
    ----------
    folder : Path
        The run; a flag left from an earlier attempt is removed.
    """

    def __init__(self, folder: Path) -> None:
        self._flag = folder / STOP_FILE
        self._flag.unlink(missing_ok=True)
        self._signal: str | None = None

    @property
    def reason(self) -> str | None:
        """What asked for the end, None while nothing did."""
        if self._signal is not None:
            return self._signal
        return "asked by its stop flag" if self._flag.exists() else None

    @contextmanager
    def listening(self) -> Iterator["Stopper"]:
        """Take SIGTERM as a request to stop while inside; the handler found before is called too, and put back."""
        if threading.current_thread() is not threading.main_thread():
            # python lets only the main thread choose handlers; the flag works everywhere
            yield self
            return
        before = signal.getsignal(signal.SIGTERM)

        def note(number: int, frame: FrameType | None) -> None:
            self._signal = "asked by SIGTERM"
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGTERM, note)
        try:
            yield self
        finally:
            signal.signal(signal.SIGTERM, _handler(before))
            self._flag.unlink(missing_ok=True)


def _handler(before: Any) -> Any:
    # None stands for a handler that was not set from python and cannot be put back
    return signal.SIG_DFL if before is None else before
