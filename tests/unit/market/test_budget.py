import asyncio
import multiprocessing
import sqlite3
import time
from itertools import pairwise
from pathlib import Path

import pytest

from include.config.venues import Family, VenueFacts, venue_facts
from include.core.errors import IntegrityError, InvalidInputError, RateLimitedError
from include.market.budget import Pace, RequestBudget

FAMILY = Family(limit=100, window_seconds=10.0, share=0.9, burst=0.3)
FAMILIES = {"weight": FAMILY, "funding": FAMILY}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def budget(tmp_path: Path, clock: Clock | None = None, families: dict[str, Family] | None = None) -> RequestBudget:
    return RequestBudget(tmp_path / "budget.sqlite", "here", families or FAMILIES, clock or Clock())


def drained(taken: RequestBudget, clock: Clock, seconds: float, weight: int = 1) -> list[float]:
    """Take as fast as is granted for `seconds`; return the instants of the grants."""
    end, instants = clock.now + seconds, []
    while clock.now < end:
        wait = taken.take("weight", weight)
        if wait:
            clock.now += wait
        else:
            instants.append(clock.now)
    return instants


@pytest.mark.parametrize("weight", [1, 5])
@pytest.mark.parametrize("phase", [0.0, 4.9, 9.99])
def test_no_window_wherever_it_begins_ever_holds_more_than_the_share(tmp_path: Path, weight: int, phase: float) -> None:
    clock = Clock()
    clock.now += phase
    instants = drained(budget(tmp_path, clock), clock, 60, weight)
    most = max(sum(weight for other in instants if first <= other < first + 10.0) for first in instants)
    assert 80 <= most <= 90


def test_what_is_granted_over_time_is_nearly_the_whole_share(tmp_path: Path) -> None:
    clock = Clock()
    assert len(drained(budget(tmp_path, clock), clock, 200)) >= 0.9 * 20 * 90


def test_a_burst_goes_at_once_and_the_rest_evenly(tmp_path: Path) -> None:
    clock = Clock()
    instants = drained(budget(tmp_path, clock), clock, 5)
    assert instants.count(1_000_000.0) == 31  # 30 ahead of the even pace, and the one that is due
    even = [round(later - earlier, 3) for earlier, later in pairwise(instants[31:])]
    assert set(even) <= {0.111, 0.112}


def test_a_hold_binds_every_family_and_ends_without_a_burst(tmp_path: Path) -> None:
    clock = Clock()
    held = budget(tmp_path, clock)
    held.hold(7.0)
    for family in FAMILIES:
        assert held.take(family, 1) == pytest.approx(7.0)
    clock.now += 7.0
    assert held.take("weight", 1) == 0
    assert held.take("weight", 1) == pytest.approx(10 / 90)


def test_a_shorter_hold_does_not_end_a_longer_one(tmp_path: Path) -> None:
    clock = Clock()
    held = budget(tmp_path, clock)
    held.hold(9.0)
    held.hold(1.0)
    assert held.held_seconds() == pytest.approx(9.0)


def test_venues_do_not_share_a_budget(tmp_path: Path) -> None:
    clock = Clock()
    budget(tmp_path, clock).hold(9.0)
    other = RequestBudget(tmp_path / "budget.sqlite", "there", FAMILIES, clock)
    assert other.take("weight", 1) == 0


def test_another_budget_on_the_same_file_sees_what_was_taken(tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(31):
        assert budget(tmp_path, clock).take("weight", 1) == 0
    assert budget(tmp_path, clock).take("weight", 1) > 0


def test_a_clock_that_was_set_back_costs_a_window_at_most(tmp_path: Path) -> None:
    clock = Clock()
    taken = budget(tmp_path, clock)
    drained(taken, clock, 30)
    clock.now -= 3_600
    assert taken.take("weight", 1) <= FAMILY.window_seconds


@pytest.mark.parametrize("family", ["klines", ""])
def test_an_unknown_family_is_refused(tmp_path: Path, family: str) -> None:
    with pytest.raises(InvalidInputError, match="`family` must be one of weight, funding"):
        budget(tmp_path).take(family, 1)


@pytest.mark.parametrize("weight", [0, 91])
def test_a_weight_that_no_window_holds_is_refused(tmp_path: Path, weight: int) -> None:
    with pytest.raises(InvalidInputError, match="`weight`"):
        budget(tmp_path).take("weight", weight)


def test_a_file_that_is_no_budget_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "budget.sqlite").write_bytes(b"not a database, " * 100)
    with pytest.raises(IntegrityError, match="remove it"):
        budget(tmp_path)


FAST = Family(limit=400, window_seconds=2.0, share=0.9, burst=0.3)


def _take_for_two_seconds(database: Path, done: "multiprocessing.Queue[list[float]]") -> None:
    taken, instants = RequestBudget(database, "here", {"weight": FAST}), []
    end = time.time() + 2.5
    while time.time() < end:
        wait = taken.take("weight", 1)
        if wait:
            time.sleep(wait)
        else:
            instants.append(time.time())
    done.put(instants)


def test_four_processes_together_stay_within_one_budget(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    done: multiprocessing.Queue[list[float]] = context.Queue()
    workers = [context.Process(target=_take_for_two_seconds, args=(tmp_path / "b.sqlite", done)) for _ in range(4)]
    for worker in workers:
        worker.start()
    instants = sorted(instant for _ in workers for instant in done.get(timeout=60))
    for worker in workers:
        worker.join(timeout=60)
    most = max(sum(first <= other < first + FAST.window_seconds for other in instants) for first in instants)
    assert most <= FAST.limit
    # all of them moved, and most of the share was used
    assert len(instants) >= 0.6 * FAST.usable


def facts(unnamed: float = 2.0) -> VenueFacts:
    return venue_facts("binanceusdm").model_copy(update={"families": FAMILIES, "unnamed_wait_seconds": unnamed})


def test_a_request_waits_for_its_turn(tmp_path: Path) -> None:
    quick = Family(limit=100, window_seconds=1.0, share=0.9, burst=0.0)
    pace = Pace(RequestBudget(tmp_path / "b.sqlite", "here", {"weight": quick}), facts(), 60)

    async def ten() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(pace.turn("weight", 1) for _ in range(10)))
        return time.perf_counter() - began

    assert asyncio.run(ten()) >= 9 / 90


def test_a_hold_longer_than_the_patience_is_told_instead_of_sat_out(tmp_path: Path) -> None:
    pace = Pace(RequestBudget(tmp_path / "b.sqlite", "here", FAMILIES), facts(), 60)
    pace.hold(600.0)
    with pytest.raises(RateLimitedError, match="wait for another") as raised:
        asyncio.run(pace.turn("weight", 1))
    assert raised.value.retry_after_seconds == pytest.approx(600, abs=5)


def test_a_limit_without_a_named_wait_holds_for_what_is_usual_at_the_venue(tmp_path: Path) -> None:
    taken = RequestBudget(tmp_path / "b.sqlite", "here", FAMILIES)
    Pace(taken, facts(unnamed=33.0), 60).hold(None)
    assert taken.held_seconds() == pytest.approx(33, abs=2)


def test_without_a_budget_everything_goes_at_once() -> None:
    pace = Pace(None, facts(), 60)
    pace.hold(600.0)
    asyncio.run(pace.turn("weight", 1_000_000))


def test_a_writer_that_dies_in_the_middle_leaves_the_budget_as_it_was(tmp_path: Path) -> None:
    clock = Clock()
    taken = budget(tmp_path, clock)
    other = sqlite3.connect(tmp_path / "budget.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE budget SET held_until = 1e12")
    other.close()
    assert taken.take("weight", 1) == 0
