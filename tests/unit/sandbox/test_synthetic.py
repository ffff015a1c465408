import numpy as np
import pytest

from include.config.universe import load_universe
from include.sandbox.market_data import CandleSeries
from include.sandbox.synthetic import SyntheticMarket

PAIR = ("BTC/USDT:USDT", "ETH/USDT:USDT")


def candles_of(market: SyntheticMarket, symbol: str, timeframe: str) -> CandleSeries:
    candles = market.candles(symbol, timeframe)
    assert candles is not None
    return candles


def test_it_lists_the_symbols_of_the_universe() -> None:
    market = SyntheticMarket(load_universe().symbols, seed=1)
    assert len(market.symbols()) == 62
    assert market.symbols()[0] == "BTCUSDT"
    listed = [entry["symbol"] for entry in market.exchange_info()["symbols"]]
    assert tuple(listed) == market.symbols()


def test_a_symbol_is_the_same_in_every_universe_of_one_seed() -> None:
    alone, among, other = (SyntheticMarket(s, n) for s, n in ((PAIR[1:], 5), (PAIR, 5), (PAIR, 6)))
    closes = [candles_of(market, "ETHUSDT", "4h").close for market in (alone, among, other)]
    assert np.array_equal(closes[0], closes[1])
    assert not np.array_equal(closes[0], closes[2])


def test_candles_start_when_the_symbol_is_onboarded() -> None:
    market = SyntheticMarket(load_universe().symbols, seed=1)
    for entry in market.exchange_info()["symbols"][:12]:
        assert candles_of(market, entry["symbol"], "4h").open_time[0] == entry["onboardDate"]


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "1w"])
def test_timeframes_that_are_not_simulated_have_no_candles(timeframe: str) -> None:
    assert SyntheticMarket(PAIR, seed=1).candles("BTCUSDT", timeframe) is None


def test_the_three_timeframes_agree() -> None:
    market = SyntheticMarket(PAIR, seed=1)
    hour, four, day = (candles_of(market, "BTCUSDT", timeframe) for timeframe in ("1h", "4h", "1d"))
    assert hour.open[0] == four.open[0] == day.open[0]
    assert day.high.max() == four.high.max() == hour.high.max()
    assert four.close[5] == hour.close[23] == day.close[0]


def test_a_timeframe_is_kept_once_made() -> None:
    market = SyntheticMarket(PAIR, seed=1)
    assert market.candles("BTCUSDT", "4h") is market.candles("BTCUSDT", "4h")
    assert market.funding("BTCUSDT") is market.funding("BTCUSDT")


def test_macro_series_that_it_does_not_have_are_absent() -> None:
    market = SyntheticMarket(PAIR, seed=1)
    assert market.macro("DGS10") is not None
    assert market.macro("NOPE") is None
    assert len(market.fear_greed().value) > 1000
