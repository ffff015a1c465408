"""How far a figure may be off: stationary block bootstrap of a backtest, portfolio and trades together.

Candles are drawn in blocks of random length, so that what follows on one another in the market does so in a sample
too (Politis and Romano, 1994); the mean length is that of Politis and White (2004), corrected by Patton, Politis and
White (2009), as `arch` computes it. All symbols of a candle are drawn together, and a trade with the candle in which it
was closed: what symbols have in common stays in a sample.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from arch.bootstrap import optimal_block_length
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.config.system import GateConfig
from include.evaluation.metric_arrays import metric_arrays
from include.evaluation.replays import Replays
from include.evaluation.trials import candle_returns

SAMPLES = 2_000
# a bound over samples most of which have no such figure says nothing
_MOST_UNDEFINED = 0.05
_FEWEST_CANDLES = 20
# samples whose trades are in memory together
_ROUND = 250

Numbers = NDArray[np.int64]
Doubles = NDArray[np.float64]


class Bound(BaseModel):
    """What a metric may truly be.

    Parameters
    ----------
    metric : str
        Its name.
    low, high : float or None
        95 % interval: the 2.5 % and 97.5 % quantiles over the samples.
    worst : float or None
        One-sided 95 % bound against the candidate: the 5 % quantile of a metric that must be at least its limit, the
        95 % quantile of one that must be at most.
    pass_share : float
        Share of the samples that pass the gate; a sample without the figure does not.
    samples : int
        How many were drawn.
    reason : str
        Why there is no bound, empty where there is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    low: float | None
    high: float | None
    worst: float | None
    pass_share: float
    samples: int
    reason: str = ""


def block_length(returns: Doubles) -> float:
    """Return the mean block length for `returns` (T,), at least 1 and at most a third of them.

    The longer of the optimal lengths for the returns and for their squares, which hold the clustering of volatility.
    """
    if len(returns) < _FEWEST_CANDLES or returns.std() == 0.0:
        return 1.0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a series too regular to have a length answers NaN, handled below
        found = optimal_block_length(np.column_stack([returns, (returns - returns.mean()) ** 2]))["stationary"]
    lengths = [length for length in found.tolist() if math.isfinite(length)]
    return float(np.clip(max(lengths, default=1.0), 1.0, len(returns) / 3.0))


def block_indices(length: int, mean_block: float, samples: int, seed: int) -> Numbers:
    """Return the candles of each sample, int64 (samples, length): blocks of geometric length that wrap around.

    Parameters
    ----------
    length : int
        Candles of the series and of each sample.
    mean_block : float
        Mean length of a block, at least 1.
    samples, seed : int
        The same seed draws the same samples.
    """
    generator = np.random.default_rng(seed)
    starts = generator.integers(length, size=(samples, length))
    begins = generator.random((samples, length)) < 1.0 / mean_block
    begins[:, 0] = True
    places = np.arange(length)
    newest = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    drawn: Numbers = (np.take_along_axis(starts, newest, axis=1) + places - newest) % length
    return drawn


def bootstrap(
    played: Replays, open_time: Numbers, step_ms: int, periods_per_year: float, samples: int, seed: int
) -> dict[str, Doubles]:
    """Return every metric of `samples` resamplings of one backtest, by name float64 (samples,); undefined is NaN.

    Parameters
    ----------
    played : Replays
        One backtest, from `as_replays`.
    open_time : int64 (T,)
        Open times of its candles, UTC epoch milliseconds.
    step_ms : int
        Length of a candle.
    periods_per_year : float
        Candles per year.
    samples, seed : int
        How many to draw, and the root of the draws.
    """
    returns = candle_returns(played.equity[0])
    drawn = block_indices(len(returns), block_length(returns), samples, seed)
    # a trade is closed inside a candle or at its open: the return of the candle holds it
    closed = np.clip(np.searchsorted(open_time, played.exit_times, side="right") - 2, 0, len(returns) - 1)
    rounds = [
        metric_arrays(_resampled(played, returns, closed, drawn[first : first + _ROUND], step_ms), periods_per_year)
        for first in range(0, samples, _ROUND)
    ]
    return {name: np.concatenate([found[name] for found in rounds]) for name in rounds[0]}


def bounds(found: dict[str, Doubles], gates: Sequence[GateConfig]) -> tuple[Bound, ...]:
    """Return the bound of every gate's metric, in order, from the samples of `bootstrap`."""
    return tuple(_bound(found[gate.name], gate) for gate in gates)


def _bound(values: Doubles, gate: GateConfig) -> Bound:
    known = np.isfinite(values)
    passes = (values >= gate.limit) if gate.direction == "at_least" else (values <= gate.limit)
    share = float(np.mean(passes & known))
    undefined = 1.0 - float(known.mean())
    if undefined > _MOST_UNDEFINED:
        reason = f"{undefined:.0%} of the samples have no such figure"
        none: dict[Literal["low", "high", "worst"], None] = {"low": None, "high": None, "worst": None}
        return Bound(metric=gate.name, pass_share=share, samples=len(values), reason=reason, **none)
    low, high = np.quantile(values[known], [0.025, 0.975]).tolist()
    worst = float(np.quantile(values[known], 0.05 if gate.direction == "at_least" else 0.95))
    return Bound(metric=gate.name, low=low, high=high, worst=worst, pass_share=share, samples=len(values))


def _resampled(played: Replays, returns: Doubles, closed: Numbers, drawn: Numbers, step_ms: int) -> Replays:
    """Build portfolios of the drawn candles: their returns one after the other, the trades that were closed in each."""
    samples, length = drawn.shape
    equity = np.empty((samples, length + 1))
    equity[:, 0] = played.equity[0, 0]
    equity[:, 1:] = played.equity[0, 0] * np.cumprod(1.0 + returns[drawn], axis=1)
    order = np.argsort(closed, kind="stable")
    first = np.searchsorted(closed[order], np.arange(length + 1))
    counts = np.diff(first)[drawn]
    trade = order[_ranges(first[:-1][drawn].ravel(), counts.ravel())]
    place = np.repeat(np.tile(np.arange(length), samples), counts.ravel())
    sample = np.repeat(np.arange(samples), counts.sum(axis=1))
    # by symbol and order of exit within a sample, as `Replays` wants them. They are in order of exit already, and a
    # stable sort of so few different numbers is by radix: several times faster than comparing
    group = sample * played.symbol_count + played.traders[trade]
    arranged = np.argsort(group.astype(np.min_scalar_type(samples * played.symbol_count)), kind="stable")
    nothing = np.full(samples, math.nan)
    return replace(
        played,
        equity=equity,
        gross_usd=np.zeros_like(equity),
        nets=played.nets[trade[arranged]],
        traders=played.traders[trade[arranged]],
        exit_times=place[arranged] * step_ms,
        first_trades=np.concatenate([[0], np.cumsum(counts.sum(axis=1))]).astype(np.int64),
        profits_usd=nothing,
        traded_usd=nothing,
        fees_usd=nothing,
        slippage_usd=nothing,
        funding_usd=nothing,
        held_hours=nothing,
        assumed_hours=nothing,
    )


def _ranges(starts: Numbers, counts: Numbers) -> Numbers:
    """Return start, start + 1, … for each start, `counts` of them, one after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(total)
