"""The order book of a synthetic symbol: what stands around a price at one second."""

import numpy as np

from include.core.seeding import derive_seed
from include.sandbox.market_data import Floats, OrderBook
from include.sandbox.synthetic_symbol import Character

LEVELS = 1000
# as fractions of the price: half of the spread at its narrowest and widest, and the mean distance of two levels
SPREAD_FROM, SPREAD_TO, LEVEL_DISTANCE = 0.2e-4, 0.8e-4, 0.4e-4
# share of an hour's turnover that stands at one level, on average
LEVEL_SHARE = 0.0005


def simulate_book(character: Character, price: float, now_ms: int, seed: int) -> OrderBook:
    """Return up to `LEVELS` levels of each side around `price`; the same in one second, another one in the next."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "book", now_ms // 1000))
    half_spread = rng.uniform(SPREAD_FROM, SPREAD_TO)
    asks = _side(rng, character, price, half_spread, 1)
    bids = _side(rng, character, price, half_spread, -1)
    return OrderBook(bids[::-1], asks)


def _side(rng: np.random.Generator, character: Character, price: float, half_spread: float, sign: int) -> Floats:
    tick, step = 10.0**-character.price_decimals, 10.0**-character.quantity_decimals
    away = half_spread + np.cumsum(rng.exponential(LEVEL_DISTANCE, LEVELS)) - LEVEL_DISTANCE / 2
    exact = price * (1 + sign * np.maximum(away, half_spread)) / tick
    # asks are rounded up and bids down, so that they never meet
    whole = np.unique(np.ceil(exact) if sign > 0 else np.floor(exact))
    levels = np.round(whole[whole > 0] * tick, character.price_decimals)
    size = LEVEL_SHARE * character.turnover_usd / price * rng.lognormal(0, 1, len(levels))
    sizes = np.maximum(np.round(size, character.quantity_decimals), step)
    return np.column_stack([levels, np.round(sizes, character.quantity_decimals)])
