import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest
from starlette.routing import BaseRoute

from include.config.settings import load_settings
from include.core.timeframes import DAY_MS
from include.sandbox.bybit.history_api import CANDLE_COLUMNS, HistoryApi, kline_rows
from include.sandbox.recorded import RecordedMarket
from tests.support.exchanges import bybit
from tests.support.sandbox import RunningSandbox, running_sandbox
from tests.unit.sandbox.recordings import FOUR_HOURS, HOUR, START, ask, candle_series, stopped_clock
from tests.unit.sandbox.venues import write_bybit

NOW = START + 9 * DAY_MS + 12 * HOUR  # in the middle of candle 9 of 20


@pytest.fixture
def routes(tmp_path: Path) -> list[BaseRoute]:
    data = RecordedMarket(write_bybit(tmp_path / "data"))
    return HistoryApi(data.bybit, stopped_clock(tmp_path, NOW)).routes()


def answer(routes: list[BaseRoute], path: str, **params: object) -> Any:
    return ask(routes, path, **{"category": "linear", "symbol": "ABCUSDT", **params}).json()


def numbers(routes: list[BaseRoute], **params: int) -> list[int]:
    rows = answer(routes, "/v5/market/kline", interval="D", **params)["result"]["list"]
    return [(int(row[0]) - START) // DAY_MS for row in rows]


def test_candles_come_newest_first_and_the_first_is_the_open_one(routes: list[BaseRoute]) -> None:
    told = answer(routes, "/v5/market/kline", interval="D")["result"]
    assert (told["symbol"], told["category"], len(told["list"])) == ("ABCUSDT", "linear", 10)
    # candle 9: 109 → low 104 → high 119 → 110; half way it has come back to 111.5, printed in whole numbers
    assert told["list"][0] == [str(START + 9 * DAY_MS), "109.0", "112.0", "104.0", "112.0", "8.0", "926.0"]
    assert told["list"][1][1:] == ["108.0", "118.0", "103.0", "109.0", "16.0", "1728.0"]


def test_pages_follow_start_end_and_limit(routes: list[BaseRoute]) -> None:
    assert numbers(routes, limit=2) == [9, 8]
    assert numbers(routes, start=START, limit=3) == [2, 1, 0]
    # the candle that contains the start counts
    assert numbers(routes, start=START + 1, limit=2) == [1, 0]
    assert numbers(routes, end=START + 4 * DAY_MS, limit=2) == [4, 3]
    # of more rows than a page the oldest are dropped
    assert numbers(routes, start=START, end=START + 7 * DAY_MS, limit=3) == [7, 6, 5]
    assert numbers(routes, start=START + 9 * DAY_MS, end=START + 11 * DAY_MS) == [9]


def test_intervals_and_prices_without_data_are_empty(routes: list[BaseRoute]) -> None:
    for interval in ("60", "W"):
        assert answer(routes, "/v5/market/kline", interval=interval)["result"]["list"] == []
    for path in ("mark-price-kline", "index-price-kline", "premium-index-price-kline"):
        assert answer(routes, f"/v5/market/{path}", interval="D")["result"]["list"] == []


@pytest.mark.parametrize(
    "params",
    [
        {"symbol": "NOPE"},
        {"category": "inverse"},
        {"interval": "7"},
        {"interval": ""},
        {"limit": "1001"},
        {"start": "yesterday"},
        {"start": "2", "end": "1"},
    ],
)
def test_bad_requests_are_params_errors(routes: list[BaseRoute], params: dict[str, str]) -> None:
    told = answer(routes, "/v5/market/kline", **{"interval": "D", **params})
    assert (told["retCode"], told["result"]) == (10001, {})
    assert told["retMsg"].startswith("params error")


def test_funding_comes_newest_first(routes: list[BaseRoute]) -> None:
    rows = answer(routes, "/v5/market/funding/history", limit=2)["result"]["list"]
    assert rows == [
        {"symbol": "ABCUSDT", "fundingRate": "0.0029", "fundingRateTimestamp": str(START + 28 * 8 * HOUR)},
        {"symbol": "ABCUSDT", "fundingRate": "0.0028", "fundingRateTimestamp": str(START + 27 * 8 * HOUR)},
    ]


def test_funding_of_a_span_counts_back_from_its_end_and_needs_one(routes: list[BaseRoute]) -> None:
    def settlements(**params: int) -> list[int]:
        rows = answer(routes, "/v5/market/funding/history", **params)["result"]["list"]
        return [(int(row["fundingRateTimestamp"]) - START) // (8 * HOUR) for row in rows]

    assert settlements(startTime=START, endTime=START + 80 * HOUR, limit=3) == [10, 9, 8]
    assert settlements(endTime=START + 8 * HOUR) == [1, 0]
    assert answer(routes, "/v5/market/funding/history", startTime=START)["retMsg"] == "params error: Time is invalid"
    assert answer(routes, "/v5/market/funding/history", limit=201)["retCode"] == 10001


def test_a_turnover_that_is_not_known_is_empty() -> None:
    series = candle_series(open=[1.5], high=[2], low=[0.00001], close=[1.75], volume=[8])
    assert kline_rows(series, CANDLE_COLUMNS) == [[str(START), "1.5", "2.0", "0.00001", "1.75", "8.0", ""]]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as running:
        yield running


def test_ccxt_pages_through_candles_and_funding_without_a_hole(sandbox: RunningSandbox) -> None:
    exchange = bybit(sandbox.base_url)
    exchange.load_markets()
    start = since = exchange.parse8601("2024-01-01T00:00:00Z")
    times: list[int] = []
    while len(times) < 1_500:
        times += [row[0] for row in exchange.fetch_ohlcv("ETH/USDT:USDT", "4h", since=since, limit=700)]
        since = times[-1] + 1
    assert times == [start + n * FOUR_HOURS for n in range(len(times))]
    settled: list[int] = []
    since = start
    while len(settled) < 500:
        page = exchange.fetch_funding_rate_history("BTC/USDT:USDT", since=since, limit=200)
        settled += [row["timestamp"] for row in page]
        since = settled[-1] + 1
    assert settled == [start + n * 8 * HOUR for n in range(len(settled))]


def test_ccxt_of_both_kinds_sees_two_venues_a_few_basis_points_apart(sandbox: RunningSandbox) -> None:
    async def fetched() -> list[list[float]]:
        exchange = bybit(sandbox.base_url, is_async=True)
        try:
            await exchange.load_markets()
            rows: list[list[float]] = await exchange.fetch_ohlcv("BTC/USDT:USDT", "4h", limit=200)
            return rows
        finally:
            await exchange.close()

    here = asyncio.run(fetched())
    assert here[:-1] == bybit(sandbox.base_url).fetch_ohlcv("BTC/USDT:USDT", "4h", limit=200)[:-1]
    client = ccxt.binanceusdm({"enableRateLimit": False})
    client.urls["api"] = dict.fromkeys(client.urls["api"], f"{sandbox.base_url}/fapi/v1")
    there = client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "4h", "limit": 200})
    assert [row[0] for row in here] == [int(row[0]) for row in there]
    apart = sorted(abs(a[4] / float(b[4]) - 1) for a, b in zip(here, there, strict=True))
    assert 0.5e-4 < apart[100] < 5e-4
    assert apart[-1] < 30e-4
