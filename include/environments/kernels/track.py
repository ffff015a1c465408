"""`include.environments.phase4.observation.EquityTrack` on records."""

import math

from include.environments.kernels.jit import kernel
from include.environments.kernels.records import Record
from include.environments.phase4.observation import NO_VARIANCE, ROLLING_CANDLES


@kernel
def begin(track: Record, equity: float) -> None:
    """Start with `equity` before the first candle."""
    track.peak = equity
    track.equity = equity
    track.drawdown = 0.0
    track.max_drawdown = 0.0
    track.sum = 0.0
    track.squares = 0.0
    track.count = 0
    track.next = 0


@kernel
def update(track: Record, equity: float) -> float:
    """Take the equity at the close of the next candle and return its change as a fraction."""
    if equity > track.peak:
        track.peak = equity
    track.drawdown = 1.0 - equity / track.peak
    if track.drawdown > track.max_drawdown:
        track.max_drawdown = track.drawdown
    change: float = equity / track.equity - 1.0 if track.equity > 0.0 else 0.0
    _push(track, change)
    track.equity = equity
    return change


@kernel
def moments(track: Record) -> tuple[float, float]:
    """Return mean and standard deviation (n − 1) of the last 42 returns per candle; (0, 0) before two."""
    n = track.count
    if n < 2:
        return 0.0, 0.0
    mean = track.sum / n
    variance = (track.squares - n * mean * mean) / (n - 1)
    return mean, math.sqrt(variance) if variance > NO_VARIANCE else 0.0


@kernel
def _push(track: Record, value: float) -> None:
    at = track.next
    if track.count < ROLLING_CANDLES:
        track.count += 1
    else:
        old = track.returns[at]
        track.sum -= old
        track.squares -= old * old
    track.returns[at] = value
    track.sum += value
    track.squares += value * value
    track.next = (at + 1) % ROLLING_CANDLES
    if track.next == 0:
        total = 0.0
        squares = 0.0
        for i in range(ROLLING_CANDLES):
            total += track.returns[i]
            squares += track.returns[i] * track.returns[i]
        track.sum = total
        track.squares = squares
