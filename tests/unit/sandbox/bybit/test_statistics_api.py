from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute

from include.config.settings import load_settings
from include.core.timeframes import DAY_MS
from include.sandbox.bybit.statistics_api import StatisticsApi
from include.sandbox.recorded import RecordedMarket
from include.sandbox.synthetic import SyntheticMarket
from include.sandbox.synthetic_factors import END_MS
from tests.support.exchanges import bybit
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import FOUR_HOURS, HOUR, START, ask, stopped_clock
from tests.unit.sandbox.venues import write_bybit

NOW = END_MS + HOUR // 2
PATHS = (("/v5/market/open-interest", "intervalTime"), ("/v5/market/account-ratio", "period"))


@pytest.fixture(scope="module")
def market() -> SyntheticMarket:
    return SyntheticMarket(("BTC/USDT:USDT",), seed=3)


@pytest.fixture
def routes(market: SyntheticMarket, tmp_path: Path) -> list[BaseRoute]:
    return StatisticsApi(market.bybit, stopped_clock(tmp_path, NOW)).routes()


def asked(routes: list[BaseRoute], path: str, **params: object) -> Any:
    return ask(routes, path, **{"category": "linear", "symbol": "BTCUSDT", **params}).json()


def hours(told: dict[str, Any]) -> list[int]:
    return [(int(row["timestamp"]) - END_MS) // HOUR for row in told["result"]["list"]]


@pytest.mark.parametrize(("path", "period"), PATHS)
def test_rows_come_newest_first_and_count_back_from_the_end(routes: list[BaseRoute], path: str, period: str) -> None:
    assert hours(asked(routes, path, **{period: "1h"}, limit=3)) == [0, -1, -2]
    span = {"startTime": END_MS - 20 * HOUR, "endTime": END_MS - 10 * HOUR}
    assert hours(asked(routes, path, **{period: "1h"}, **span, limit=3)) == [-10, -11, -12]
    assert hours(asked(routes, path, **{period: "4h"}, **span)) == [-12, -16, -20]
    # a start without an end is not heeded
    assert hours(asked(routes, path, **{period: "1h"}, startTime=span["startTime"], limit=2)) == [0, -1]


@pytest.mark.parametrize(("path", "period"), PATHS)
def test_the_cursor_leads_through_a_span_once(routes: list[BaseRoute], path: str, period: str) -> None:
    params = {period: "1h", "startTime": END_MS - 20 * HOUR, "endTime": END_MS - 10 * HOUR, "limit": 4}
    found: list[int] = []
    cursor = ""
    while True:
        told = asked(routes, path, **params, cursor=cursor)
        found += hours(told)
        cursor = told["result"]["nextPageCursor"]
        if not cursor:
            break
    assert found == list(range(-10, -21, -1))


def test_rows_have_the_exchanges_shapes(routes: list[BaseRoute], market: SyntheticMarket) -> None:
    interest = market.bybit.open_interest("BTCUSDT", "1h")
    accounts = market.bybit.long_short("BTCUSDT", "1h")
    assert interest is not None
    assert accounts is not None
    at = interest.time.tolist().index(END_MS)
    told = asked(routes, PATHS[0][0], intervalTime="1h", limit=1)["result"]
    assert (told["symbol"], told["category"]) == ("BTCUSDT", "linear")
    assert told["list"] == [{"openInterest": str(interest.amount[at]), "timestamp": str(END_MS)}]
    assert asked(routes, PATHS[1][0], period="1h", limit=1)["result"]["list"] == [
        {
            "symbol": "BTCUSDT",
            "buyRatio": str(accounts.long_share[at]),
            "sellRatio": str(accounts.short_share[at]),
            "timestamp": str(END_MS),
        }
    ]


@pytest.mark.parametrize(("path", "period"), PATHS)
def test_bad_requests_are_params_errors(routes: list[BaseRoute], path: str, period: str) -> None:
    for wrong in ({period: "7h"}, {period: "1h", "limit": "501"}, {period: "1h", "symbol": "NOPE"}, {}):
        assert asked(routes, path, **wrong)["retCode"] == 10001


def test_what_is_not_recorded_is_no_data(tmp_path: Path) -> None:
    data = RecordedMarket(write_bybit(tmp_path / "data"))
    routes = StatisticsApi(data.bybit, stopped_clock(tmp_path, START + DAY_MS)).routes()
    for path, period in PATHS:
        told = asked(routes, path, **{period: "1h"}, symbol="ABCUSDT")["result"]
        assert (told["list"], told["nextPageCursor"]) == ([], "")


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with running_sandbox(load_settings()) as (base_url, _):
        exchange = bybit(base_url)
        exchange.load_markets()
        yield exchange


def test_ccxt_reads_both(exchange: Any) -> None:
    since = exchange.fetch_time() // FOUR_HOURS * FOUR_HOURS - 40 * FOUR_HOURS
    history = exchange.fetch_open_interest_history("BTC/USDT:USDT", "4h", since=since, limit=10)
    assert [row["timestamp"] for row in history] == [since + n * FOUR_HOURS for n in range(11)][-10:]
    assert all(row["openInterestAmount"] > 0 for row in history)
    ratios = exchange.fetch_long_short_ratio_history("BTC/USDT:USDT", "1h", limit=5)
    assert len(ratios) == 5
    assert all(0.3 < row["longShortRatio"] < 4 for row in ratios)
