from collections.abc import Iterator
from pathlib import Path

import ccxt
import pandas as pd
import pytest
from starlette.routing import BaseRoute

from include.config.settings import Settings, load_settings
from include.sandbox.binance.history_api import HistoryApi, kline_rows, price_rows
from include.sandbox.recorded import RecordedMarket
from include.sandbox.request_budget import Limits, Rate
from tests.support.exchanges import binance
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import (
    FOUR_HOURS,
    HOUR,
    START,
    ask,
    candle_frame,
    candle_series,
    stopped_clock,
    write_candles,
)

NOW = START + 9 * FOUR_HOURS + 2 * HOUR  # in the middle of candle 9 of 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_candles(tmp_path / "data", "4h", candle_frame("ABCUSDT", 12), candle_frame("XYZUSDT", 3))
    times = [START + 2 * FOUR_HOURS * n + 3 for n in range(6)]
    rates = [0.0001, -0.0002, 0.00003687, 0.0001, 0.0001, 0.0003]
    pd.DataFrame({"symbol": "ABCUSDT", "funding_time": times, "funding_rate": rates}).to_parquet(
        folder / "funding_rates.parquet"
    )
    return folder


@pytest.fixture
def routes(folder: Path, tmp_path: Path) -> list[BaseRoute]:
    return HistoryApi(RecordedMarket(folder), stopped_clock(tmp_path, NOW)).routes()


def klines(routes: list[BaseRoute], **params: object) -> list[list[object]]:
    answer = ask(routes, "/fapi/v1/klines", **{"symbol": "ABCUSDT", "interval": "4h", **params})
    assert answer.status_code == 200, answer.text
    rows: list[list[object]] = answer.json()
    return rows


def test_the_last_candle_is_the_open_one_as_far_as_it_got(routes: list[BaseRoute]) -> None:
    rows = klines(routes)
    assert [row[0] for row in rows] == [START + n * FOUR_HOURS for n in range(10)]
    # candle 9: 109 → low 104 → high 119 → 110; half way it has fallen to 104 and come back to 111.5,
    # which is printed in whole numbers as the candle is
    assert rows[-1][1:7] == ["109.0", "112.0", "104.0", "112.0", "8.0", START + 10 * FOUR_HOURS - 1]
    assert rows[-2][1:6] == ["108.0", "118.0", "103.0", "109.0", "16.0"]


def test_fields_that_the_source_does_not_know_are_null(routes: list[BaseRoute]) -> None:
    assert klines(routes, limit=2)[0][7:] == [None, None, None, None, "0"]


def test_pages_follow_start_end_and_limit(routes: list[BaseRoute]) -> None:
    def numbers(**params: int) -> list[int]:
        return [(int(str(row[0])) - START) // FOUR_HOURS for row in klines(routes, **params)]

    assert numbers(limit=2) == [8, 9]
    assert numbers(startTime=START, limit=3) == [0, 1, 2]
    assert numbers(startTime=START + 1, limit=2) == [1, 2]
    assert numbers(endTime=START + 4 * FOUR_HOURS, limit=2) == [3, 4]
    assert numbers(startTime=START + 9 * FOUR_HOURS, endTime=START + 11 * FOUR_HOURS) == [9]
    assert numbers(startTime=NOW) == []


def test_intervals_without_data_are_empty(routes: list[BaseRoute]) -> None:
    assert klines(routes, interval="1h") == []
    assert klines(routes, interval="3d") == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "NOPE", "interval": "4h"}, -1121),
        ({"symbol": "ABCUSDT", "interval": "7h"}, -1120),
        ({"symbol": "ABCUSDT"}, -1102),
        ({"interval": "4h"}, -1102),
        ({"symbol": "ABCUSDT", "interval": "4h", "limit": "1501"}, -1130),
        ({"symbol": "ABCUSDT", "interval": "4h", "startTime": "yesterday"}, -1130),
    ],
)
def test_bad_requests_get_the_exchanges_codes(routes: list[BaseRoute], params: dict[str, str], code: int) -> None:
    answer = ask(routes, "/fapi/v1/klines", **params)
    assert answer.status_code == 400
    assert answer.json()["code"] == code


def test_funding_comes_in_order_up_to_now(routes: list[BaseRoute]) -> None:
    page = ask(routes, "/fapi/v1/fundingRate", symbol="ABCUSDT").json()
    assert [entry["fundingRate"] for entry in page] == ["0.0001", "-0.0002", "0.00003687", "0.0001", "0.0001"]
    assert page[2] == {
        "symbol": "ABCUSDT",
        "fundingTime": START + 4 * FOUR_HOURS + 3,
        "fundingRate": "0.00003687",
        "markPrice": "",
    }


def test_funding_pages_from_the_start_or_the_latest(routes: list[BaseRoute]) -> None:
    def times(**params: int) -> list[int]:
        page = ask(routes, "/fapi/v1/fundingRate", symbol="ABCUSDT", **params).json()
        return [(entry["fundingTime"] - START) // (2 * FOUR_HOURS) for entry in page]

    assert times(limit=2) == [3, 4]
    assert times(startTime=START + 4, limit=2) == [1, 2]


def test_funding_of_all_symbols_and_of_one_without_any(routes: list[BaseRoute]) -> None:
    assert len(ask(routes, "/fapi/v1/fundingRate").json()) == 5
    assert ask(routes, "/fapi/v1/fundingRate", symbol="XYZUSDT").json() == []
    assert ask(routes, "/fapi/v1/fundingRate", symbol="NOPE").json()["code"] == -1121


def test_rows_have_the_exchanges_twelve_fields_and_unknown_ones_are_null() -> None:
    series = candle_series(
        open=[1.5], high=[2], low=[0.00001], close=[1.75], volume=[1e-7], quote_volume=[1e22], trades=[12]
    )
    assert kline_rows(series, FOUR_HOURS) == [
        (
            START,
            "1.5",
            "2.0",
            "0.00001",
            "1.75",
            "0.0000001",
            START + FOUR_HOURS - 1,
            "1" + "0" * 22,
            12,
            None,
            None,
            "0",
        )
    ]


def test_rows_of_prices_without_trades_carry_zeros_and_the_seconds_of_a_candle() -> None:
    series = candle_series(open=[1.5], high=[2], low=[1.25], close=[1.75])
    last = START + FOUR_HOURS - 1
    assert price_rows(series, FOUR_HOURS) == [
        (START, "1.5", "2.0", "1.25", "1.75", "0", last, "0", 14_400, "0", "0", "0")
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [("markPriceKlines", "symbol"), ("indexPriceKlines", "pair"), ("premiumIndexKlines", "symbol")],
)
def test_prices_that_were_not_recorded_are_no_data(routes: list[BaseRoute], path: str, name: str) -> None:
    def asked(**params: str) -> tuple[int, object]:
        answer = ask(routes, f"/fapi/v1/{path}", **params)
        return answer.status_code, answer.json()

    assert asked(**{name: "ABCUSDT", "interval": "4h"}) == (200, [])
    assert asked(**{name: "NOPE", "interval": "4h"})[0] == 400
    assert asked(**{name: "ABCUSDT", "interval": "7h"})[0] == 400
    assert asked(interval="4h")[1] == {
        "code": -1102,
        "msg": f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    }


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[ccxt.binanceusdm]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as (base_url, _):
        yield binance(base_url)


def test_ccxt_loads_the_markets_as_linear_perpetuals(client: ccxt.binanceusdm) -> None:
    markets = client.load_markets()
    assert sorted(markets) == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    market = markets["BTC/USDT:USDT"]
    assert market["linear"]
    assert market["swap"]
    assert market["active"]
    assert market["precision"]["price"] == 0.1
    assert market["created"] == client.parse8601("2023-03-01T00:00:00Z")


def test_ccxt_fetches_candles_over_http(client: ccxt.binanceusdm) -> None:
    now = client.fetch_time()
    candles = client.fetch_ohlcv("BTC/USDT:USDT", "4h", limit=10)
    assert len(candles) == 10
    assert candles[-1][0] == now - now % FOUR_HOURS
    opened, high, low, close = candles[0][1:5]
    assert low <= min(opened, close) <= max(opened, close) <= high
    raw = client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "4h", "limit": 10})
    assert [float(text) for text in raw[0][1:6]] == candles[0][1:]
    assert all(value is not None for value in raw[0])


def test_ccxt_fetches_funding_and_status(client: ccxt.binanceusdm) -> None:
    history = client.fetch_funding_rate_history("ETH/USDT:USDT", limit=50)
    assert len(history) == 50
    assert history[-1]["timestamp"] - history[-2]["timestamp"] == pytest.approx(2 * FOUR_HOURS, abs=20)
    current = client.fetch_funding_rate("ETH/USDT:USDT")
    assert current["fundingRate"] == history[-1]["fundingRate"]
    assert current["fundingTimestamp"] == pytest.approx(history[-1]["timestamp"] + 2 * FOUR_HOURS, abs=20)
    assert client.fetch_status()["status"] == "ok"


def test_ccxt_pages_through_candles_without_a_hole(client: ccxt.binanceusdm) -> None:
    client.load_markets()
    since = client.parse8601("2024-01-01T00:00:00Z")
    times: list[int] = []
    while len(times) < 2_000:
        page = client.fetch_ohlcv("ETH/USDT:USDT", "4h", since=since, limit=499)
        times += [row[0] for row in page]
        since = times[-1] + 1
    assert times == [times[0] + n * FOUR_HOURS for n in range(len(times))]


@pytest.mark.parametrize("price", ["mark", "index"])
def test_ccxt_fetches_prices_close_to_the_traded_one(client: ccxt.binanceusdm, price: str) -> None:
    client.load_markets()
    traded = client.fetch_ohlcv("BTC/USDT:USDT", "4h", limit=50)
    told = client.fetch_ohlcv("BTC/USDT:USDT", "4h", limit=50, params={"price": price})
    assert [row[0] for row in told] == [row[0] for row in traded]
    for (_, opened, high, low, close, volume), row in zip(told, traded, strict=True):
        assert close == pytest.approx(row[4], rel=0.01)
        assert low <= min(opened, close) <= max(opened, close) <= high
        assert volume == 0


def test_ccxt_fetches_the_premium_that_the_funding_averages(client: ccxt.binanceusdm) -> None:
    client.load_markets()
    premium = client.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=500, params={"price": "premiumIndex"})
    closes = {row[0]: row[4] for row in premium}
    settled = client.fetch_funding_rate_history("BTC/USDT:USDT", limit=40)
    for settlement in settled:
        end = settlement["timestamp"] // HOUR * HOUR
        average = sum(closes[end - n * HOUR] for n in range(1, 9)) / 8
        # the exchange's formula: P + clamp(0.01 % − P, ±0.05 %)
        expected = average + min(max(0.0001 - average, -0.0005), 0.0005)
        assert settlement["fundingRate"] == pytest.approx(expected, abs=1e-7)


def test_ccxt_raises_bad_symbol_and_bad_request(client: ccxt.binanceusdm) -> None:
    with pytest.raises(ccxt.BadSymbol, match="-1121"):
        client.fapiPublicGetKlines({"symbol": "NOPEUSDT", "interval": "4h"})
    with pytest.raises(ccxt.BadRequest, match="-1120"):
        client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "9h"})


def test_ccxt_meets_the_rate_limit_with_its_retry_after(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_sandbox(settings, limits=Limits(weight=Rate(0, 60))) as (base_url, _):
        exchange = binance(base_url)
        with pytest.raises(ccxt.DDoSProtection, match="-1003"):
            exchange.fetch_time()
        headers = {name.lower(): value for name, value in exchange.last_response_headers.items()}
        assert 1 <= int(headers["retry-after"]) <= 61
