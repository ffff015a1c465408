"""Single candles for tests of the account, and a market that is fair inside its candles too."""

import numpy as np

from include.config.system import SystemConfig, load_system
from include.environments.phase4.tape import Candle
from include.features.dataset import SymbolSeries
from tests.support.datasets import STEP_MS, series_from_closes


def phase4(**account: float) -> SystemConfig:
    """Return phase4 with account settings replaced; `phase4(fee_bps=0.0)`."""
    return load_system("phase4", overrides={f"account.{key}": value for key, value in account.items()})


def candle(
    open_: float = 100.0,
    high: float | None = None,
    low: float | None = None,
    close: float | None = None,
    *,
    number: int = 0,
    atr: float = 2.0,
    inner: float = 0.0,
    at_close: float = 0.0,
    assumed: float = 0.0,
) -> Candle:
    """Return candle `number` of the 4h grid; by default it never leaves its open."""
    close = open_ if close is None else close
    return Candle(
        number * STEP_MS,
        (number + 1) * STEP_MS,
        open_,
        max(open_, close) if high is None else high,
        min(open_, close) if low is None else low,
        close,
        atr,
        inner,
        at_close,
        assumed,
    )


def fair_market(symbol: str, rows: int, seed: int, volatility: float = 0.01, ticks: int = 100) -> SymbolSeries:
    """Return a martingale whose highs and lows are those of its own path of `ticks` steps per candle.

    Stops and take-profits inside a candle are then as fair as its close; wicks that are only drawn
    around closes favour the nearer barrier.
    """
    rng = np.random.default_rng(seed)
    tick = volatility / np.sqrt(ticks)
    path = 100.0 * np.exp(np.cumsum(rng.normal(-0.5 * tick**2, tick, rows * ticks))).reshape(rows, ticks)
    series = series_from_closes(symbol, path[:, -1], features=rng.normal(size=(rows, 3)))
    np.maximum(series.open, path.max(axis=1), out=series.high)
    np.minimum(series.open, path.min(axis=1), out=series.low)
    np.multiply(series.close, 1.6 * volatility, out=series.atr)
    return series
