"""Markets on which it is known what can be won: a planted edge, a martingale, a leaked future.

Playing them does not belong here (`play.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.clock import from_ms
from include.core.seeding import derive_seed
from include.core.timeframes import timeframe_ms
from include.environments.phase4.observation import ROLLING_CANDLES, STRESS_CANDLES
from include.features.dataset import Dataset, DatasetInfo, Split, SymbolSeries, Window
from include.features.kernels.jit import kernel

Values = NDArray[np.float64]
TIMEFRAME = "4h"
STEP_MS = timeframe_ms(TIMEFRAME)
# midnight UTC of a Monday, 3 January 2022
START_MS = 1_641_168_000_000
# rows before those that are played: they warm up the stress level, the ATR and the rolling features
WARM_UP = ROLLING_CANDLES + STRESS_CANDLES
ATR_CANDLES = 14
VOLATILITY_CANDLES = 20
_TICKS = 16
# the features that a market describes itself with; those after them are noise
SIGNAL = 0
DESCRIPTIVE = ("signal", "return", "volume", "range", "volatility")


@dataclass(frozen=True, slots=True)
class Process:
    """Law of the candles of every symbol.

    The log return of candle t + 1 is ``volatility × (strength × x_t + sqrt(1 − strength²) × e)`` less half the
    noise's variance, where e is standard normal noise and the signal x, known at the close of t, is a stationary AR(1)
    of variance 1.

    Attributes
    ----------
    strength : float
        Correlation of the signal with the next return; 0 makes the price a martingale.
    persistence : float
        Autocorrelation of the signal from candle to candle.
    volatility : float
        Standard deviation of the log return of a candle.
    funding_mean, funding_deviation : float
        Of the rate that is settled at every second close.
    is_leaked : bool
        The signal column holds the standardised return of the next candle instead of x.
    """

    strength: float
    persistence: float = 0.9
    volatility: float = 0.012
    funding_mean: float = 0.0
    funding_deviation: float = 1e-4
    is_leaked: bool = False

    @property
    def has_edge(self) -> bool:
        """Whether the signal column says anything about the next return."""
        return self.is_leaked or self.strength != 0.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Which features a market has.

    Attributes
    ----------
    active : int
        Features that move: the five descriptive ones, then noise of persistences from 0 to 0.95.
    inactive : int
        Features after them that are constant 0, as those of a dataset whose source is missing.
    """

    active: int
    inactive: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        noise = [f"noise_{number}" for number in range(self.active - len(DESCRIPTIVE))]
        return (*DESCRIPTIVE[: self.active], *noise, *(f"inactive_{number}" for number in range(self.inactive)))


def market(process: Process, columns: Columns, paths: int, rows: int, seed: int, split: Split) -> Dataset:
    """Return `paths` symbols with `rows` playable candles each, all of them in `split`.

    Parameters
    ----------
    process : Process
        Law of the candles.
    columns : Columns
        Features.
    paths, rows : int
        Symbols, and candles of each that can be played.
    seed : int
        Same seed, same candles and same signal, whatever the columns.
    split : {"train", "validation", "test"}
        Name of the only split.
    """
    names = [f"S{number}/USDT:USDT" for number in range(paths)]
    series = {name: _symbol(name, process, columns, WARM_UP + rows, derive_seed(seed, name)) for name in names}
    window = Window(start=from_ms(START_MS + WARM_UP * STEP_MS), end=from_ms(START_MS + (WARM_UP + rows) * STEP_MS))
    inactive = dict.fromkeys(columns.names[columns.active :], "constant 0 in this market")
    info = DatasetInfo(
        id=f"{derive_seed(seed, repr(process), repr(columns), paths, rows):016x}",
        system="phase4",
        timeframe=TIMEFRAME,
        feature_set="market94",
        feature_set_sha256="0" * 64,
        features=columns.names,
        inactive_features=inactive,
        symbols=tuple(names),
        dropped_symbols={},
        rows=dict.fromkeys(names, WARM_UP + rows),
        splits={split: window},
        lake_versions={},
        code_version="bench",
        statistics={},
        files={},
    )
    return Dataset(info, series)


def _symbol(name: str, process: Process, columns: Columns, rows: int, seed: int) -> SymbolSeries:
    rng = np.random.default_rng(derive_seed(seed, "candles"))
    signal = autoregressive(rng.standard_normal((rows, 1)), np.array([process.persistence]))[:, 0]
    opens, high, low, close = _prices(process, signal, rng)
    volume = 1_000.0 * np.exp(0.3 * rng.standard_normal(rows))
    funding = rng.normal(process.funding_mean, process.funding_deviation, rows)
    funding[::2] = 0.0
    atr = pd.Series(high - low).ewm(alpha=1.0 / ATR_CANDLES, adjust=False).mean().to_numpy()
    if process.is_leaked:
        signal = np.append(np.diff(np.log(close)), 0.0) / process.volatility
    described = _described(process, signal, opens, high, low, close, volume, atr)
    nothing = np.zeros(rows)
    return SymbolSeries(
        symbol=name,
        open_time=START_MS + STEP_MS * np.arange(rows, dtype=np.int64),
        open=opens,
        high=high,
        low=low,
        close=close,
        volume=volume,
        atr=atr,
        funding_inner=nothing,
        funding_at_close=funding,
        funding_assumed=nothing,
        segment=np.zeros(rows, np.int32),
        features=_features(columns, described, rows, derive_seed(seed, "noise")),
    )


def _prices(process: Process, signal: Values, rng: np.random.Generator) -> tuple[Values, Values, Values, Values]:
    rows = len(signal)
    noise = process.volatility * np.sqrt(1.0 - process.strength**2)
    known = process.volatility * process.strength * np.append(0.0, signal[:-1])
    tick = noise / np.sqrt(_TICKS)
    steps = tick * rng.standard_normal((rows, _TICKS)) + ((known - 0.5 * noise**2) / _TICKS)[:, None]
    path = np.concatenate([np.zeros((rows, 1)), np.cumsum(steps, axis=1)], axis=1)
    start = np.concatenate([[0.0], np.cumsum(path[:-1, -1])])[:, None]
    highest = start[:, 0] + _extremes(path, tick, rng).max(axis=1)
    lowest = start[:, 0] - _extremes(-path, tick, rng).max(axis=1)
    opens, close = start[:, 0], start[:, 0] + path[:, -1]
    opens, high, low, close = (100.0 * np.exp(values) for values in (opens, highest, lowest, close))
    return opens, np.maximum(high, np.maximum(opens, close)), np.minimum(low, np.minimum(opens, close)), close


def _extremes(path: Values, tick: float, rng: np.random.Generator) -> Values:
    # highest point of the Brownian bridge between two ticks: a stop fills at its price, and on a path that
    # jumps past it this would be free money
    a, b = path[:, :-1], path[:, 1:]
    chance = 1.0 - rng.random(a.shape)
    highest: Values = 0.5 * (a + b + np.sqrt((b - a) ** 2 - 2.0 * tick**2 * np.log(chance)))
    return highest


def _described(
    process: Process,
    signal: Values,
    opens: Values,
    high: Values,
    low: Values,
    close: Values,
    volume: Values,
    atr: Values,
) -> Sequence[Values]:
    returns = np.log(close / opens) / process.volatility
    rolling = pd.Series(returns).rolling(VOLATILITY_CANDLES, min_periods=2).std().fillna(1.0).to_numpy()
    return signal, returns, np.log(volume / 1_000.0) / 0.3, (high - low) / atr, rolling


def _features(columns: Columns, described: Sequence[Values], rows: int, seed: int) -> NDArray[np.float32]:
    features = np.zeros((rows, columns.active + columns.inactive), np.float32)
    shown = min(len(described), columns.active)
    features[:, :shown] = np.column_stack(described[:shown])
    noise = columns.active - shown
    if noise:
        shocks = np.random.default_rng(seed).standard_normal((rows, noise))
        features[:, shown : columns.active] = autoregressive(shocks, np.linspace(0.0, 0.95, noise))
    return features


@kernel
def autoregressive(shocks: Values, persistence: Values) -> Values:
    """Return stationary AR(1) series of variance 1 from standard normal `shocks` (n, k) and k persistences."""
    series = shocks.copy()
    for column in range(shocks.shape[1]):
        keep = persistence[column]
        for row in range(1, shocks.shape[0]):
            series[row, column] = keep * series[row - 1, column] + np.sqrt(1.0 - keep * keep) * shocks[row, column]
    return series
