"""What all symbols of the synthetic market share: time, regimes, volatility, the common return.

Hourly returns are martingale differences: no drift, no memory in their sign. Volatility has memory,
as the real one has.
"""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from include.core.clock import parse_utc, to_ms
from include.core.seeding import derive_seed
from include.core.timeframes import DAY_MS, HOUR_MS
from include.sandbox.market_data import Floats, Instants

START_MS = to_ms(parse_utc("2023-03-01"))
# The clock starts some days before this, a fixed date, so that every run sees the same market.
END_MS = to_ms(parse_utc("2026-03-01"))
# Candles go on past the end, so that the clock can be advanced through many closes.
HORIZON_DAYS = 60

HOURLY_VOLATILITY = 0.0045
TAIL_DEGREES = 5
LARGEST_RETURN = 0.4
# Regime: length in hours (mean), volatility multiple.
REGIMES = ((480.0, 0.65), (300.0, 1.0), (72.0, 2.0))
LOG_VOLATILITY_MEMORY = 0.995
LOG_VOLATILITY_SD = 0.3


@dataclass(frozen=True, slots=True)
class Factors:
    """Shared series, one value per hour.

    Attributes
    ----------
    open_time : int64 (n,)
        Start of the hour, UTC epoch milliseconds.
    volatility : float64 (n,)
        Multiple of the long-run volatility, known before the hour.
    common_return : float64 (n,)
        Return of the market factor over the hour, fraction.
    """

    open_time: Instants
    volatility: Floats
    common_return: Floats


def simulate_factors(seed: int) -> Factors:
    """Return the shared series of the market of `seed`."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", "factors"))
    open_time = np.arange(START_MS, END_MS + HORIZON_DAYS * DAY_MS, HOUR_MS, dtype=np.int64)
    hours = len(open_time)
    noise = rng.normal(0.0, LOG_VOLATILITY_SD * np.sqrt(1 - LOG_VOLATILITY_MEMORY**2), hours)
    volatility = _regimes(rng, hours) * np.exp(autoregressive(noise, LOG_VOLATILITY_MEMORY)) * _hour_of_day(open_time)
    common_return = bounded(HOURLY_VOLATILITY * volatility * fat_tailed(rng, hours))
    return Factors(open_time, volatility, common_return)


def fat_tailed(rng: np.random.Generator, count: int) -> Floats:
    """Return `count` Student-t numbers of unit variance."""
    return np.asarray(rng.standard_t(TAIL_DEGREES, count) / np.sqrt(TAIL_DEGREES / (TAIL_DEGREES - 2)))


def bounded(returns: Floats) -> Floats:
    """Return `returns` cut symmetrically, which keeps their mean at zero and prices positive."""
    return np.clip(returns, -LARGEST_RETURN, LARGEST_RETURN)


def autoregressive(noise: Floats, memory: float) -> Floats:
    """Return x with x[t] = memory · x[t − 1] + noise[t]."""
    return np.fromiter(accumulate(noise.tolist(), lambda last, new: memory * last + new), np.float64, len(noise))


def _regimes(rng: np.random.Generator, hours: int) -> Floats:
    multiples: list[Floats] = []
    state, covered = 1, 0
    while covered < hours:
        mean_length, multiple = REGIMES[state]
        length = int(rng.geometric(1 / mean_length))
        multiples.append(np.full(length, multiple))
        covered += length
        state = (state + int(rng.integers(1, len(REGIMES)))) % len(REGIMES)
    return np.concatenate(multiples)[:hours]


def _hour_of_day(open_time: Instants) -> Floats:
    # trading is liveliest when Europe and America are both awake
    hour = open_time // HOUR_MS % 24
    return 1 + 0.25 * np.cos(2 * np.pi * (hour - 15) / 24)
