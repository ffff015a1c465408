from datetime import timedelta

import numpy as np

from include.config.settings import Settings
from include.core.clock import to_ms
from include.lake.lake import Lake
from include.validation.candle_series import NEVER, Context, standing_series
from tests.unit.lake.rows import START, candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def test_staged_candles_take_the_place_of_stored_ones(settings: Settings) -> None:
    lake = Lake.of(settings)
    lake.merge("candles", candles(*(candle(number=n) for n in range(3)), candle(ETH)))
    (one,) = standing_series(lake, BTC, candles(candle(number=2, close=99.0), candle(number=3)), None)
    assert (one.venue, one.symbol, one.timeframe, one.length_ms) == ("binanceusdm", BTC, "4h", 14_400_000)
    np.testing.assert_array_equal(one.open_time, to_ms(START) + 14_400_000 * np.arange(4))
    np.testing.assert_array_equal(one.close, [105.0, 105.0, 99.0, 105.0])
    assert (one.since_ms, len(one.repeated)) == (0, 0)
    assert one.at(1) == "2026-01-01 04:00 UTC"


def test_every_venue_and_timeframe_is_a_series_of_its_own(settings: Settings) -> None:
    lake = Lake.of(settings)
    lake.merge("candles", candles(candle(), candle(venue="bybit"), candle(timeframe="1h")))
    found = list(standing_series(lake, BTC, candles(candle(number=1)), None))
    assert sorted((one.venue, one.timeframe, len(one.close)) for one in found) == [
        ("binanceusdm", "1h", 1),
        ("binanceusdm", "4h", 2),
        ("bybit", "4h", 1),
    ]


def test_the_context_is_500_candles_and_whole_days(settings: Settings) -> None:
    lake = Lake.of(settings)
    lake.merge("candles", candles(*(candle(number=n) for n in range(600))))
    since = START + timedelta(hours=4 * 598)
    context = Context("binanceusdm", "4h", since)
    # candle 598 − 500 opens on 2026-01-17 at 08:00
    assert context.begin == START + timedelta(days=16)
    other = candles(candle(number=599, venue="bybit"))
    found = {one.venue: one for one in standing_series(lake, BTC, other, context)}
    ours = found["binanceusdm"]
    assert len(ours.open_time) == 600 - 16 * 6
    assert int((ours.open_time >= ours.since_ms).sum()) == 2
    assert found["bybit"].since_ms == NEVER


def test_what_is_no_price_is_left_to_the_schema(settings: Settings) -> None:
    rows = [candle(number=n) for n in range(5)]
    rows[1] |= {"high": float("inf")}
    rows[2] |= {"close": float("nan")}
    rows[3] |= {"low": 0.0}
    (one,) = standing_series(Lake.of(settings), BTC, candles(*rows), None)
    np.testing.assert_array_equal(one.open_time, to_ms(START) + 14_400_000 * np.array([0, 4]))
