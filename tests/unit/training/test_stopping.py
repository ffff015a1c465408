"""A training is asked to end by its flag or by SIGTERM."""

import os
import signal
import threading
from pathlib import Path

import pytest

from include.core.errors import InvalidInputError
from include.training.ownership import lock_run
from include.training.stopping import STOP_FILE, Stopper, request_stop


def test_a_flag_asks_for_the_end_and_is_gone_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    with lock_run(folder), Stopper(folder).listening() as stopper:
        assert stopper.reason is None
        request_stop(folder)
        assert stopper.reason == "asked by its stop flag"
    assert not (folder / STOP_FILE).exists()


def test_a_flag_from_before_does_not_stop_a_new_attempt(tmp_path: Path) -> None:
    (tmp_path / STOP_FILE).touch()
    assert Stopper(tmp_path).reason is None


def test_what_is_not_in_training_cannot_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    with pytest.raises(InvalidInputError, match="`run` must be one in training, was 'r'"):
        request_stop(tmp_path / "r")
    assert not (tmp_path / "r" / STOP_FILE).exists()


def test_sigterm_asks_for_the_end_and_the_handler_before_is_called_and_put_back(tmp_path: Path) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    own = signal.getsignal(signal.SIGTERM)
    try:
        with Stopper(tmp_path).listening() as stopper:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stopper.reason == "asked by SIGTERM"
        assert heard == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_the_flag_still_works(tmp_path: Path) -> None:
    reasons: list[str | None] = []

    def listen() -> None:
        with Stopper(tmp_path).listening() as stopper:
            (tmp_path / STOP_FILE).touch()
            reasons.append(stopper.reason)

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert reasons == ["asked by its stop flag"]
