"""One perpetual of the synthetic market: its character, hourly candles, funding.

Everything about a symbol depends on the seed and its own name, never on which other symbols there are.
"""

from dataclasses import dataclass

import numpy as np

from include.core.seeding import derive_seed
from include.core.timeframes import DAY_MS, HOUR_MS, timeframe_ms
from include.sandbox.market_data import CandleSeries, Floats, FundingSeries, Instants
from include.sandbox.synthetic_factors import (
    END_MS,
    HOURLY_VOLATILITY,
    START_MS,
    Factors,
    autoregressive,
    bounded,
    fat_tailed,
)

PRICE_DIGITS = 6
# First price, beta to the market factor, own volatility over the market's, turnover in USD an hour.
ANCHORS = {
    "BTCUSDT": (23_500.0, 1.0, 0.25, 600e6),
    "ETHUSDT": (1_640.0, 1.1, 0.5, 350e6),
    "BNBUSDT": (300.0, 0.9, 0.5, 40e6),
    "SOLUSDT": (22.0, 1.3, 0.9, 90e6),
    "BTCDOMUSDT": (1_500.0, -0.1, 0.35, 0.6e6),
    "PAXGUSDT": (1_830.0, 0.02, 0.25, 0.8e6),
}
LISTED_FROM_START = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "BTCDOMUSDT", "PAXGUSDT")
# Every symbol has at least this much history, enough for the long warm-ups and all three splits.
LEAST_HISTORY_DAYS = 560
LISTED_LATER_SHARE = 0.3
INTEREST_PER_8H = 0.0001
PREMIUM_BAND = 0.0005
PREMIUM_MEMORY = 0.98
FOUR_HOURLY_SHARE = 0.2
AVERAGE_TRADE_USD = 900.0


@dataclass(frozen=True, slots=True)
class Character:
    """What distinguishes one symbol; volatility is a multiple of the market's, listing in epoch milliseconds."""

    symbol: str
    first_price: float
    beta: float
    own_volatility: float
    turnover_usd: float
    listed_ms: int
    funding_hours: int
    price_decimals: int
    quantity_decimals: int


def character_of(symbol: str, seed: int) -> Character:
    """Return the character of `symbol` in the market of `seed`."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", symbol, "character"))
    drawn = (
        float(np.exp(rng.uniform(np.log(0.02), np.log(40)))),
        float(rng.uniform(0.8, 1.5)),
        float(rng.uniform(0.7, 1.5)),
        float(np.exp(rng.uniform(np.log(1e6), np.log(25e6)))),
    )
    first_price, beta, own_volatility, turnover = ANCHORS.get(symbol, drawn)
    is_late = rng.random() < LISTED_LATER_SHARE and symbol not in LISTED_FROM_START
    last_listing_day = (END_MS - START_MS) // DAY_MS - LEAST_HISTORY_DAYS
    listed_day = int(rng.integers(1, last_listing_day)) if is_late else 0
    magnitude = int(np.floor(np.log10(first_price)))
    return Character(
        symbol=symbol,
        first_price=first_price,
        beta=beta,
        own_volatility=own_volatility,
        turnover_usd=turnover,
        listed_ms=START_MS + listed_day * DAY_MS,
        funding_hours=4 if rng.random() < FOUR_HOURLY_SHARE and symbol not in LISTED_FROM_START else 8,
        price_decimals=int(np.clip(PRICE_DIGITS - 1 - magnitude, 1, 8)),
        quantity_decimals=int(np.clip(magnitude, 0, 3)),
    )


def hourly_candles(character: Character, factors: Factors, seed: int) -> CandleSeries:
    """Return the hourly candles of a symbol from its listing on, all fields coherent with each other."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "candles"))
    listed = int(np.searchsorted(factors.open_time, character.listed_ms))
    open_time, level = factors.open_time[listed:], factors.volatility[listed:]
    own = character.own_volatility * HOURLY_VOLATILITY * level * fat_tailed(rng, len(open_time))
    returns = bounded(character.beta * factors.common_return[listed:] + own)
    tick = 10.0**-character.price_decimals
    close = np.maximum(np.round(character.first_price * np.cumprod(1 + returns), character.price_decimals), tick)
    opened = np.concatenate([[np.round(character.first_price, character.price_decimals)], close[:-1]])
    sigma = HOURLY_VOLATILITY * level * np.hypot(character.beta, character.own_volatility)
    high = np.maximum(_extreme(rng, opened, close, sigma, 1, character.price_decimals), np.maximum(opened, close))
    low = np.minimum(_extreme(rng, opened, close, sigma, -1, character.price_decimals), np.minimum(opened, close))
    low = np.maximum(low, tick)
    return _with_volumes(rng, character, open_time, (opened, high, low, close), returns / sigma, level)


def aggregate(hourly: CandleSeries, timeframe: str) -> CandleSeries:
    """Return `hourly` candles summed up to a longer timeframe; the first one starts on its grid."""
    size = timeframe_ms(timeframe) // HOUR_MS
    whole = len(hourly) // size * size

    def grouped(values: Floats) -> Floats:
        return values[:whole].reshape(-1, size)

    def total(values: Floats) -> Floats:
        # sums of decimals carry binary dust that the exchange would never print
        return np.asarray(np.round(grouped(values).sum(axis=1), 8))

    return CandleSeries(
        open_time=hourly.open_time[:whole:size],
        open=grouped(hourly.open)[:, 0],
        high=grouped(hourly.high).max(axis=1),
        low=grouped(hourly.low).min(axis=1),
        close=grouped(hourly.close)[:, -1],
        volume=total(hourly.volume),
        quote_volume=total(hourly.quote_volume),
        trades=total(hourly.trades),
        taker_buy_volume=total(hourly.taker_buy_volume),
        taker_buy_quote_volume=total(hourly.taker_buy_quote_volume),
    )


def hourly_premium(character: Character, hourly: CandleSeries, seed: int) -> Floats:
    """Return the premium of the perpetual over its index at the end of each hour, fraction.

    It follows past returns; it says nothing of future ones.
    """
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "funding"))
    returns = hourly.close / hourly.open - 1
    return autoregressive(rng.normal(0, 3e-5, len(returns)) + 0.006 * returns, PREMIUM_MEMORY)


def funding_of(character: Character, hourly: CandleSeries, seed: int) -> FundingSeries:
    """Return the settlements of a symbol: premium averaged over the interval, in the exchange's formula.

    The rate is P + clamp(I − P, ±0.05 %), over 8 hours, scaled to the interval (Binance, "Introduction
    to Binance Futures Funding Rates").
    """
    premium = hourly_premium(character, hourly, seed)
    hours = character.funding_hours
    count = len(premium) // hours
    average = premium[: count * hours].reshape(count, hours).mean(axis=1)
    rate = (average + np.clip(INTEREST_PER_8H - average, -PREMIUM_BAND, PREMIUM_BAND)) * hours / 8
    settled = hourly.open_time[0] + (np.arange(1, count + 1, dtype=np.int64) * hours * HOUR_MS)
    # the exchange stamps many settlements a few milliseconds late
    rng = np.random.default_rng(derive_seed(seed, "synthetic", character.symbol, "settlement"))
    late = np.where(rng.random(count) < 0.4, rng.integers(1, 16, count), 0)
    mark_price = hourly.close[hours - 1 :: hours][:count]
    return FundingSeries(settled + late, np.round(rate, 8), mark_price)


def _extreme(
    rng: np.random.Generator, opened: Floats, close: Floats, sigma: Floats, side: int, decimals: int
) -> Floats:
    # exact maximum (side 1) or minimum (side −1) of a Brownian bridge from open to close
    change = side * np.log(close / opened)
    reach = (change + np.sqrt(change**2 - 2 * sigma**2 * np.log(1 - rng.random(len(opened))))) / 2
    return np.asarray(np.round(opened * np.exp(side * np.minimum(reach, 0.6)), decimals))


def _with_volumes(
    rng: np.random.Generator,
    character: Character,
    open_time: Instants,
    prices: tuple[Floats, Floats, Floats, Floats],
    surprise: Floats,
    level: Floats,
) -> CandleSeries:
    opened, high, low, close = prices
    count = len(open_time)
    mood = autoregressive(rng.normal(0, 0.08, count), 0.98)
    turnover = character.turnover_usd * level * np.exp(0.3 * np.minimum(np.abs(surprise), 6) + mood - 0.3)
    average_price = (opened + high + low + close) / 4
    step = 10.0**-character.quantity_decimals
    volume = np.maximum(np.round(turnover / average_price, character.quantity_decimals), step)
    share = np.clip(0.5 + 0.06 * np.tanh(surprise) + rng.normal(0, 0.02, count), 0.1, 0.9)
    bought = np.minimum(np.round(volume * share, character.quantity_decimals), volume)
    trades = np.maximum(np.round(volume * average_price / AVERAGE_TRADE_USD * np.exp(rng.normal(0, 0.1, count))), 1)
    return CandleSeries(
        open_time,
        opened,
        high,
        low,
        close,
        volume,
        np.round(volume * average_price, 8),
        trades,
        bought,
        np.round(bought * average_price, 8),
    )
