"""Synthetic markets of any size: heavy-tailed walks with wicks, the same on every machine."""

import numpy as np
import pandas as pd

from include.features.inputs import FeatureInputs
from include.features.timelines import Shared

START_MS = 1_609_459_200_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
FOUR_HOURS_MS = 4 * HOUR_MS
DAY_MS = 24 * HOUR_MS
REFERENCES = ("BTC/USDT:USDT", "ETH/USDT:USDT", "BTCDOM/USDT:USDT", "PAXG/USDT:USDT")
SERIES = ("DTWEXBGS", "DGS10", "DGS2", "T10Y2Y", "DFII10", "VIXCLS", "FEDFUNDS")


def candles(rows: int, seed: int, step_ms: int = FOUR_HOURS_MS) -> pd.DataFrame:
    """Return `rows` candles without a gap, from 2021 on."""
    rng = np.random.default_rng(seed)
    scale = 0.008 * np.sqrt(step_ms / FOUR_HOURS_MS)
    steps = rng.standard_t(4, rows) * scale
    # drawn back to where it began, so that a long series stays in the range of doubles
    log_price = np.cumsum(steps) - np.linspace(0.0, steps.sum(), rows)
    close = 100.0 * np.exp(log_price)
    open_ = np.append(100.0, close)[:rows]
    volume = rng.lognormal(8.0, 0.8, rows)
    return pd.DataFrame(
        {
            "open_time": START_MS + step_ms * np.arange(rows, dtype=np.int64),
            "open": open_,
            "high": np.maximum(open_, close) * np.exp(rng.exponential(scale / 2, rows)),
            "low": np.minimum(open_, close) * np.exp(-rng.exponential(scale / 2, rows)),
            "close": close,
            "volume": volume,
            "taker_buy_volume": volume * rng.uniform(0.3, 0.7, rows),
        }
    )


def inputs(rows: int, seed: int, timeframe: str, step_ms: int, shared: Shared | None = None) -> FeatureInputs:
    """Return one symbol with every source a feature may ask for; without `shared` it has all of them to itself."""
    rng = np.random.default_rng(seed)
    span = rows * step_ms
    shared = shared or market_wide(rows, step_ms, rng)
    return FeatureInputs(
        candles(rows, seed, step_ms),
        timeframe,
        funding=_rates(rng, span),
        open_interest=_sampled(rng, span, "open_interest", np.exp),
        long_short=_sampled(rng, span, "long_short_ratio", np.exp),
        premium_index=_sampled(rng, span, "premium_index", np.sin),
        fear_greed=shared.fear_greed,
        macro=shared.macro,
        reference=shared.reference,
    )


def market_wide(rows: int, step_ms: int, rng: np.random.Generator) -> Shared:
    """Return the sources that every symbol of a market has in common."""
    span = rows * step_ms
    return Shared(
        fear_greed=_daily(rng, span, "timestamp"),
        macro=pd.concat([_daily(rng, span, "date").assign(series=name) for name in SERIES]),
        reference={name: candles(rows, place, step_ms) for place, name in enumerate(REFERENCES, start=1_000)},
    )


def _rates(rng: np.random.Generator, span: int) -> pd.DataFrame:
    times = np.arange(START_MS, START_MS + span + 1, 8 * HOUR_MS)
    return pd.DataFrame({"funding_time": times, "known_at": times, "funding_rate": rng.normal(1e-4, 1e-4, len(times))})


def _sampled(rng: np.random.Generator, span: int, name: str, form: np.ufunc) -> pd.DataFrame:
    times = np.arange(START_MS, START_MS + span + 1, FOUR_HOURS_MS)
    walk = np.cumsum(rng.normal(0, 0.01, len(times)))
    return pd.DataFrame({"timestamp": times, "known_at": times, name: form(walk)})


def _daily(rng: np.random.Generator, span: int, event: str) -> pd.DataFrame:
    # a year earlier, so that windows of days are full when the candles begin
    days = np.arange(START_MS - 365 * DAY_MS, START_MS + span + 1, DAY_MS)
    return pd.DataFrame({event: days, "known_at": days + DAY_MS, "value": rng.uniform(1.0, 99.0, len(days))})
