from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.lake.lake import Lake
from include.validation.coverage import MissingRun, coverage_of
from tests.unit.lake.rows import START, candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def test_lake_and_batch_count_together_and_each_candle_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.merge("candles", candles(candle(BTC, 0), candle(BTC, 1), candle(BTC, 0, timeframe="1h")))
    (btc,) = coverage_of(lake, "binanceusdm", candles(candle(BTC, 1), candle(BTC, 2)), [BTC], "4h")
    assert btc.rows == 3
    assert (btc.first, btc.last) == (START, START + timedelta(hours=8))
    assert btc.missing == 0


def test_a_gap_between_lake_and_batch_is_found_exactly(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.merge("candles", candles(candle(BTC, 0), candle(BTC, 1)))
    (btc,) = coverage_of(lake, "binanceusdm", candles(candle(BTC, 5)), [BTC], "4h")
    assert btc.gaps == (MissingRun(first=START + timedelta(hours=8), last=START + timedelta(hours=16), count=3),)
    assert btc.missing == 3


def test_symbols_come_in_the_order_asked_and_one_without_candles_is_empty(tmp_path: Path) -> None:
    eth, new, btc = coverage_of(
        Lake(tmp_path), "binanceusdm", candles(candle(BTC), candle(ETH)), [ETH, "NEW/USDT:USDT", BTC], "4h"
    )
    assert (eth.symbol, eth.rows) == (ETH, 1)
    assert (new.rows, new.first, new.gaps, new.months) == (0, None, (), {})
    assert btc.rows == 1


def test_the_share_of_a_month_counts_from_the_first_to_the_last_candle(tmp_path: Path) -> None:
    # 31 January 00:00 is candle 180 of the month; of its last day candle 183 is missing, of February candle 187
    rows = [candle(BTC, n) for n in (180, 181, 182, 184, 185, 186, 188)]
    (btc,) = coverage_of(Lake(tmp_path), "binanceusdm", candles(*rows), [BTC], "4h")
    assert btc.first == datetime(2026, 1, 31, tzinfo=UTC)
    assert btc.months == {"2026-01": round(5 / 6, 4), "2026-02": round(2 / 3, 4)}
