from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pandas as pd
import pytest
from starlette.routing import BaseRoute

from include.config.settings import load_settings
from include.core.timeframes import DAY_MS
from include.sandbox.binance.statistics_api import StatisticsApi
from include.sandbox.recorded import RecordedMarket
from tests.support.exchanges import binance
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import FOUR_HOURS, START, ask, candle_frame, stopped_clock, write_candles

COUNT = 300  # 50 days of four hours
NOW = START + COUNT * FOUR_HOURS - 1
PATHS = ("openInterestHist", "globalLongShortAccountRatio", "takerlongshortRatio")


@pytest.fixture
def routes(tmp_path: Path) -> list[BaseRoute]:
    candles = candle_frame("ABCUSDT", COUNT).assign(taker_buy_volume=lambda frame: frame.volume / 4)
    folder = write_candles(tmp_path / "data", "4h", candles, candle_frame("XYZUSDT", 3))
    frame = pd.DataFrame({"symbol": "ABCUSDT", "timestamp": [START + n * FOUR_HOURS for n in range(COUNT)]})
    frame.assign(sum_open_interest=range(COUNT), sum_open_interest_value=0.5).to_parquet(
        folder / "open_interest_4h.parquet"
    )
    frame.assign(long_short_ratio=1.5, long_account=0.6, short_account=0.4).to_parquet(
        folder / "long_short_ratio_4h_abc.parquet"
    )
    return StatisticsApi(RecordedMarket(folder), stopped_clock(tmp_path, NOW)).routes()


def statistics(routes: list[BaseRoute], path: str = "openInterestHist", **params: object) -> Any:
    return ask(routes, f"/futures/data/{path}", **{"symbol": "ABCUSDT", "period": "4h", **params}).json()


def numbers(page: list[dict[str, Any]]) -> list[int]:
    return [(entry["timestamp"] - START) // FOUR_HOURS for entry in page]


def test_rows_have_the_exchanges_shapes(routes: list[BaseRoute]) -> None:
    last = START + (COUNT - 1) * FOUR_HOURS
    assert statistics(routes, limit=1) == [
        {"symbol": "ABCUSDT", "sumOpenInterest": "299.0", "sumOpenInterestValue": "0.5", "timestamp": last}
    ]
    assert statistics(routes, "globalLongShortAccountRatio", limit=1) == [
        {
            "symbol": "ABCUSDT",
            "longAccount": "0.6",
            "longShortRatio": "1.5",
            "shortAccount": "0.4",
            "timestamp": last,
        }
    ]
    # the period that began last is not over; candle 298 has 306, a quarter of it bought
    assert statistics(routes, "takerlongshortRatio", limit=1) == [
        {"buySellRatio": "0.3333", "sellVol": "229.5", "buyVol": "76.5", "timestamp": last - FOUR_HOURS}
    ]


def test_pages_are_thirty_rows_and_five_hundred_at_most(routes: list[BaseRoute]) -> None:
    assert numbers(statistics(routes)) == list(range(270, 300))
    assert len(statistics(routes, limit=500)) == 180  # thirty days
    assert statistics(routes, limit=501)["code"] == -1130


def test_of_a_span_of_more_rows_than_a_page_the_oldest_are_dropped(routes: list[BaseRoute]) -> None:
    span = {"startTime": START + 200 * FOUR_HOURS, "endTime": START + 250 * FOUR_HOURS}
    assert numbers(statistics(routes, **span, limit=10)) == list(range(241, 251))
    assert numbers(statistics(routes, startTime=span["startTime"], limit=10)) == list(range(290, 300))
    assert numbers(statistics(routes, **span, limit=500)) == list(range(200, 251))


@pytest.mark.parametrize("path", PATHS)
def test_what_is_older_than_thirty_days_is_refused(routes: list[BaseRoute], path: str) -> None:
    oldest = NOW - 30 * DAY_MS
    refused = {"code": -1130, "msg": "parameter 'startTime' is invalid."}
    assert statistics(routes, path, startTime=oldest - 1) == refused
    assert numbers(statistics(routes, path, startTime=oldest, limit=500))[0] == 120
    assert statistics(routes, path, startTime=oldest, endTime=oldest - 1)["code"] == -1130


def test_what_is_not_recorded_is_no_data(routes: list[BaseRoute]) -> None:
    for path in PATHS:
        assert statistics(routes, path, symbol="XYZUSDT") == []
    assert statistics(routes, period="1h") == []
    assert statistics(routes, "basis", pair="ABCUSDT", contractType="PERPETUAL") == []


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("openInterestHist", {"symbol": "NOPE"}, -1121),
        ("openInterestHist", {"period": "1m"}, -1130),
        ("openInterestHist", {"period": ""}, -1102),
        ("openInterestHist", {"startTime": "yesterday"}, -1130),
        ("basis", {"contractType": "PERPETUAL"}, -1102),
        ("basis", {"pair": "ABCUSDT"}, -1102),
        ("basis", {"pair": "ABCUSDT", "contractType": "SPOT"}, -1130),
    ],
)
def test_bad_requests_get_the_exchanges_codes(
    routes: list[BaseRoute], path: str, params: dict[str, str], code: int
) -> None:
    assert statistics(routes, path, **params)["code"] == code


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[ccxt.binanceusdm]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as (base_url, _):
        client = binance(base_url)
        client.load_markets()
        yield client


def test_ccxt_pages_through_open_interest_and_long_short_without_a_hole(client: ccxt.binanceusdm) -> None:
    end = client.fetch_time()
    for fetch in (client.fetch_open_interest_history, client.fetch_long_short_ratio_history):
        times: list[int] = []
        since = end - 29 * DAY_MS
        while since < end:
            until = since + 100 * FOUR_HOURS - 1
            times += [row["timestamp"] for row in fetch("BTC/USDT:USDT", "4h", since, 500, {"endTime": until})]
            since = until + 1
        assert len(times) == 29 * 6
        assert times == [times[0] + n * FOUR_HOURS for n in range(len(times))]


def test_taker_volumes_are_those_of_the_candles(client: ccxt.binanceusdm) -> None:
    page = client.fapiDataGetTakerlongshortRatio({"symbol": "ETHUSDT", "period": "4h", "limit": 20})
    start = int(page[0]["timestamp"])
    candles = client.fapiPublicGetKlines({"symbol": "ETHUSDT", "interval": "4h", "startTime": start, "limit": 20})
    for row, candle in zip(page, candles, strict=True):
        assert int(row["timestamp"]) == int(candle[0])
        assert float(row["buyVol"]) == float(candle[9])
        assert float(row["buyVol"]) + float(row["sellVol"]) == pytest.approx(float(candle[5]))
        assert float(row["buySellRatio"]) == pytest.approx(float(row["buyVol"]) / float(row["sellVol"]), abs=1e-4)


def test_the_basis_is_the_perpetual_over_its_index(client: ccxt.binanceusdm) -> None:
    page = client.fapiDataGetBasis({"pair": "BTCUSDT", "contractType": "PERPETUAL", "period": "4h", "limit": 20})
    start = int(page[0]["timestamp"]) - FOUR_HOURS
    closes = {
        int(row[6]) + 1: (float(row[4]), float(index[4]))
        for row, index in zip(
            client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "4h", "startTime": start}),
            client.fapiPublicGetIndexPriceKlines({"pair": "BTCUSDT", "interval": "4h", "startTime": start}),
            strict=True,
        )
    }
    for row in page:
        futures, index = float(row["futuresPrice"]), float(row["indexPrice"])
        assert (futures, index) == closes[int(row["timestamp"])]
        assert float(row["basis"]) == pytest.approx(futures - index)
        assert float(row["basisRate"]) == pytest.approx((futures - index) / index, abs=1e-4)
    quarter = {"pair": "BTCUSDT", "contractType": "CURRENT_QUARTER", "period": "4h"}
    assert client.fapiDataGetBasis(quarter) == []
