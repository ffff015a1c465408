from datetime import timedelta

import pandas as pd
import pyarrow as pa

from include.config.settings import Settings
from include.core.columns import GAPS
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
            "age_hours": None,
            "late": 1,
            "missing_candles": 2,
            "open_gaps": 0,
            "lost": 0,
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


def test_age_counts_from_when_the_newest_record_may_be_used(settings: Settings) -> None:
    Lake(settings.home.lake).merge("candles", candles(candle(number=0), candle(number=1)))
    # the second candle closes eight hours after the start
    for hours, age in ((8, 0.0), (11, 3.0), (6, 0.0)):
        assert status(settings, START + timedelta(hours=hours))[0]["age_hours"] == age


def test_gaps_of_the_ledger_are_counted_by_what_became_of_them(settings: Settings) -> None:
    lake = Lake(settings.home.lake)
    lake.merge("candles", candles(candle(number=0)))
    rows = [gap(number, state) for number, state in enumerate(("open", "open", "lost", "filled"))]
    lake.merge("gaps", pa.Table.from_pylist(rows, schema=GAPS.schema))
    line = next(line for line in status(settings) if line["table"] == "candles")
    assert (line["open_gaps"], line["lost"]) == (6, 3)


def gap(number: int, state: str) -> dict[str, object]:
    first = START + timedelta(days=number)
    return {
        "source": "candles", "venue": "binanceusdm", "subject": "BTC/USDT:USDT", "timeframe": "4h",
        "first_missing": first, "last_missing": first + timedelta(hours=8), "missing_count": 3, "status": state,
        "reason": "a test", "attempts": 1, "found_at": START, "tried_at": None,
    }  # fmt: skip
