"""Fear and greed and the macro series of the synthetic market."""

from dataclasses import dataclass

import numpy as np

from include.core.clock import from_ms
from include.core.seeding import derive_seed
from include.core.timeframes import DAY_MS, HOUR_MS
from include.sandbox.calendar_us import federal_calendar, following_monday
from include.sandbox.market_data import Days, FearGreedSeries, Floats, MacroSeries
from include.sandbox.synthetic_factors import END_MS, HORIZON_DAYS, START_MS, Factors, autoregressive

# Highest value of each word, as alternative.me uses them.
CLASSIFICATIONS = ((25, "Extreme Fear"), (46, "Fear"), (54, "Neutral"), (75, "Greed"), (100, "Extreme Greed"))
# Macro history before the first candle, so that rolling scores are warm from the start.
LEAD_DAYS = 120
CALM_VIX = 16.0
VIX_PER_VOLATILITY = 6.0
LOWEST_VIX = 9.0
# the dollar index is revised when trade weights are, as a third of its real values were
REVISED, REVISED_SHARE = "DTWEXBGS", 0.3


@dataclass(frozen=True, slots=True)
class _Walk:
    """A mean-reverting daily walk; `step` is the daily standard deviation."""

    level: float
    step: float
    memory: float
    decimals: int


WALKS = {
    "DTWEXBGS": _Walk(121.0, 0.35, 0.998, 4),
    "DGS10": _Walk(4.1, 0.055, 0.995, 2),
    "DGS2": _Walk(4.3, 0.06, 0.996, 2),
    "DFII10": _Walk(1.8, 0.045, 0.995, 2),
    "DEXJPUS": _Walk(147.0, 0.8, 0.997, 2),
}


def classification(value: int) -> str:
    """Return alternative.me's word for an index `value`, 0 to 100."""
    return next(word for highest, word in CLASSIFICATIONS if value <= highest)


def simulate_fear_greed(factors: Factors, seed: int) -> FearGreedSeries:
    """Return the index of every day from the second week on: a day's value knows the hours before it only."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", "fear_greed"))
    log_price = np.concatenate([[0.0], np.cumsum(np.log1p(factors.common_return))])
    hours = np.arange(14 * 24, len(factors.open_time), 24)
    week = log_price[hours] - log_price[hours - 7 * 24]
    fortnight = log_price[hours] - log_price[hours - 14 * 24]
    noise = autoregressive(rng.normal(0, 2.5, len(hours)), 0.8)
    score = 48 + 22 * np.tanh(week / 0.1) + 16 * np.tanh(fortnight / 0.15) - 8 * (factors.volatility[hours - 1] - 1)
    value = np.clip(np.round(score + noise), 5, 95).astype(np.int64)
    return FearGreedSeries(factors.open_time[hours], value, [classification(int(v)) for v in value])


def simulate_macro(factors: Factors, seed: int) -> dict[str, MacroSeries]:
    """Return every macro series, by FRED series id; weekends and federal holidays are absent."""
    first = np.datetime64(from_ms(START_MS).date(), "D") - LEAD_DAYS
    last = np.datetime64(from_ms(END_MS).date(), "D") + HORIZON_DAYS
    every_day = np.arange(first, last)
    days = every_day[np.is_busday(every_day, busdaycal=federal_calendar())]
    values = {name: _walk(walk, len(days), derive_seed(seed, "synthetic", name)) for name, walk in WALKS.items()}
    values["T10Y2Y"] = np.round(values["DGS10"] - values["DGS2"], 2)
    values["VIXCLS"] = _vix(factors, days, derive_seed(seed, "synthetic", "VIXCLS"))
    series = {name: MacroSeries(days, value, _by_rule(days)) for name, value in values.items()}
    series[REVISED] = _revised(series[REVISED], WALKS[REVISED], seed)
    return {**series, "FEDFUNDS": _policy_rate(first, last, seed)}


def _walk(walk: _Walk, count: int, seed: int) -> Floats:
    steps = np.random.default_rng(seed).normal(0, walk.step, count)
    return np.round(walk.level + autoregressive(steps, walk.memory), walk.decimals)


def _vix(factors: Factors, days: np.ndarray[tuple[int], np.dtype[np.datetime64]], seed: int) -> Floats:
    day_ms = days.astype("datetime64[ms]").astype(np.int64)
    hour = np.clip((day_ms + DAY_MS - HOUR_MS - START_MS) // HOUR_MS, 0, len(factors.open_time) - 1)
    noise = autoregressive(np.random.default_rng(seed).normal(0, 0.8, len(days)), 0.95)
    level = CALM_VIX + VIX_PER_VOLATILITY * (factors.volatility[hour] - 1) + noise
    return np.asarray(np.round(np.maximum(level, LOWEST_VIX), 2), np.float64)


def _policy_rate(first: np.datetime64, last: np.datetime64, seed: int) -> MacroSeries:
    months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]"))
    rng = np.random.default_rng(derive_seed(seed, "synthetic", "FEDFUNDS"))
    moves = rng.choice([-0.25, 0.0, 0.25], len(months), p=[0.15, 0.75, 0.1])
    rate = np.asarray(np.round(np.clip(4.33 + np.cumsum(moves), 0.08, 9.0), 2), np.float64)
    days = months.astype("datetime64[D]")
    return MacroSeries(days, rate, _by_rule(days))


def _by_rule(days: Days) -> Days:
    return np.full(len(days), "NaT", "datetime64[D]")


def _revised(series: MacroSeries, walk: _Walk, seed: int) -> MacroSeries:
    """Return `series` with some days told differently at first and put right a week after their release."""
    rng = np.random.default_rng(derive_seed(seed, "synthetic", REVISED, "revisions"))
    chosen = np.flatnonzero(rng.random(len(series.date)) < REVISED_SHARE)
    first = series.value.copy()
    first[chosen] = np.round(first[chosen] + rng.normal(0, walk.step / 3, len(chosen)), walk.decimals)
    days = series.date[chosen]
    date = np.concatenate([series.date, days])
    order = np.argsort(date, kind="stable")
    return MacroSeries(
        date[order],
        np.concatenate([first, series.value[chosen]])[order],
        np.concatenate([series.published, following_monday(following_monday(days))])[order],
    )
