"""The ten account features of the observation, and the equity history they are made of.

Market features come from the dataset; computing them does not belong here.
"""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels.stress import trailing_median
from include.environments.phase4.account import Account
from include.features.dataset import SymbolSeries
from include.features.kernels.windows import window_moments

ROLLING_CANDLES = 42
STRESS_CANDLES = 180
ACCOUNT_FEATURES = (
    "exposure",
    "unrealised_pnl",
    "candles_in_position",
    "drawdown",
    "max_drawdown",
    "equity_volatility",
    "equity_sharpe",
    "liquidation_distance",
    "stop_distance",
    "stress_level",
)
NEUTRAL_STRESS = 0.5
# below one millionth per candle the equity did not move: the rest is rounding
NO_VARIANCE = 1e-12


class EquityTrack:
    """Peak, drawdown and rolling returns of an equity curve, fed one close at a time.

    Parameters
    ----------
    equity : float
        Equity before the first candle, USD.

    Attributes
    ----------
    drawdown, max_drawdown : float
        Positive fractions of the running peak.
    """

    __slots__ = ("_equity", "_next", "_returns", "_squares", "_sum", "drawdown", "max_drawdown", "peak")

    def __init__(self, equity: float) -> None:
        self.peak = self._equity = equity
        self.drawdown = self.max_drawdown = 0.0
        self._returns: list[float] = []
        self._next = 0
        self._sum = self._squares = 0.0

    def update(self, equity: float) -> None:
        """Take the equity at the close of the next candle."""
        if equity > self.peak:
            self.peak = equity
        self.drawdown = 1.0 - equity / self.peak
        if self.drawdown > self.max_drawdown:
            self.max_drawdown = self.drawdown
        self._push(equity / self._equity - 1.0 if self._equity > 0.0 else 0.0)
        self._equity = equity

    def moments(self) -> tuple[float, float]:
        """Return mean and standard deviation (n − 1) of the last 42 returns per candle; (0, 0) before two."""
        n = len(self._returns)
        if n < 2:
            return 0.0, 0.0
        mean = self._sum / n
        variance = (self._squares - n * mean * mean) / (n - 1)
        return mean, math.sqrt(variance) if variance > NO_VARIANCE else 0.0

    def _push(self, value: float) -> None:
        returns = self._returns
        if len(returns) < ROLLING_CANDLES:
            returns.append(value)
        else:
            old = returns[self._next]
            returns[self._next] = value
            self._sum -= old
            self._squares -= old * old
        self._sum += value
        self._squares += value * value
        self._next = (self._next + 1) % ROLLING_CANDLES
        if self._next == 0:
            # once a turn the sums are taken afresh, in order, so that rounding cannot build up
            self._sum = sum(returns)
            self._squares = sum([r * r for r in returns])


def account_features(account: Account, track: EquityTrack, close: float, stress: float) -> tuple[float, ...]:
    """Return the ten account features at the close of a candle, in the order of `ACCOUNT_FEATURES`.

    Parameters
    ----------
    account : Account
        After the candle.
    track : EquityTrack
        Updated with the account's equity.
    close : float
        Close of the candle, quote per base.
    stress : float
        Stress level of the candle, 0 to 1.

    Returns
    -------
    tuple of 10 float, all finite
        - exposure: signed notional / equity / max_leverage, clipped to ±2
        - unrealised PnL / equity, clipped to ±1
        - candles in position n as n / (n + 42): 0 when flat, below 1
        - equity drawdown, 0 to 1
        - episode max drawdown, 0 to 1
        - standard deviation of the last 42 equity returns, in percent per candle, at most 10
        - Sharpe of the last 42 equity returns per candle, not annualised, clipped to ±3
        - distance to liquidation as fraction of the close, 0 to 1; 1 when flat
        - distance to the stop in units of the stop's distance from the entry, 0 to 3; 1 when flat
        - stress level, 0 to 1
    """
    mean, deviation = track.moments()
    sharpe = max(-3.0, min(3.0, mean / deviation)) if deviation > 0.0 else 0.0
    rolling = (min(1.0, track.drawdown), min(1.0, track.max_drawdown), min(10.0, 100.0 * deviation), sharpe)
    quantity, equity = account.quantity, account.equity
    if quantity == 0.0 or equity <= 0.0:
        return (0.0, 0.0, 0.0, *rolling, 1.0, 1.0, stress)
    side = 1.0 if quantity > 0.0 else -1.0
    liquidation = side * (close - account.liquidation_price()) / close
    stop = (close - account.stop) / (account.entry_price - account.stop)
    held = account.candles_in_position
    return (
        max(-2.0, min(2.0, quantity * close / equity / account.config.max_leverage)),
        max(-1.0, min(1.0, (equity - account.balance) / equity)),
        held / (held + ROLLING_CANDLES),
        *rolling,
        max(0.0, min(1.0, liquidation)),
        max(0.0, min(3.0, stop)),
        stress,
    )


def stress_level(series: SymbolSeries, first: int = 0) -> NDArray[np.float64]:
    """Return the market stress of each row from `first` on, 0 to 1.

    r / (1 + r), where r is the realised volatility of the last 42 candles over its own median of the
    last 180; 0.5 is ordinary, and stands where a broken run has not warmed up. Causal.

    Parameters
    ----------
    series : SymbolSeries
        n rows; pass the whole history so that a split starts warm.
    first : int
        Rows before it warm up, and cost little.

    Returns
    -------
    float64 (n − first,)
    """
    level = np.full(len(series), NEUTRAL_STRESS)
    edges = [0, *(np.flatnonzero(np.diff(series.segment)) + 1).tolist(), len(series)]
    for start, stop in pairwise(edges):
        # from the first whole window of returns on; a ratio does not care whether n or n − 1 divides
        returns = np.diff(np.log(series.close[start:stop]))
        volatility = window_moments(returns, ROLLING_CANDLES)[1][ROLLING_CANDLES - 1 :]
        # the median costs the most: only what the rows from `first` on look back at
        volatility = volatility[max(0, len(volatility) - (stop - first) - STRESS_CANDLES) :]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = volatility / trailing_median(volatility, STRESS_CANDLES)
            level[stop - len(ratio) : stop] = ratio / (1.0 + ratio)
    level[~np.isfinite(level)] = NEUTRAL_STRESS
    return level[first:]
