"""The recorded market, stored whole: the checks find what is known to be wrong with it, and nothing else."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.columns import TABLES
from include.core.timeframes import TIMEFRAMES_MS
from include.lake.lake import Lake
from include.market.macro import SERIES
from include.market.publication import known_at
from include.validation.candle_series import standing_series
from include.validation.lake_report import validate_lake
from include.validation.venue_agreement import distances
from tests.support.recorded import recorded

END = datetime(2026, 3, 19, 16, tzinfo=UTC)
NUMBERS = ["open", "high", "low", "close", "volume"]


def instants(milliseconds: "pd.Series[int]") -> "pd.Series[pd.Timestamp]":
    return pd.to_datetime(milliseconds, unit="ms", utc=True).astype("datetime64[ms, UTC]")


def unified(symbols: "pd.Series[str]") -> "pd.Series[str]":
    return symbols.str.removesuffix("USDT") + "/USDT:USDT"


def store(lake: Lake, table: str, frame: pd.DataFrame) -> None:
    absent = {name: None for name in TABLES[table].column_names if name not in frame}
    lake.merge(table, pa.Table.from_pandas(frame.assign(**absent), TABLES[table].schema, preserve_index=False))


def store_candles(
    lake: Lake, file: str, timeframe: str, venue: str = "binanceusdm", without: tuple[str, ...] = ()
) -> None:
    frame = pd.read_parquet(recorded(file), columns=["symbol", "open_time", *NUMBERS])
    # Bybit says that BCH opened at 0 on its first day
    frame = frame[(frame["low"] > 0) & ~frame["symbol"].isin(without)]
    times = instants(frame["open_time"])
    told = frame[NUMBERS].assign(
        venue=venue,
        symbol=unified(frame["symbol"]),
        timeframe=timeframe,
        open_time=times,
        known_at=times + pd.Timedelta(TIMEFRAMES_MS[timeframe], "ms"),
    )
    store(lake, "candles", told)


def store_positioning(lake: Lake) -> None:
    for file, period in (("open_interest_4h.parquet", "4h"), ("open_interest_1d.parquet", "1d")):
        frame = pd.read_parquet(recorded(file))
        times = instants(frame["timestamp"])
        values = {"open_interest": frame["sum_open_interest"], "timestamp": times, "known_at": times}
        frame = pd.DataFrame(values).assign(venue="binanceusdm", timeframe=period, symbol=unified(frame["symbol"]))
        store(lake, "open_interest", frame)
    frame = pd.read_parquet(recorded("long_short_ratio_1h_btc.parquet"))
    times = instants(frame["timestamp"])
    frame = frame[["long_short_ratio"]].assign(
        venue="binanceusdm", timeframe="1h", symbol=unified(frame["symbol"]), timestamp=times, known_at=times
    )
    store(lake, "long_short_ratio", frame)


def store_others(lake: Lake) -> None:
    frame = pd.read_parquet(recorded("fear_greed.parquet"))
    times = instants(frame["timestamp"] * 1000)
    mood = {"timestamp": times, "value": frame["value"], "classification": frame["value_classification"]}
    store(lake, "fear_greed", pd.DataFrame(mood).assign(known_at=times + pd.Timedelta(days=1)))
    frame = pd.read_parquet(recorded("macro_daily.parquet"))
    frame = frame[frame["series_id"].isin(list(SERIES))]
    days = pd.to_datetime(frame["date"], utc=True).astype("datetime64[ms, UTC]")
    known = pd.Series([known_at(SERIES[s], day) for s, day in zip(frame["series_id"], days, strict=True)], frame.index)
    known = known.astype("datetime64[ms, UTC]")
    macro = {"series": frame["series_id"], "date": days, "vintage": known.dt.floor("D"), "value": frame["value"]}
    store(lake, "macro", pd.DataFrame(macro).assign(known_at=known))


@pytest.mark.slow
def test_the_recorded_market_holds_what_is_known_to_be_wrong_with_it_and_nothing_else(settings: Settings) -> None:
    lake = Lake.of(settings)
    for timeframe in ("1m", "4h", "1d"):
        store_candles(lake, f"klines_{timeframe}.parquet", timeframe)
    store_candles(lake, "klines_1h.parquet", "1h", without=("BTCUSDT", "ETHUSDT"))
    store_candles(lake, "klines_1h_long_btc_eth.parquet", "1h")
    store_candles(lake, "bybit_klines_1d.parquet", "1d", "bybit")
    store_positioning(lake)
    store_others(lake)
    assert lake.count("candles") == 1_408_408
    report = validate_lake(settings, END)
    assert report.passed
    found = {failure.name: failure for failure in report.failures}
    # the files end at different times, which is why series are behind
    assert set(found) == {"timeframe_disagreements", "venue_distances", "stale_series"}
    hours = found["timeframe_disagreements"].message
    assert found["timeframe_disagreements"].subjects == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert (found["timeframe_disagreements"].observed, hours.count("4h candle of 2024-10-28 20:00 UTC")) == (2, 2)
    assert (found["venue_distances"].observed, found["venue_distances"].subjects) == (3, ("ZEC/USDT:USDT",))
    assert all(day in found["venue_distances"].message for day in ("2025-04-07", "2025-04-12", "2025-04-13"))


def test_venues_are_as_far_apart_as_pandas_says(settings: Settings) -> None:
    lake = Lake.of(settings)
    store_candles(lake, "klines_1d.parquet", "1d")
    store_candles(lake, "bybit_klines_1d.parquet", "1d", "bybit")
    nothing = TABLES["candles"].schema.empty_table()
    found = {}
    for symbol in lake.newest("candles", ["symbol"], "open_time")["symbol"]:
        series = {one.venue: one for one in standing_series(lake, symbol, nothing, None)}
        if len(series) == 2:
            found[symbol] = distances(series["binanceusdm"], series["bybit"])[1]
    stored = lake.read("candles", ["venue", "symbol", "open_time", "close"])
    wide = stored.pivot(index=["symbol", "open_time"], columns="venue", values="close").dropna()
    expected = (wide["binanceusdm"] - wide["bybit"]).abs() / wide.mean(axis=1) * 10_000
    every = np.concatenate([found[symbol] for symbol in sorted(found)])
    assert len(every) == 38_871
    np.testing.assert_allclose(every, expected.sort_index(), rtol=1e-9, atol=1e-9)
    assert float(np.median(every)) == pytest.approx(2.48, abs=0.01)
    # what the limits are set by
    medians = {symbol: float(np.median(values)) for symbol, values in found.items()}
    assert max(medians.items(), key=lambda item: item[1]) == ("OGN/USDT:USDT", pytest.approx(8.6, abs=0.01))
