"""ccxt's own recorded answers of the venue: our reading of the raw rows equals ccxt's.

Source: ccxt's static response tests (MIT), recorded in the data directory.
"""

import asyncio
import json
from typing import Any

import pytest

from include.core.timeframes import timeframe_ms
from include.market.endpoints import endpoint
from include.market.pages import Span
from tests.support.recorded import FOLDER
from tests.unit.market.answers import answer, answering

RECORDED = FOLDER / "ccxt_static" / "binance_response_fetchOHLCV.json"
COLUMNS = ("open", "high", "low", "close", "volume")


def cases() -> list[Any]:
    if not RECORDED.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no recorded data at {RECORDED}"))]
    return [pytest.param(case, id=case["description"]) for case in json.loads(RECORDED.read_text())["cases"]]


@pytest.mark.parametrize("case", cases())
def test_raw_rows_are_read_as_ccxt_reads_them(case: dict[str, Any]) -> None:
    symbol, timeframe = case["input"][:2]
    raw, parsed = case["httpResponse"], case["parsedResponse"]
    first, last = raw[0][0], raw[-1][0]
    span = Span("binanceusdm", symbol, first, last, last + timeframe_ms(timeframe))
    page = endpoint("binanceusdm", "candles", symbol, timeframe).check(raw, span)
    assert page.refused == ()
    assert page.rows["open_time"].cast("int64").to_pylist() == [row[0] for row in parsed]
    ours = [list(row) for row in zip(*(page.rows[name].to_pylist() for name in COLUMNS), strict=True)]
    assert ours == [[float(value) for value in row[1:]] for row in parsed]
    assert page.rows["quote_volume"].to_pylist() == [float(row[7]) for row in raw]
    assert page.rows["trades_count"].to_pylist() == [row[8] for row in raw]
    assert page.rows["taker_buy_volume"].to_pylist() == [float(row[9]) for row in raw]
    assert page.rows["taker_buy_quote_volume"].to_pylist() == [float(row[10]) for row in raw]


@pytest.mark.parametrize("case", [param for param in cases() if param.id is None or param.id == "swap ohlcv"])
def test_the_strict_client_parses_the_recorded_answer_as_stock_ccxt_does(case: dict[str, Any]) -> None:
    from include.config.settings import load_settings
    from include.market.exchange import open_exchange

    info = {"symbols": [_listing("BTCUSDT")]}
    with answering(lambda path, _: answer(info if "exchangeInfo" in path else case["httpResponse"])) as (url, _):
        exchange = open_exchange(load_settings().model_copy(update={"exchange_url": url}))

        async def candles() -> object:
            try:
                return await exchange.fetch_ohlcv(*case["input"])
            finally:
                await exchange.close()

        assert asyncio.run(candles()) == case["parsedResponse"]


def _listing(market_id: str) -> dict[str, Any]:
    return {
        "symbol": market_id,
        "pair": market_id,
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": market_id.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "filters": [],
    }
