"""Two hundred faults over ten symbols: what is in the lake at the end is what a day without faults leaves there.

The plan is seeded. Of every kind so many happen as it says; which of the requests that are on their way at once meets
the last of a kind is theirs to settle.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from include.config.settings import load_settings
from include.core.clock import parse_utc, to_ms
from include.core.timeframes import timeframe_ms
from tests.support.fault_runs import Deployment, deployment, in_ms, patient

pytestmark = [pytest.mark.integration, pytest.mark.slow]

COINS = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX", "LINK", "LTC")
SYMBOLS = tuple(f"{coin}/USDT:USDT" for coin in COINS)
KLINES, FUNDING = "/fapi/v1/klines", "/fapi/v1/fundingRate"
SEED = 20_260_222
# each rule hits one and the same request once at most: with more tries than rules every page comes in the end
ATTEMPTS = 20


def rule(fault: str, times: int, share: float = 0.15, path: str = KLINES, **options: Any) -> dict[str, Any]:
    return {"fault": fault, "times": times, "share": share, "each": 1, "path": path, **options}


# while the history is fetched
FIRST = (
    rule("rate_limited", 8, seconds=1),
    rule("banned", 2, 0.02, seconds=2),
    rule("server_error", 20),
    rule("server_error", 4, path=FUNDING, status=500),
    rule("maintenance", 8),
    rule("timeout", 2, 0.02),
    rule("timeout", 6, seconds=0.2),
    rule("reset", 18),
    rule("half_body", 18),
    rule("bad_json", 12),
    rule("html", 8),
    rule("html", 2, path=FUNDING),
    rule("null", 8),
    rule("empty_page", 8),
    rule("stuck", 4),
    rule("duplicates", 8, rows=3),
    rule("duplicates", 2, path=FUNDING),
    rule("disorder", 8),
    rule("deleted", 8, rows=2),
    rule("conflicts", 4),
    rule("nan", 5),
    rule("infinite", 3),
    rule("negative", 2),
    rule("html", 1, 1.0, path="/fng/"),
    rule("bad_json", 1, 1.0, path="/fred/"),
)
# while it is kept up, candle by candle
THEN = (
    rule("rate_limited", 2, seconds=1),
    rule("server_error", 6),
    rule("half_body", 4),
    rule("maintenance", 2),
    rule("bad_json", 3),
    rule("empty_page", 2),
    rule("disorder", 2),
    rule("revised", 5, 0.3),
    rule("spike", 2, 0.3),
    rule("frozen", 2, 0.1),
)
LOSSES = {"deleted", "conflicts", "nan", "infinite", "negative"}
REASONS = {
    "bad_json": "no_json",
    "html": "no_json",
    "null": "no_json",
    "empty_page": "empty_page",
    "stuck": "no_progress",
    "conflicts": "conflicting_duplicate",
    "nan": "not_finite",
    "infinite": "not_finite",
    "negative": "not_positive",
}
TABLES = ("candles", "funding_rates", "fear_greed", "macro")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", ",".join(SYMBOLS))
    monkeypatch.setenv("PERPETUA_PROFILE", "full")
    with deployment(load_settings(), SYMBOLS) as found:
        yield found


def planned(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the plan did, without the requests that ran into a ban that had begun."""
    return [entry for entry in log if entry["rule"] is not None]


def symbol_of(entry: dict[str, Any]) -> str:
    return f"{entry['params']['symbol'].removesuffix('USDT')}/USDT:USDT"


def times_of(log: list[dict[str, Any]], kinds: set[str]) -> set[tuple[str, int]]:
    """Return the candles that the faults of these kinds took or changed."""
    return {
        (symbol_of(entry), time)
        for entry in log
        if entry["fault"] in kinds and entry["path"] == KLINES
        for time in entry["detail"]["times"]
    }


def holes(deployed: Deployment) -> set[tuple[str, int]]:
    rows = deployed.rows("gaps")
    assert {row["status"] for row in rows} == {"filled"}
    return {
        (row["subject"], time)
        for row in rows
        for time in range(in_ms(row["first_missing"]), in_ms(row["last_missing"]) + 1, 14_400_000)
    }


def test_two_hundred_faults_leave_the_lake_of_a_day_without_faults_and_a_ledger_that_lists_them(
    deployed: Deployment, tmp_path: Path
) -> None:
    assert sum(found["times"] for found in (*FIRST, *THEN)) == 200
    began = perf_counter()
    deployed.plan(*FIRST, seed=SEED)
    # a newest candle that was lost leaves no hole behind it: the next run fetches it as new
    newest_of_first = to_ms(deployed.ingest(retry=patient(ATTEMPTS)).end) - timeframe_ms("4h")
    first = planned(deployed.log())
    assert Counter(entry["rule"] for entry in first) == {n: found["times"] for n, found in enumerate(FIRST)}
    lost = times_of(first, LOSSES)
    assert lost

    deployed.plan()
    deployed.ingest()
    then: list[dict[str, Any]] = []
    deployed.plan(*THEN, seed=SEED)
    for _ in range(12):
        deployed.advance("4h")
        deployed.ingest(retry=patient(ATTEMPTS))
        then = planned(deployed.log())
        if len(then) == sum(found["times"] for found in THEN):
            break
    assert len(first) + len(then) == 200
    # measured: shown with `pytest -s`
    print(Counter(entry["fault"] for entry in (*first, *then)), f"in {perf_counter() - began:.0f} s")

    deployed.plan()
    deployed.ingest()
    # what changed before the overlap is seen only where it is asked for again
    newest = deployed.ingest(start=parse_utc("2026-02-20")).end
    twin = deployed.twin(tmp_path / "twin")
    assert twin.ingest().end == newest
    for table in TABLES:
        assert deployed.lake.read_arrow(table).equals(twin.lake.read_arrow(table)), table

    # every candle that was lost was missing, and came; nothing else was
    oldest = {symbol: min(deployed.open_times(symbol)) for symbol in SYMBOLS}
    assert holes(deployed) == {(symbol, time) for symbol, time in lost if oldest[symbol] < time < newest_of_first}
    quarantine = deployed.rows("quarantine")
    asked = [entry for entry in (*first, *then) if "startTime" in entry["params"] and entry["fault"] in REASONS]
    expected = {(symbol_of(entry), REASONS[entry["fault"]]) for entry in asked}
    listed = {(row["subject"], row["reason"]) for row in quarantine if row["source"] in TABLES[:2]}
    assert listed <= expected
    # an empty page whose confirmation failed in its turn was asked for again without a verdict
    assert {reason for _, reason in expected - listed} <= {"empty_page"}
    refused = {(row["subject"], json.loads(row["payload"])[0]) for row in quarantine if row["reason"] == "not_finite"}
    assert refused == times_of(first, {"nan", "infinite"})
    revised = {
        (key["symbol"], in_ms(key["open_time"]))
        for key in (json.loads(row["key"]) for row in deployed.rows("revisions") if row["source"] == "candles")
    }
    assert revised == times_of(then, {"revised", "spike"})
    outages = deployed.rows("outages")
    assert {row["kind"] for row in outages} == {"rate_limited", "unreachable", "maintenance", "bad_answer"}
    assert all(row["ended_at"] is not None for row in outages if row["source"] == "binanceusdm")
    assert [file for file in deployed.settings.home.page_journals.iterdir() if file.is_dir()] == []
