"""Small one-minute datasets with shadow's 15 columns, and rough markets that reach every exit of an account."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from include.core.clock import from_ms
from include.core.timeframes import MINUTE_MS
from include.features.dataset import Dataset, SymbolSeries, Window
from tests.support.datasets import START_MS, dataset_of, martingale

COLUMNS = 15


def minutes(series: SymbolSeries) -> SymbolSeries:
    """Return `series` on the grid of minutes with 15 noise features."""
    rng = np.random.default_rng(len(series))
    features = rng.normal(size=(len(series), COLUMNS)).astype(np.float32)
    return replace(series, open_time=START_MS + MINUTE_MS * np.arange(len(series), dtype=np.int64), features=features)


def minute_dataset(*series: SymbolSeries) -> Dataset:
    """Return a shadow dataset over `series` of equal length: 60 % train, 20 % validation, 20 % test."""
    placed = [minutes(one) for one in series]
    edges = [from_ms(START_MS) + timedelta(minutes=int(len(series[0]) * share)) for share in (0.0, 0.6, 0.8, 1.0)]
    splits = {
        name: Window(start=start, end=end)
        for name, start, end in zip(("train", "validation", "test"), edges[:-1], edges[1:], strict=True)
    }
    usual = dataset_of(*placed)
    info = usual.info.model_copy(
        update={"system": "shadow", "timeframe": "1m", "feature_set": "shadow15", "splits": splits}
    )
    return Dataset(info, usual.series)


def rough(symbol: str, rows: int, seed: int, columns: int = 3) -> SymbolSeries:
    """Return candles with gaps between them, missing rows, and funding known and unknown."""
    rng = np.random.default_rng(seed)
    series = martingale(symbol, rows, seed=seed, volatility=0.02)
    gap = np.exp(np.where(rng.random(rows) < 0.03, rng.normal(0.0, 0.08, rows), 0.0))
    opens = series.open * gap
    return replace(
        series,
        open=opens,
        high=np.maximum(series.high, opens),
        low=np.minimum(series.low, opens),
        funding_inner=rng.normal(0.0, 2e-4, rows) * (rng.random(rows) < 0.3),
        funding_at_close=rng.normal(0.0, 2e-4, rows) * (rng.random(rows) < 0.5),
        funding_assumed=4.0 * (rng.random(rows) < 0.1),
        segment=np.cumsum(rng.random(rows) < 0.005).astype(np.int32),
        features=rng.normal(size=(rows, columns)).astype(np.float32),
    )
