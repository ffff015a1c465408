"""Whether this process was asked to end while something ran."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Notice:
    """Whether SIGTERM came."""

    def __init__(self) -> None:
        self.came = False


@contextmanager
def noting_sigterm() -> Iterator[Notice]:
    """Note SIGTERM while inside, beside what the handlers found before and set meanwhile do with it.

    A handler set inside must call the one it replaces, as Airflow's own and the trainer's are called here.
    """
    notice = Notice()
    before = signal.getsignal(signal.SIGTERM)

    def note(number: int, frame: FrameType | None) -> None:
        notice.came = True
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, note)
    try:
        yield notice
    finally:
        signal.signal(signal.SIGTERM, before)
