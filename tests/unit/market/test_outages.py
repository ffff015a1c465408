from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import RateLimitedError, TransientError
from include.market.errors import MaintenanceError, PageError
from include.market.outages import OutageLog, kind_of

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimitedError("wait", 3.0), "rate_limited"),
        (MaintenanceError("closed"), "maintenance"),
        (PageError("html"), "bad_answer"),
        (TransientError("503"), "unreachable"),
    ],
)
def test_each_failure_has_its_kind(error: TransientError, kind: str) -> None:
    assert kind_of(error) == kind


def test_an_outage_lasts_from_the_first_failure_to_the_first_good_answer() -> None:
    clock = Clock()
    log = OutageLog(clock)
    log.failed("binanceusdm", TransientError("503"))
    clock.passes(5)
    log.failed("binanceusdm", TransientError("504"))
    clock.passes(2)
    log.answered("binanceusdm")
    (outage,) = log.outages()
    assert (outage.began_at, outage.ended_at) == (START, START + timedelta(seconds=7))
    assert (outage.source, outage.failures_count, outage.detail) == ("binanceusdm", 2, "504")


def test_failures_between_good_answers_of_other_requests_are_one_outage() -> None:
    clock = Clock()
    log = OutageLog(clock)
    for _ in range(3):
        log.failed("binanceusdm", TransientError("503"))
        clock.passes(1)
        log.answered("binanceusdm")
        clock.passes(20)
    (outage,) = log.outages()
    assert outage.failures_count == 3
    assert outage.ended_at == START + timedelta(seconds=43)


def test_failures_far_apart_are_two_outages() -> None:
    clock = Clock()
    log = OutageLog(clock)
    for _ in range(2):
        log.failed("binanceusdm", TransientError("503"))
        log.answered("binanceusdm")
        clock.passes(61)
    assert [outage.began_at for outage in log.outages()] == [START, START + timedelta(seconds=61)]


def test_an_outage_that_lasts_has_no_end_and_one_source_does_not_end_anothers() -> None:
    log = OutageLog(Clock())
    log.failed("fred", TransientError("503"))
    log.answered("binanceusdm")
    (outage,) = log.outages()
    assert outage.ended_at is None


def test_without_a_failure_there_is_no_outage() -> None:
    log = OutageLog()
    log.answered("binanceusdm")
    assert log.outages() == ()
