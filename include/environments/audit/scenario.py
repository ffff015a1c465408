"""The markets an audit plays: what they are, and how they are made.

Playing them does not belong here (`rollout.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.seeding import derive_seed

Values = NDArray[np.float64]
SYMBOL = "AUDIT/USDT:USDT"
VOLATILITY = 0.01
PRICE = 100.0
# midnight UTC of a Monday, 3 January 2022
_START_MS = 1_641_168_000_000
# a stop inside a candle fills at its price, though the path jumps past it: with many ticks the difference is small
_TICKS = 400
_COLUMNS = ("open", "high", "low", "close", "volume", "funding_rate")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A market of one symbol, and how the environment is asked to play it.

    Attributes
    ----------
    open_time : int64 (n,)
        UTC epoch milliseconds, `step_ms` apart.
    open, high, low, close, volume : float64 (n,)
        Candles, quote per base (volume: base).
    funding_rate : float64 (n,)
        Rate settled at the close of each candle, a fraction of the notional; 0 when none is due. Positive: longs pay.
    step_ms : int
        Length of a candle in milliseconds.
    symbol : str
        Unified symbol.
    fee, slippage : float or None
        Costs per fill, fractions of the notional; None asks for the environment's own.
    has_exits : bool
        False asks for positions without stop and take-profit, as large as the environment allows.
    is_fixed : bool
        True asks for an episode from the first possible candle, False for the environment's own way to start.
    """

    open_time: NDArray[np.int64]
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values
    funding_rate: Values
    step_ms: int
    symbol: str = SYMBOL
    fee: float | None = None
    slippage: float | None = None
    has_exits: bool = True
    is_fixed: bool = True

    def __len__(self) -> int:
        return len(self.close)

    def asking(self, **requests: Any) -> "Scenario":
        """Return the same market with other requests: `fee`, `slippage`, `has_exits`, `is_fixed`."""
        return replace(self, **requests)

    def frame(self) -> pd.DataFrame:
        """Return the market as one row per candle, index `open_time` (UTC, naive), columns as the attributes.

        Naive, because foreign environments read `index.values`, which pandas deprecates for aware times.
        """
        index = pd.DatetimeIndex(self.open_time.astype("datetime64[ms]"), name="open_time")
        return pd.DataFrame({name: getattr(self, name).copy() for name in _COLUMNS}, index=index)

    def changed_from(self, row: int, seed: int = 0) -> "Scenario":
        """Return the market with other candles, volumes and funding from `row` on, and the same before."""
        rng = np.random.default_rng(derive_seed(seed, "future", row))
        scale = np.ones(len(self))
        scale[row:] = np.exp(rng.choice((-1.0, 1.0), len(self) - row) * rng.uniform(0.01, 0.05, len(self) - row))
        volume, funding = self.volume.copy(), self.funding_rate.copy()
        volume[row:] *= rng.uniform(2.0, 5.0, len(self) - row)
        funding[row:] += rng.uniform(1e-4, 1e-3, len(self) - row)
        prices = {name: getattr(self, name) * scale for name in ("open", "high", "low", "close")}
        return replace(self, **prices, volume=volume, funding_rate=funding)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where scripted candles stand in a market.

    Attributes
    ----------
    rows : int
        Candles of every market.
    step_ms : int
        Length of a candle in milliseconds.
    first : int
        Candle that the first step of an episode plays.
    """

    rows: int
    step_ms: int
    first: int


def fair_market(rows: int, step_ms: int, seed: int, *, is_mirrored: bool = False) -> Scenario:
    """Return a martingale whose highs and lows are those of its own path.

    The mirrored market has the opposite returns and is as fair as its original: over the pair, what a policy wins by
    luck on one it loses on the other, so the mean needs few episodes.

    Parameters
    ----------
    rows : int
        Candles.
    step_ms : int
        Length of a candle in milliseconds.
    seed : int
        Same seed, same market.
    is_mirrored : bool
        Opposite returns.
    """
    rng = np.random.default_rng(derive_seed(seed, "fair"))
    tick = VOLATILITY / np.sqrt(_TICKS)
    noise = rng.standard_normal(rows * _TICKS)
    path = PRICE * np.exp(np.cumsum((-tick if is_mirrored else tick) * noise - 0.5 * tick**2)).reshape(rows, _TICKS)
    close = path[:, -1].copy()
    opens = np.concatenate([[PRICE], close[:-1]])
    return _scenario(
        step_ms,
        opens,
        np.maximum(opens, path.max(axis=1)),
        np.minimum(opens, path.min(axis=1)),
        close,
        volume=np.asarray(1000.0 * np.exp(0.3 * rng.standard_normal(rows)), dtype=np.float64),
    )


def trend(rows: int, step_ms: int, change: float) -> Scenario:
    """Return a market in which every candle changes the price by the fraction `change`."""
    close: Values = PRICE * np.power(1.0 + change, np.arange(1, rows + 1, dtype=np.float64))
    opens = np.concatenate([[PRICE], close[:-1]])
    return _scenario(step_ms, opens, np.maximum(opens, close), np.minimum(opens, close), close)


def scripted(
    stage: Stage,
    changes: Sequence[float],
    *,
    gaps: Mapping[int, float] | None = None,
    wicks: Mapping[int, tuple[float, float]] | None = None,
    funding: Mapping[int, float] | None = None,
    seed: int = 0,
) -> Scenario:
    """Return a fair market in which the candles from `stage.first` on follow a script, the last one standing still.

    Parameters
    ----------
    stage : Stage
        Where the script starts.
    changes : sequence of float
        Fraction by which each scripted candle changes the price from its open. Its high and low are open and close.
    gaps : dict of int to float, optional
        Fraction from the close before to the open, by scripted candle.
    wicks : dict of int to (float, float), optional
        Fractions of the open to which the low falls and the high rises at least, by scripted candle.
    funding : dict of int to float, optional
        Rate settled at the close, by scripted candle.
    seed : int
        Seed of the candles before the script.
    """
    base = fair_market(stage.rows, stage.step_ms, seed)
    opens, high, low, close = base.open.copy(), base.high.copy(), base.low.copy(), base.close.copy()
    rates = base.funding_rate.copy()
    price = opens[stage.first]
    for number, row in enumerate(range(stage.first, stage.rows)):
        change = changes[number] if number < len(changes) else 0.0
        opens[row] = price * (1.0 + (gaps or {}).get(number, 0.0))
        close[row] = opens[row] * (1.0 + change)
        down, up = (wicks or {}).get(number, (0.0, 0.0))
        low[row] = min(opens[row] * (1.0 - down), close[row])
        high[row] = max(opens[row] * (1.0 + up), close[row])
        rates[row] = (funding or {}).get(number, 0.0)
        price = close[row]
    return replace(base, open=opens, high=high, low=low, close=close, funding_rate=rates)


def _scenario(
    step_ms: int, opens: Values, high: Values, low: Values, close: Values, volume: Values | None = None
) -> Scenario:
    rows = len(close)
    times = _START_MS + step_ms * np.arange(rows, dtype=np.int64)
    volumes = np.full(rows, 1000.0) if volume is None else volume
    return Scenario(times, opens, high, low, close, volumes, np.zeros(rows), step_ms)
