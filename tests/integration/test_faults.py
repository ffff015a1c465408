"""Every fault of the exchange, provoked for real: the sandbox misbehaves, the ingestion shows the stated behaviour.

Faults of storage are provoked in `test_lake_kills.py`, those of training in `test_training_kills.py`.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.config.settings import load_settings
from include.core.errors import ConfigurationError, TransientError
from include.market.ingest import fetch
from include.market.macro import SERIES
from include.market.plan import GAP_ATTEMPTS
from include.market.retry import Retry, RetryPolicy
from include.market.staging import BatchInfo, batch_folder
from tests.support.fault_runs import Deployment, in_ms, patient
from tests.support.sandbox import RunningSandbox, running_sandbox

pytestmark = pytest.mark.integration

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
KLINES, FUNDING = "/fapi/v1/klines", "/fapi/v1/fundingRate"
OF_BTC = {"path": KLINES, "symbol": "BTCUSDT"}
HOURS_4 = 14_400_000


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERPETUA_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PERPETUA_UNIVERSE", f"{BTC},{ETH}")
        with running_sandbox(load_settings()) as running:
            yield running


@pytest.fixture
def deployed(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Deployment]:
    settings = sandbox.settings.model_copy(update={"home_path": tmp_path / "home"})
    with httpx.Client(base_url=sandbox.base_url, timeout=30) as client:
        found = Deployment(settings, client, (BTC, ETH))
        found.plan()
        yield found
        found.plan()


def assert_whole(deployed: Deployment, tmp_path: Path) -> None:
    """The lake holds what it holds where nothing goes wrong."""
    twin = deployed.twin(tmp_path / "twin")
    twin.ingest()
    for table in ("candles", "funding_rates"):
        assert deployed.lake.read_arrow(table).equals(twin.lake.read_arrow(table)), table


def outages(deployed: Deployment) -> list[tuple[str, str, int]]:
    rows = deployed.rows("outages", "source", "kind", "failures_count", "ended_at")
    assert all(row["ended_at"] is not None for row in rows)
    return [(row["source"], row["kind"], row["failures_count"]) for row in rows]


def quarantined(deployed: Deployment) -> list[tuple[str, str, str]]:
    return [(row["source"], row["subject"], row["reason"]) for row in deployed.rows("quarantine")]


def holes(deployed: Deployment) -> list[tuple[str, int, int, str, int]]:
    return [
        (row["subject"], in_ms(row["first_missing"]), in_ms(row["last_missing"]), row["status"], row["attempts"])
        for row in deployed.rows("gaps")
    ]


def failed_checks(deployed: Deployment) -> dict[str, str]:
    assert deployed.report is not None
    return {result.name: result.message for result in deployed.report.results if not result.passed}


def spoiled_times(deployed: Deployment) -> list[int]:
    return [time for entry in deployed.log() for time in entry["detail"]["times"]]


def test_a_rate_limit_is_waited_for_exactly_as_long_as_the_exchange_asks(deployed: Deployment, tmp_path: Path) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    deployed.plan({"fault": "rate_limited", "seconds": 2, "times": 1, **OF_BTC})
    deployed.ingest(retry=Retry(RetryPolicy(base_seconds=0.0), pause=pause))
    assert waits == [2.0]
    assert outages(deployed) == [("binanceusdm", "rate_limited", 1)]
    assert_whole(deployed, tmp_path)


_FETCH = """
import sys
from include.config.settings import load_settings
from include.market.ingest import fetch
print(fetch(load_settings(), sys.argv[1], symbols=sys.argv[2].split(",")).rows["candles"])
"""


def test_a_ban_binds_every_process(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_HOME", str(deployed.settings.home_path))
    monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(deployed.settings.sandbox_port))
    deployed.plan({"fault": "banned", "seconds": 3, "times": 1, "path": KLINES})
    commands = [[sys.executable, "-c", _FETCH, name, f"{BTC},{ETH}"] for name in ("p1", "p2")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    told = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert len(set(told)) == 1
    # at most what was on its way when the ban began: the opening or two series of two symbols of each process
    assert 1 <= len(deployed.log()) <= 2 * 4


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"fault": "server_error"}, "unreachable"),
        ({"fault": "server_error", "status": 500}, "unreachable"),
        ({"fault": "timeout", "seconds": 0.2}, "unreachable"),
        ({"fault": "reset"}, "unreachable"),
        ({"fault": "half_body"}, "unreachable"),
        ({"fault": "maintenance"}, "maintenance"),
    ],
    ids=lambda value: str(value),
)
def test_what_passes_is_backed_off_from_and_the_page_resumed(
    deployed: Deployment, tmp_path: Path, fault: dict[str, Any], kind: str
) -> None:
    deployed.plan({**fault, "times": 3, "each": 3, **OF_BTC})
    batch = deployed.ingest()
    assert batch.failed_symbols == {}
    assert [entry["fault"] for entry in deployed.log()] == [fault["fault"]] * 3
    # one incident, however many requests it hit; of a broken connection the client hides the first from its caller
    ((source, told, failures),) = outages(deployed)
    assert (source, told) == ("binanceusdm", kind)
    assert failures <= 3
    assert_whole(deployed, tmp_path)


def test_an_exchange_that_stays_away_stages_nothing_and_the_next_try_goes_on(
    deployed: Deployment, tmp_path: Path
) -> None:
    deployed.plan({"fault": "maintenance", **OF_BTC})
    with pytest.raises(TransientError, match="maintenance"):
        deployed.ingest(retry=patient(attempts=2))
    assert not batch_folder(deployed.settings.home, "b1").exists()
    assert deployed.lake.versions() == {}
    deployed.plan()
    deployed.ingest()
    assert_whole(deployed, tmp_path)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("bad_json", "no_json"), ("html", "no_json"), ("null", "no_json"), ("empty_page", "empty_page"),
     ("stuck", "no_progress")],
)  # fmt: skip
def test_a_page_that_cannot_be_right_goes_to_quarantine_and_is_asked_for_again(
    deployed: Deployment, tmp_path: Path, fault: str, reason: str
) -> None:
    deployed.plan({"fault": fault, "times": 1, **OF_BTC})
    deployed.ingest()
    assert quarantined(deployed) == [("candles", BTC, reason)]
    (row,) = deployed.rows("quarantine")
    assert "BTCUSDT" in row["request"]
    assert_whole(deployed, tmp_path)


def test_a_page_that_stays_wrong_fails_its_symbol_and_the_other_goes_on(deployed: Deployment) -> None:
    deployed.plan({"fault": "stuck", **OF_BTC})
    batch = only_fetched(deployed)
    assert list(batch.failed_symbols) == [BTC]
    assert "no progress" in batch.failed_symbols[BTC]
    assert len(deployed.log()) == 3
    assert batch.rows["quarantine"] == 1
    assert batch.rows["candles"] == deployed.settings.profile.candles_per_symbol


def only_fetched(deployed: Deployment) -> BatchInfo:
    """What comes where a batch of two symbols would be refused for the one that fails."""
    return fetch(deployed.settings, "alone", symbols=deployed.symbols, retry=patient(attempts=3))


def test_a_blocked_region_is_permanent_and_said_plainly(deployed: Deployment) -> None:
    deployed.plan({"fault": "blocked"})
    with pytest.raises(ConfigurationError, match=r"451.*blocked from this region"):
        deployed.ingest()
    assert len(deployed.log()) == 1


@pytest.mark.parametrize("fault", ["duplicates", "disorder"])
def test_repeated_and_disordered_rows_are_merged_and_sorted(deployed: Deployment, tmp_path: Path, fault: str) -> None:
    rows = {"rows": 5} if fault == "duplicates" else {}
    deployed.plan({"fault": fault, "path": KLINES, **rows}, {"fault": fault, "path": FUNDING, **rows})
    deployed.ingest()
    assert len(deployed.log()) >= 4
    assert quarantined(deployed) == []
    assert_whole(deployed, tmp_path)


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        ("conflicts", ["conflicting_duplicate"] * 2),
        ("nan", ["not_finite"]),
        ("infinite", ["not_finite"]),
        ("negative", ["not_positive"]),
    ],
)
def test_a_row_that_cannot_be_right_goes_to_quarantine_and_its_candle_is_missing_until_it_comes(
    deployed: Deployment, tmp_path: Path, fault: str, reasons: list[str]
) -> None:
    deployed.plan({"fault": fault, "times": 1, **OF_BTC})
    deployed.ingest()
    (time,) = spoiled_times(deployed)
    assert [row[2] for row in quarantined(deployed)] == reasons
    assert str(time) in deployed.rows("quarantine")[0]["payload"]
    assert time not in deployed.open_times(BTC)
    assert holes(deployed) == [(BTC, time, time, "open", 0)]
    assert failed_checks(deployed)["missing_candles"].startswith("1 candles are missing: BTC/USDT:USDT")
    deployed.plan()
    deployed.ingest()
    assert holes(deployed) == [(BTC, time, time, "filled", 1)]
    assert_whole(deployed, tmp_path)


def test_missing_candles_are_reported_exactly_asked_for_again_and_never_filled(
    deployed: Deployment, tmp_path: Path
) -> None:
    newest = in_ms(deployed.twin(tmp_path / "other").ingest().end)
    first, last = newest - 40 * HOURS_4, newest - 38 * HOURS_4
    deployed.plan({"fault": "deleted", "first_ms": first, "last_ms": last, **OF_BTC})
    deployed.ingest()
    times = deployed.open_times(BTC)
    assert holes(deployed) == [(BTC, first, last, "open", 0)]
    assert [time for time in deployed.open_times(ETH) if time not in times] == list(range(first, last + 1, HOURS_4))
    for attempt in range(1, GAP_ATTEMPTS + 2):
        deployed.ingest()
        assert holes(deployed) == [(BTC, first, last, "open", min(attempt, GAP_ATTEMPTS))]
        assert deployed.open_times(BTC) == times


def test_a_late_revision_of_a_closed_candle_is_found_written_down_and_taken(
    deployed: Deployment, tmp_path: Path
) -> None:
    deployed.ingest()
    before = deployed.candles()
    deployed.plan({"fault": "revised", "times": 1, **OF_BTC})
    deployed.ingest()
    (time,) = spoiled_times(deployed)
    (revision,) = deployed.rows("revisions")
    assert (revision["source"], revision["column"]) == ("candles", "close")
    assert BTC in revision["key"]
    changed = [new for old, new in zip(before.to_pylist(), deployed.candles().to_pylist(), strict=True) if old != new]
    assert [(in_ms(row["open_time"]), row["close"]) for row in changed] == [(time, float(revision["new_value"]))]
    deployed.plan()
    deployed.ingest()
    assert [row["new_value"] for row in deployed.rows("revisions")] == [revision["new_value"], revision["old_value"]]
    assert_whole(deployed, tmp_path)


def test_a_tenfold_spike_is_flagged_and_kept(deployed: Deployment) -> None:
    deployed.plan({"fault": "spike", "times": 1, **OF_BTC})
    deployed.ingest()
    (time,) = spoiled_times(deployed)
    rows = {in_ms(row["open_time"]): row["close"] for row in deployed.rows("candles") if row["symbol"] == BTC}
    assert rows[time] > 5 * rows[time - HOURS_4]
    assert quarantined(deployed) == []
    assert BTC in failed_checks(deployed)["spikes"]


def test_a_feed_that_stands_still_is_told_and_back_filled_when_it_goes_on(deployed: Deployment, tmp_path: Path) -> None:
    deployed.ingest()
    stored = deployed.candles()
    deployed.plan({"fault": "frozen"})
    deployed.advance("12h")
    deployed.ingest()
    # the candle that was open when the feed stopped
    assert deployed.candles().num_rows == stored.num_rows + 2
    assert failed_checks(deployed)["feed_is_fresh"].startswith("The freshest symbol is 2 candles behind")
    deployed.plan()
    deployed.ingest()
    assert deployed.candles().num_rows == stored.num_rows + 2 * 3
    assert holes(deployed) == []
    assert "feed_is_fresh" not in failed_checks(deployed)


@pytest.mark.parametrize("fault", [{"fault": "delisted"}, {"fault": "renamed", "to": "BTC2USDT"}])
def test_a_symbol_that_goes_is_named_the_other_goes_on_and_history_stays(
    deployed: Deployment, fault: dict[str, str]
) -> None:
    deployed.ingest()
    history = deployed.open_times(BTC)
    deployed.plan({**fault, "symbol": "BTCUSDT"})
    deployed.advance("4h")
    batch = only_fetched(deployed)
    assert list(batch.failed_symbols) == [BTC]
    assert batch.rows["candles"] == 4
    assert deployed.open_times(BTC) == history
    if "to" in fault:
        deployed.symbols = ("BTC2/USDT:USDT",)
        assert only_fetched(deployed).rows["candles"] == deployed.settings.profile.candles_per_symbol


@pytest.mark.parametrize("hours", [-5, 5])
def test_the_exchanges_clock_decides_what_is_closed(deployed: Deployment, hours: int) -> None:
    true = in_ms(only_fetched(deployed).market_now)
    deployed.plan({"fault": "clock_skew", "seconds": hours * 3_600})
    batch = deployed.ingest()
    assert abs(in_ms(batch.market_now) - true - hours * 3_600_000) < 60_000
    newest = max(in_ms(row["known_at"]) for row in deployed.rows("candles", "known_at"))
    assert newest <= in_ms(batch.market_now)
    assert newest == (in_ms(batch.end) + HOURS_4 if hours < 0 else true - true % HOURS_4 + HOURS_4)


def test_sentiment_and_macro_that_fail_are_named_and_the_rest_goes_on(deployed: Deployment, tmp_path: Path) -> None:
    deployed.plan({"fault": "html", "path": "/fred/"}, {"fault": "bad_json", "path": "/fng/"})
    batch = deployed.ingest(retry=patient(attempts=2))
    assert set(batch.failed_series) == {"fear_greed", *SERIES}
    told = {(row["source"], row["kind"], row["ended_at"]) for row in deployed.rows("outages")}
    assert told == {("alternative.me", "bad_answer", None), ("fred", "bad_answer", None)}
    pages = [("fear_greed", "fear_greed", "no_json"), ("macro", next(iter(SERIES)), "no_json")]
    assert sorted(quarantined(deployed)) == pages
    assert_whole(deployed, tmp_path)


def test_sentiment_and_macro_that_are_blocked_here_are_named_and_the_rest_goes_on(deployed: Deployment) -> None:
    deployed.plan({"fault": "blocked", "path": "/fred/"}, {"fault": "blocked", "path": "/fng/"})
    batch = deployed.ingest()
    assert set(batch.failed_series) == {"fear_greed", *SERIES}
    assert "does not pass by waiting" in batch.failed_series["fear_greed"]
    assert len(deployed.log()) == 2
    assert batch.failed_symbols == {}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("rate_limited", "rate_limited"), ("maintenance", "unreachable"), ("half_body", "unreachable"),
     ("html", "bad_answer")],
)  # fmt: skip
def test_bybit_is_borne_with_in_the_same_way(deployed: Deployment, tmp_path: Path, fault: str, kind: str) -> None:
    wait = {"seconds": 1} if fault == "rate_limited" else {}
    deployed.plan({"fault": fault, "path": "/v5/market/kline", "symbol": "BTCUSDT", "times": 1, **wait})
    deployed.ingest(venue="bybit")
    assert outages(deployed) == [("bybit", kind, 1)]
    twin = deployed.twin(tmp_path / "twin")
    twin.ingest(venue="bybit")
    assert deployed.candles().equals(twin.candles())
