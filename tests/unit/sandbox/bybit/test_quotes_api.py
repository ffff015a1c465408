from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute

from include.config.settings import load_settings
from include.core.timeframes import DAY_MS
from include.sandbox.bybit.quotes_api import QuotesApi
from include.sandbox.recorded import RecordedMarket
from tests.support.exchanges import bybit
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import HOUR, START, ask, stopped_clock
from tests.unit.sandbox.venues import DAYS, write_bybit


@pytest.fixture
def routes(tmp_path: Path) -> list[BaseRoute]:
    # a month after the recording ended
    data = RecordedMarket(write_bybit(tmp_path / "data"))
    return QuotesApi(data.bybit, stopped_clock(tmp_path, START + (DAYS + 30) * DAY_MS)).routes()


def result(routes: list[BaseRoute], path: str, **params: object) -> Any:
    return ask(routes, path, category="linear", **params).json()["result"]


def test_a_venue_whose_recording_ended_long_ago_stands_still(routes: list[BaseRoute]) -> None:
    (ticker,) = result(routes, "/v5/market/tickers", symbol="ABCUSDT")["list"]
    assert (ticker["lastPrice"], ticker["volume24h"], ticker["turnover24h"]) == ("120.0", "0.0", "0.0")
    # the thirtieth settlement was the last: it would have been followed by another one eight hours later
    assert (ticker["fundingRate"], ticker["nextFundingTime"]) == ("0.003", str(START + 30 * 8 * HOUR))
    assert (ticker["bid1Price"], ticker["openInterest"]) == ("", "0.0")


def test_only_symbols_with_a_price_have_a_ticker(routes: list[BaseRoute]) -> None:
    assert [entry["symbol"] for entry in result(routes, "/v5/market/tickers")["list"]] == ["ABCUSDT"]
    assert result(routes, "/v5/market/tickers", symbol="NEWUSDT")["list"] == []
    assert ask(routes, "/v5/market/tickers", symbol="NOPE").json()["retCode"] == 10001


def test_a_recording_has_no_order_book(routes: list[BaseRoute]) -> None:
    book = result(routes, "/v5/market/orderbook", symbol="ABCUSDT")
    assert (book["s"], book["b"], book["a"]) == ("ABCUSDT", [], [])
    assert ask(routes, "/v5/market/orderbook", symbol="ABCUSDT", limit=1001).json()["retCode"] == 10001


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    with running_sandbox(load_settings()) as (base_url, _):
        exchange = bybit(base_url)
        exchange.load_markets()
        yield exchange


def test_ccxt_reads_ticker_and_book_that_agree(exchange: Any) -> None:
    symbol = "BTC/USDT:USDT"
    ticker = exchange.fetch_ticker(symbol)
    book = exchange.fetch_order_book(symbol, limit=200)
    assert (len(book["bids"]), len(book["asks"])) == (200, 200)
    assert book["bids"][0][0] < ticker["last"] < book["asks"][0][0]
    assert ticker["bid"] < ticker["last"] < ticker["ask"]
    assert ticker["markPrice"] == pytest.approx(ticker["last"], rel=0.005)
    assert ticker["quoteVolume"] == pytest.approx(ticker["baseVolume"] * ticker["last"], rel=0.1)
    assert set(exchange.fetch_tickers()) == {symbol, "ETH/USDT:USDT"}
