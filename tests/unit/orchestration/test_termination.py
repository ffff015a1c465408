import os
import signal

import pytest

from include.orchestration.termination import noting_sigterm


@pytest.fixture(autouse=True)
def _handlers() -> object:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_sigterm_is_noted_and_passed_on_to_the_handler_found_before() -> None:
    passed_on = []
    signal.signal(signal.SIGTERM, lambda *_: passed_on.append("airflow"))
    with noting_sigterm() as notice:
        assert not notice.came
        os.kill(os.getpid(), signal.SIGTERM)
        assert notice.came
    assert passed_on == ["airflow"]


def test_a_handler_set_inside_that_calls_the_one_before_is_noted_too() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with noting_sigterm() as notice:
        outer = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda number, frame: outer(number, frame))
        os.kill(os.getpid(), signal.SIGTERM)
        assert notice.came


def test_the_handler_is_put_back() -> None:
    def mine(*_: object) -> None:
        raise AssertionError

    signal.signal(signal.SIGTERM, mine)
    with noting_sigterm():
        assert signal.getsignal(signal.SIGTERM) is not mine
    assert signal.getsignal(signal.SIGTERM) is mine
