from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute

from include.config.settings import load_settings
from include.sandbox.bybit.exchange_api import ExchangeApi, instrument
from include.sandbox.market_data import Listing
from include.sandbox.recorded import RecordedMarket
from include.sandbox.synthetic import SyntheticMarket
from tests.support.exchanges import bybit
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import START, ask, stopped_clock
from tests.unit.sandbox.venues import write_bybit

PAIRS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT", "BNB/USDT:USDT")


@pytest.fixture
def routes(tmp_path: Path) -> list[BaseRoute]:
    return ExchangeApi(SyntheticMarket(PAIRS, seed=1).bybit, stopped_clock(tmp_path, START)).routes()


def result(routes: list[BaseRoute], path: str, **params: object) -> Any:
    answer = ask(routes, path, **params).json()
    assert answer["retCode"] == 0, answer
    return answer["result"]


def test_the_exchange_tells_the_virtual_time_and_that_it_is_up(routes: list[BaseRoute]) -> None:
    assert result(routes, "/v5/market/time") == {"timeSecond": str(START // 1000), "timeNano": f"{START}000000"}
    assert ask(routes, "/v5/market/time").json()["time"] == START
    assert result(routes, "/v5/system/status") == {"list": []}


def test_the_cursor_leads_through_every_instrument_once(routes: list[BaseRoute]) -> None:
    names: list[str] = []
    cursor = ""
    while True:
        page = result(routes, "/v5/market/instruments-info", category="linear", limit=2, cursor=cursor)
        names += [entry["symbol"] for entry in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break
    assert names == ["BNBUSDT", "BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]


def test_instruments_are_filtered_by_symbol_and_status(routes: list[BaseRoute]) -> None:
    path = "/v5/market/instruments-info"
    assert [e["symbol"] for e in result(routes, path, symbol="ETHUSDT")["list"]] == ["ETHUSDT"]
    assert result(routes, path, status="PreLaunch")["list"] == []
    assert ask(routes, path, symbol="NOPE").json()["retCode"] == 10001
    assert ask(routes, path, category="option").json()["retCode"] == 10001
    assert ask(routes, path, limit=1001).json()["retCode"] == 10001


def test_an_instrument_says_tick_step_launch_and_funding_interval() -> None:
    document = instrument(Listing("ABCUSDT", START, price_decimals=4, quantity_decimals=1, funding_hours=4))
    assert document["priceFilter"]["tickSize"] == "0.0001"
    assert document["lotSizeFilter"]["qtyStep"] == "0.1"
    assert (document["launchTime"], document["fundingInterval"]) == (str(START), 240)
    assert (document["baseCoin"], document["quoteCoin"], document["settleCoin"]) == ("ABC", "USDT", "USDT")


def test_ccxt_loads_what_the_recording_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", str(write_bybit(tmp_path / "data")))
    with running_sandbox(load_settings()) as (base_url, _):
        exchange = bybit(base_url)
        markets = exchange.load_markets()
        assert sorted(markets) == ["ABC/USDT:USDT", "NEW/USDT:USDT"]
        market = markets["ABC/USDT:USDT"]
        assert (market["linear"], market["swap"], market["active"], market["created"]) == (True, True, True, START)
        assert (market["precision"]["price"], market["precision"]["amount"]) == (1, 1)
        assert markets["NEW/USDT:USDT"]["info"]["fundingInterval"] == 240
        assert exchange.fetch_status()["status"] == "ok"
        # the clock of a recording of this venue alone follows its end: twenty days, less the usual seven
        assert exchange.fetch_time() - (START + 13 * 86_400_000) < 60_000


def test_a_recording_without_the_venue_lists_nothing(tmp_path: Path) -> None:
    write_bybit(tmp_path / "data")
    (tmp_path / "data" / "arb_funding_binance_bybit.parquet").unlink()
    (tmp_path / "data" / "bybit_klines_1d.parquet").rename(tmp_path / "data" / "klines_1d.parquet")
    market = RecordedMarket(tmp_path / "data")
    assert market.bybit.symbols() == ()
    routes = ExchangeApi(market.bybit, stopped_clock(tmp_path, START)).routes()
    assert result(routes, "/v5/market/instruments-info") == {"category": "linear", "list": [], "nextPageCursor": ""}
