"""The best threshold rule: what somebody who knows the signal would trade, found by grid search."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bench.learning.market import SIGNAL
from bench.learning.play import Arena
from include.environments.phase4.actions import CLOSE_POSITION, HOLD, OPEN_LONG, OPEN_SHORT
from include.environments.phase4.observation import ACCOUNT_FEATURES, ROLLING_CANDLES

_OWN = len(ACCOUNT_FEATURES)
_EXPOSURE = ACCOUNT_FEATURES.index("exposure")
_HELD = ACCOUNT_FEATURES.index("candles_in_position")
FOREVER = 1_000
ENTRIES = tuple(np.round(np.arange(0.0, 2.6, 0.2), 2).tolist())
EXITS = tuple(np.round(np.arange(-1.6, 1.7, 0.2), 2).tolist())
HOLDINGS = (6, 12, 24, 48, FOREVER)


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """Trade with the signal.

    Attributes
    ----------
    enter : float
        Flat, it opens long above this value of the signal and short below its negative.
    leave : float
        In a position, it closes once the signal times the side falls below this value,
    holding : int
        or after this many candles.
    """

    enter: float
    leave: float
    holding: int

    def __call__(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the action for each observation (n, d)."""
        signal = observations[:, SIGNAL].astype(np.float64)
        side = np.sign(observations[:, _EXPOSURE - _OWN])
        held = observations[:, _HELD - _OWN].astype(np.float64)
        # n / (n + 42) back to n
        candles = np.round(ROLLING_CANDLES * held / (1.0 - held))
        opening = np.where(signal > self.enter, OPEN_LONG, np.where(signal < -self.enter, OPEN_SHORT, HOLD))
        closing = np.where((signal * side < self.leave) | (candles >= self.holding), CLOSE_POSITION, HOLD)
        return np.where(side == 0.0, opening, closing).astype(np.int64)


def grid() -> Iterator[ThresholdRule]:
    """Yield every rule of the grid; one that would close what it has just opened is left out."""
    for enter, leave, holding in product(ENTRIES, EXITS, HOLDINGS):
        if leave <= enter:
            yield ThresholdRule(enter, leave, holding)


def best_rule(arena: Arena) -> ThresholdRule:
    """Return the rule of the grid with the greatest mean net profit in `arena`."""
    return max(grid(), key=lambda rule: arena.play(rule).mean_net)
