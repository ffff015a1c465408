from collections.abc import Iterator
from pathlib import Path

import ccxt
import pandas as pd
import pytest
from starlette.routing import BaseRoute

from include.config.settings import load_settings
from include.sandbox.binance.quotes_api import QuotesApi
from include.sandbox.recorded import RecordedMarket
from tests.support.exchanges import binance
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import FOUR_HOURS, HOUR, START, ask, candle_frame, stopped_clock, write_candles

NOW = START + 9 * FOUR_HOURS + 2 * HOUR  # in the middle of candle 9 of 12


@pytest.fixture
def routes(tmp_path: Path) -> list[BaseRoute]:
    abc = candle_frame("ABCUSDT", 12).assign(quote_volume=lambda frame: frame.volume * frame.open, trades=3)
    folder = write_candles(tmp_path / "data", "4h", abc, candle_frame("XYZUSDT", 3))
    times = [START + 2 * FOUR_HOURS * n + 3 for n in range(6)]
    pd.DataFrame({"symbol": "ABCUSDT", "funding_time": times, "funding_rate": 0.0001}).to_parquet(
        folder / "funding_rates.parquet"
    )
    return QuotesApi(RecordedMarket(folder), stopped_clock(tmp_path, NOW)).routes()


def test_the_premium_index_shows_price_and_funding_of_now(routes: list[BaseRoute]) -> None:
    quote = ask(routes, "/fapi/v1/premiumIndex", symbol="ABCUSDT").json()
    assert (quote["markPrice"], quote["lastFundingRate"]) == ("112.0", "0.00010000")
    assert quote["nextFundingTime"] == START + 10 * FOUR_HOURS
    assert quote["time"] == NOW
    everyone = ask(routes, "/fapi/v1/premiumIndex").json()
    assert [entry["symbol"] for entry in everyone] == ["ABCUSDT", "XYZUSDT"]
    assert everyone[1]["markPrice"] == "103.0"  # its last close


def test_the_ticker_sums_up_the_last_24_hours(routes: list[BaseRoute]) -> None:
    ticker = ask(routes, "/fapi/v1/ticker/24hr", symbol="ABCUSDT").json()
    # candles 4 to 8 are whole, half of candle 9 has happened: 109 → 104 → 112 by now, of 119
    assert (ticker["openPrice"], ticker["highPrice"], ticker["lowPrice"]) == ("104.0", "118.0", "99.0")
    assert ticker["lastPrice"] == "112.0"
    assert float(ticker["volume"]) == 12 + 13 + 14 + 15 + 16 + 8
    assert ticker["count"] == 5 * 3 + 1
    assert float(ticker["priceChange"]) == 112 - 104
    assert float(ticker["priceChangePercent"]) == pytest.approx(100 * 8 / 104, abs=0.001)
    assert (ticker["openTime"], ticker["closeTime"]) == (NOW - 24 * HOUR, NOW)


def test_a_feed_that_stands_still_has_a_price_and_no_volume(routes: list[BaseRoute]) -> None:
    tickers = ask(routes, "/fapi/v1/ticker/24hr").json()
    assert [ticker["symbol"] for ticker in tickers] == ["ABCUSDT", "XYZUSDT"]
    assert (tickers[1]["lastPrice"], tickers[1]["volume"], tickers[1]["highPrice"]) == ("103.0", "0.0", "103.0")


def test_a_recording_has_no_order_book(routes: list[BaseRoute]) -> None:
    book = ask(routes, "/fapi/v1/depth", symbol="ABCUSDT").json()
    assert (book["bids"], book["asks"], book["T"]) == ([], [], NOW)
    best = ask(routes, "/fapi/v1/ticker/bookTicker", symbol="ABCUSDT").json()
    assert (best["bidPrice"], best["askPrice"]) == ("0.0", "0.0")


def test_a_depth_that_the_exchange_does_not_offer_is_refused(routes: list[BaseRoute]) -> None:
    assert ask(routes, "/fapi/v1/depth", symbol="ABCUSDT", limit=7).json()["code"] == -4021
    assert ask(routes, "/fapi/v1/depth", symbol="NOPE").json()["code"] == -1121
    assert ask(routes, "/fapi/v1/ticker/24hr", symbol="NOPE").json()["code"] == -1121


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[ccxt.binanceusdm]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as (base_url, _):
        yield binance(base_url)


def test_ccxt_reads_ticker_best_prices_and_book_that_agree(client: ccxt.binanceusdm) -> None:
    symbol = "BTC/USDT:USDT"
    last = client.fetch_ticker(symbol)["last"]
    book = client.fetch_order_book(symbol, limit=500)
    bids, asks = book["bids"], book["asks"]
    assert (len(bids), len(asks)) == (500, 500)
    assert bids[0][0] < last < asks[0][0]
    assert [price for price, _ in bids] == sorted({price for price, _ in bids}, reverse=True)
    assert [price for price, _ in asks] == sorted({price for price, _ in asks})
    assert (asks[0][0] - bids[0][0]) / last < 3e-4
    assert asks[-1][0] > last * 1.01
    best = client.fetch_bids_asks([symbol])[symbol]
    assert best["bid"] < last < best["ask"]
    assert set(client.fetch_tickers()) == {symbol, "ETH/USDT:USDT"}
