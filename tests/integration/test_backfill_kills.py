"""SIGKILL at many moments of a back-fill over HTTP: nothing is lost, nothing is asked for twice."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.config.settings import Settings, load_settings
from include.config.venues import venue_facts
from include.core.files import read_json
from include.lake.lake import Lake
from include.market.backfill import Backfilled
from tests.support.backfills import SYMBOLS, fill, start
from tests.support.sandbox import running_sandbox

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]
TABLES = ("candles", "price_candles", "funding_rates", "fear_greed", "macro", "revisions", "quarantine")
PAGES = ("/fapi/v1/klines", "/fapi/v1/markPriceKlines", "/fapi/v1/fundingRate")


class Counts:
    """How often each page was asked for."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()

    def __call__(self, path: str, query: str) -> None:
        # the second look at an empty page names no start
        if path in PAGES and "start" in query:
            self.asked[path, query] += 1


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Settings, Counts]]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", ",".join(SYMBOLS))
    monkeypatch.setenv("PERPETUA_PACE", "off")
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path / "market"))
    counts = Counts()
    with running_sandbox(load_settings(), tell=counts) as (_, settings):
        yield settings, counts


def at_home(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"home_path": folder})


def killed_when(settings: Settings, is_moment: Callable[[], object]) -> None:
    process = start(settings)
    deadline = time.monotonic() + 120
    while not is_moment():
        assert time.monotonic() < deadline
        assert process.poll() is None, "the back-fill ended before it was killed"
        time.sleep(0.0005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def written_down(settings: Settings, whole: Backfilled) -> int:
    """Pages that a killed back-fill holds: of batches that ended, are staged, or are in the journal."""
    home, pages = settings.home, [outcome.pages for outcome in whole.outcomes]
    (plan,) = home.backfills.glob("*/plan.json")
    ended = len(list(plan.parent.glob("[0-9]*.json")))
    batch_id = f"{read_json(plan)['id']}__{ended:05d}"
    if (home.staging / batch_id / "batch.json").exists():
        return sum(pages[: ended + 1])
    return sum(pages[:ended]) + len(list((home.page_journals / batch_id).glob("*.arrow")))


def staged(settings: Settings, name: str, count: int) -> Callable[[], object]:
    """Whether the `count`-th batch has such a file; batches before it are gone."""
    return lambda: list(settings.home.staging.glob(f"*__{count:05d}/{name}"))


def test_a_back_fill_killed_at_any_moment_loses_nothing_and_asks_for_nothing_twice(
    market: tuple[Settings, Counts], tmp_path: Path
) -> None:
    sandbox, counts = market
    whole = fill(at_home(sandbox, tmp_path / "whole"))
    assert len(whole.outcomes) > 5
    assert not [outcome.refused for outcome in whole.outcomes if outcome.refused]
    assert set(counts.asked.values()) == {1}
    once = dict(counts.asked)
    counts.asked.clear()

    settings = at_home(sandbox, tmp_path / "killed")
    asked = counts.asked.total
    moments: dict[str, Callable[[], object]] = {
        "a first page is on its way": lambda: asked() >= 1,
        "pages are in the journal": lambda: list(settings.home.page_journals.glob("*__00000/*.arrow"))[7:],
        "a batch is staged": staged(settings, "batch.json", 1),
        "a batch is judged": staged(settings, "report.json", 2),
        "a batch is published": staged(settings, "published.json", 3),
        "a batch ended": lambda: list(settings.home.backfills.glob("*/00003.json")),
        "the last batch is fetched": lambda: asked() >= len(once) - 3,
    }
    lost = 0
    for moment, is_moment in moments.items():
        killed_when(settings, is_moment)
        again = asked() - written_down(settings, whole) - lost
        # what was on its way, and nothing that was written down
        assert 0 <= again <= venue_facts("binanceusdm").concurrency, moment
        lost += again
    done = fill(settings)
    assert done.ended_before > 3
    assert set(counts.asked) == set(once)
    assert asked() == len(once) + lost
    expected, found = Lake(tmp_path / "whole" / "lake"), Lake(tmp_path / "killed" / "lake")
    for table in TABLES:
        assert found.read_arrow(table).equals(expected.read_arrow(table)), table
    assert expected.count("candles") == len(SYMBOLS) * 700 * 6
    assert not list(settings.home.backfills.glob("*/*"))
    assert not [entry for entry in settings.home.page_journals.glob("*") if entry.is_dir()]
    assert len(list(settings.home.staging.glob("*__*"))) == 1


def test_the_same_back_fill_is_refused_while_it_runs(market: tuple[Settings, Counts], tmp_path: Path) -> None:
    sandbox, counts = market
    settings = at_home(sandbox, tmp_path / "twice")
    process = start(settings)
    try:
        while not counts.asked:
            assert process.poll() is None
            time.sleep(0.01)
        second = start(settings)
        assert second.wait(timeout=60) == 1
    finally:
        process.kill()
        process.wait()
