"""Candles for tests of features: synthetic ones by seed, and recorded ones where they are at hand."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.core.clock import to_ms
from include.core.columns import CANDLES, FUNDING_RATES
from include.features.inputs import FeatureInputs
from include.lake.lake import Lake
from tests.support.recorded import recorded

VENUE = "binanceusdm"
STEP_MS = 4 * 3_600_000
START_MS = to_ms(datetime(2024, 1, 1, tzinfo=UTC))
RECORDED_SYMBOLS = ("BTCUSDT", "1000PEPEUSDT", "OGNUSDT")


def candles(rows: int, seed: int = 0, *, missing: tuple[int, ...] = ()) -> pd.DataFrame:
    """Return a random walk with wicks, bursts of volume and taker volume, without the rows in `missing`."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.standard_t(4, rows) * 0.008))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.0005, rows))
    volume = rng.lognormal(8.0, 0.8, rows)
    frame = pd.DataFrame(
        {
            "open_time": START_MS + STEP_MS * np.arange(rows, dtype=np.int64),
            "open": open_,
            "high": np.maximum(open_, close) * np.exp(rng.exponential(0.004, rows)),
            "low": np.minimum(open_, close) * np.exp(-rng.exponential(0.004, rows)),
            "close": close,
            "volume": volume,
            "taker_buy_volume": volume * rng.uniform(0.3, 0.7, rows),
        }
    )
    return frame.drop(index=list(missing)).reset_index(drop=True)


def flat_candles(rows: int, price: float = 0.1, volume: float = 0.0) -> pd.DataFrame:
    """Return a market that stands still; 0.1 has no exact binary form, so that careless sums show."""
    times = START_MS + STEP_MS * np.arange(rows, dtype=np.int64)
    return pd.DataFrame(
        {"open_time": times, **dict.fromkeys(("open", "high", "low", "close"), price), "volume": volume}
    )


@lru_cache(maxsize=8)
def _recorded(path: Path, symbol: str) -> pd.DataFrame:
    frame = pd.read_parquet(path, filters=[("symbol", "=", symbol)])
    return frame.sort_values("open_time").tail(3000).reset_index(drop=True)


def recorded_candles(symbol: str) -> pd.DataFrame:
    """Return the newest 3,000 recorded 4h candles of an exchange symbol; skip the test where there are none."""
    return _recorded(recorded("klines_4h.parquet"), symbol).copy()


def markets() -> list[pytest.param]:
    """Return parameters that name every test market: a synthetic one, then the recorded ones."""
    return [pytest.param(name, id=name) for name in ("synthetic", *RECORDED_SYMBOLS)]


def market(name: str) -> pd.DataFrame:
    """Return the candles of a test market of `markets`."""
    return candles(3000, seed=11) if name == "synthetic" else recorded_candles(name)


def inputs(frame: pd.DataFrame) -> FeatureInputs:
    """Return 4h inputs of `frame` alone."""
    return FeatureInputs(frame, "4h")


def fill_lake(lake: Lake, frames: dict[str, pd.DataFrame], funding: dict[str, dict[int, float]] | None = None) -> None:
    """Merge candles by unified symbol, and funding rates by symbol and settlement time, into `lake`."""
    rows = pd.concat([_lake_rows(symbol, frame) for symbol, frame in frames.items()])
    lake.merge("candles", pa.Table.from_pandas(rows, schema=CANDLES.schema, preserve_index=False))
    settled = [(symbol, t, rate) for symbol, rates in (funding or {}).items() for t, rate in rates.items()]
    if settled:
        symbols, times, rates = zip(*settled, strict=True)
        table = pd.DataFrame(
            {"venue": VENUE, "symbol": symbols, "funding_time": instants(times), "funding_rate": rates}
        )
        table = table.assign(mark_price=np.nan, known_at=table["funding_time"])
        lake.merge("funding_rates", pa.Table.from_pandas(table, schema=FUNDING_RATES.schema, preserve_index=False))


def instants(epoch_ms: object) -> pd.Series:
    """Return epoch milliseconds as UTC instants."""
    return pd.to_datetime(pd.Series(epoch_ms), unit="ms", utc=True).astype("datetime64[ms, UTC]")


def _lake_rows(symbol: str, frame: pd.DataFrame) -> pd.DataFrame:
    absent = pd.array([None] * len(frame), dtype="Float64")
    optional = {
        name: frame.get(name, absent) for name in ("quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    }
    return frame[["open", "high", "low", "close", "volume"]].assign(
        venue=VENUE,
        symbol=symbol,
        timeframe="4h",
        open_time=instants(frame["open_time"]),
        known_at=instants(frame["open_time"] + STEP_MS),
        trades_count=pd.array([None] * len(frame), dtype="Int64"),
        **optional,
    )[list(CANDLES.column_names)]
