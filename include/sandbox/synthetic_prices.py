"""Prices of the synthetic market that are not traded: mark, index and premium index of one symbol.

The premium is the one that its funding averages, so that both tell the same story.
"""

import numpy as np

from include.core.seeding import derive_seed
from include.core.timeframes import HOUR_MS
from include.sandbox.market_data import BasisSeries, CandleSeries, Floats, PriceKind
from include.sandbox.numbers import MAX_DECIMALS
from include.sandbox.synthetic_symbol import Character, hourly_premium

# an index is an average over spot markets and has no tick
FURTHER_DECIMALS = 2
PREMIUM_WICK = 2e-5


def hourly_prices(character: Character, hourly: CandleSeries, seed: int, kind: PriceKind) -> CandleSeries:
    """Return hourly candles of one kind of price; volumes are unknown.

    The index is the perpetual's price without its premium. The mark price adds the premium back as it was over the
    last two hours on average, which is steadier than the last trade.
    """
    premium = hourly_premium(character, hourly, seed)
    before = np.concatenate([premium[:1], premium[:-1]])
    if kind == "premium":
        return _premium_candles(character, hourly, seed, before, premium)
    steady = 1.0 if kind == "index" else 1 + (before + premium) / 2
    return _scaled(hourly, steady / (1 + premium), min(character.price_decimals + FURTHER_DECIMALS, MAX_DECIMALS))


def hourly_basis(character: Character, hourly: CandleSeries, seed: int) -> BasisSeries:
    """Return perpetual and index price at the end of each hour."""
    index = hourly_prices(character, hourly, seed, "index")
    return BasisSeries(hourly.open_time + HOUR_MS, hourly.close, index.close)


def _scaled(hourly: CandleSeries, factor: Floats, decimals: int) -> CandleSeries:
    opening = np.concatenate([factor[:1], factor[:-1]])
    opened, closed = np.round(hourly.open * opening, decimals), np.round(hourly.close * factor, decimals)
    high = np.round(hourly.high * np.maximum(opening, factor), decimals)
    low = np.round(hourly.low * np.minimum(opening, factor), decimals)
    # one unit at least: a price is never zero
    low = np.maximum(np.minimum.reduce([low, opened, closed]), 10.0**-decimals)
    return _untraded(hourly, opened, np.maximum.reduce([high, opened, closed]), low, closed)


def _premium_candles(
    character: Character, hourly: CandleSeries, seed: int, before: Floats, premium: Floats
) -> CandleSeries:
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "premium"))
    reach = np.abs(rng.normal(0, PREMIUM_WICK, (2, len(premium))))
    opened, closed = np.round(before, MAX_DECIMALS), np.round(premium, MAX_DECIMALS)
    high = np.round(np.maximum(opened, closed) + reach[0], MAX_DECIMALS)
    low = np.round(np.minimum(opened, closed) - reach[1], MAX_DECIMALS)
    return _untraded(hourly, opened, high, low, closed)


def _untraded(hourly: CandleSeries, opened: Floats, high: Floats, low: Floats, closed: Floats) -> CandleSeries:
    return CandleSeries(hourly.open_time, opened, high, low, closed, *[np.full(len(hourly), np.nan)] * 5)
