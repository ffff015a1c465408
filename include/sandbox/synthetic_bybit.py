"""The second venue of the synthetic market: the same perpetuals, traded a few basis points away from the first."""

from dataclasses import replace

import numpy as np

from include.core.seeding import derive_seed
from include.core.timeframes import DAY_MS
from include.sandbox.market_data import CandleSeries, Floats
from include.sandbox.synthetic_factors import autoregressive
from include.sandbox.synthetic_symbol import Character

LISTED_LATER_DAYS = 3
TURNOVER_SHARE = 0.4
# standard deviation of some 3.7 basis points: a median distance of 2.5, as between the recorded venues
DISTANCE_STEP, DISTANCE_MEMORY = 2.2e-4, 0.8


def bybit_character(character: Character) -> Character:
    """Return what distinguishes the symbol at this venue: listed a few days later, traded less."""
    return replace(
        character,
        listed_ms=character.listed_ms + LISTED_LATER_DAYS * DAY_MS,
        turnover_usd=character.turnover_usd * TURNOVER_SHARE,
    )


def bybit_candles(character: Character, hourly: CandleSeries, seed: int) -> CandleSeries:
    """Return hourly candles close to those of the first venue; what this one does not tell is unknown.

    Parameters
    ----------
    character : Character
        The symbol at this venue.
    hourly : CandleSeries
        The symbol at the first venue, from its listing there on.
    seed : int
        Seed of the market.
    """
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "bybit"))
    hourly = hourly.rows(int(np.searchsorted(hourly.open_time, character.listed_ms)), len(hourly))
    factor = 1 + autoregressive(rng.normal(0, DISTANCE_STEP, len(hourly)), DISTANCE_MEMORY)
    opening = np.concatenate([factor[:1], factor[:-1]])
    decimals, tick = character.price_decimals, 10.0**-character.price_decimals
    opened = np.maximum(np.round(hourly.open * opening, decimals), tick)
    closed = np.maximum(np.round(hourly.close * factor, decimals), tick)
    high = np.maximum.reduce([np.round(hourly.high * np.maximum(opening, factor), decimals), opened, closed])
    low = np.minimum.reduce([np.round(hourly.low * np.minimum(opening, factor), decimals), opened, closed])
    return _with_volumes(rng, character, hourly, (opened, high, np.maximum(low, tick), closed))


def _with_volumes(
    rng: np.random.Generator, character: Character, hourly: CandleSeries, prices: tuple[Floats, Floats, Floats, Floats]
) -> CandleSeries:
    decimals = character.quantity_decimals
    share = TURNOVER_SHARE * rng.lognormal(0, 0.2, len(hourly))
    volume = np.maximum(np.round(hourly.volume * share, decimals), 10.0**-decimals)
    value = np.round(volume * (sum(prices) / 4), 8)
    unknown = np.full(len(hourly), np.nan)
    return CandleSeries(hourly.open_time, *prices, volume, value, unknown, unknown, unknown)
