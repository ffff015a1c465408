"""Statistics of the synthetic market: open interest, and accounts that are long and short."""

import numpy as np

from include.core.seeding import derive_seed
from include.core.timeframes import HOUR_MS
from include.sandbox.market_data import CandleSeries, LongShortSeries, OpenInterestSeries
from include.sandbox.synthetic_factors import autoregressive
from include.sandbox.synthetic_symbol import Character

# open interest in hours of turnover; BTC turns its open interest over in some ten hours
TURNOVER_HOURS = 10.0
INTEREST_MEMORY, INTEREST_STEP = 0.995, 0.01
# crowds are long more often than not, and buy what has fallen
LONG_SHARE, LONG_REACH = 0.55, 0.2
CROWD_MEMORY, CROWD_STEP = 0.98, 0.05


def hourly_open_interest(character: Character, hourly: CandleSeries, seed: int) -> OpenInterestSeries:
    """Return the open interest at the end of each hour; its value is the amount at the close."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "open_interest"))
    returns = hourly.close / hourly.open - 1
    mood = autoregressive(rng.normal(0, INTEREST_STEP, len(hourly)) + 0.5 * returns, INTEREST_MEMORY)
    value = TURNOVER_HOURS * character.turnover_usd * np.exp(np.clip(mood, -2, 2))
    step = 10.0**-character.quantity_decimals
    amount = np.maximum(np.round(value / hourly.close, character.quantity_decimals), step)
    return OpenInterestSeries(hourly.open_time + HOUR_MS, amount, np.round(amount * hourly.close, 8))


def hourly_long_short(character: Character, hourly: CandleSeries, seed: int) -> LongShortSeries:
    """Return the shares of accounts that are long and short at the end of each hour."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "long_short"))
    returns = hourly.close / hourly.open - 1
    crowd = autoregressive(rng.normal(0, CROWD_STEP, len(hourly)) - 5 * returns, CROWD_MEMORY)
    long_share = np.round(LONG_SHARE + LONG_REACH * np.tanh(crowd), 4)
    short_share = np.round(1 - long_share, 4)
    return LongShortSeries(hourly.open_time + HOUR_MS, np.round(long_share / short_share, 4), long_share, short_share)
