from datetime import timedelta

import pandas as pd

from include.config.settings import Settings
from include.lake.lake import Lake
from include.market.publish import publish
from include.market.quarantine import Refused, quarantine_rows
from include.market.status import missing_candles, status
from tests.unit.lake.rows import START, candle, candles
from tests.unit.market.batches import NOW, stage_sealed


def test_an_empty_lake_has_no_lines(settings: Settings) -> None:
    assert status(settings) == []


def test_a_line_tells_coverage_freshness_and_gaps(settings: Settings) -> None:
    rows = [candle(number=0), candle(number=1), candle(number=4), candle("ETH/USDT:USDT", 2)]
    Lake(settings.home.lake).merge("candles", candles(*rows))
    assert status(settings) == [
        {
            "table": "candles",
            "version": Lake(settings.home.lake).version("candles"),
            "rows": 4,
            "subjects": 2,
            "first": "2026-01-01 00:00 UTC",
            "last": "2026-01-01 16:00 UTC",
            "late": 1,
            "missing_candles": 2,
            "revisions": 0,
            "quarantined": 0,
        }
    ]


def test_revisions_and_refusals_are_counted_beside_their_table(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle())
    publish(settings, "b1")
    quarantine = quarantine_rows([Refused("candles", "BTC/USDT:USDT", "shape", n, "q") for n in range(3)], NOW)
    stage_sealed(settings, "b2", candle(close=104.0), tables={"quarantine": quarantine})
    publish(settings, "b2")
    line = next(line for line in status(settings) if line["table"] == "candles")
    assert (line["revisions"], line["quarantined"]) == (1, 3)


def test_series_of_other_timeframes_are_counted_on_their_own_grid() -> None:
    hourly = [START + timedelta(hours=n) for n in (0, 1, 3)]
    frame = pd.DataFrame({"venue": "binanceusdm", "symbol": "BTC/USDT:USDT", "timeframe": "1h", "open_time": hourly})
    four = pd.DataFrame(
        {
            "venue": "binanceusdm",
            "symbol": "BTC/USDT:USDT",
            "timeframe": "4h",
            "open_time": [START, START + timedelta(hours=4)],
        }
    )
    assert missing_candles(pd.concat([frame, four])) == 1
