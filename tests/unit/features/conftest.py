"""A lake of three symbols, one of them without candles, and settings that look at it."""

import pandas as pd
import pytest

from include.config.settings import Settings, load_settings
from include.lake.lake import Lake
from tests.unit.features.samples import START_MS, STEP_MS, candles, fill_lake
from tests.unit.features.surroundings import fill_sources

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
ROWS = 2200
# features of market94 that the lake of `filled` has no source for
ABSENT = (
    "f_sentiment_premium_1",
    "f_sentiment_open_interest_change_1",
    "f_sentiment_open_interest_change_hours_24",
    "f_sentiment_long_short_1",
    "f_macro_btcdom_return_days_1",
    "f_macro_btcdom_return_days_7",
    "f_macro_gold_return_days_1",
)


def eight_hourly(rows: int = ROWS, rate: float = 1e-4) -> dict[int, float]:
    """Return settlements every eight hours over `rows` candles, the one at the start included; no two are equal."""
    times = range(START_MS, START_MS + rows * STEP_MS + 1, 2 * STEP_MS)
    return {time: rate * (1.0 + place % 97 / 100.0) for place, time in enumerate(times)}


@pytest.fixture
def three_symbols(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an empty home and a universe of three symbols."""
    monkeypatch.setenv("PERPETUA_UNIVERSE", f"{BTC},{ETH},{SOL}")
    return load_settings()


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    """Candles as long as the fast profile's, of two of the three symbols."""
    return {BTC: candles(ROWS, seed=1), ETH: candles(ROWS, seed=2)}


@pytest.fixture
def filled(three_symbols: Settings, frames: dict[str, pd.DataFrame]) -> Settings:
    """Settings of a home whose lake holds `frames`, settlements every eight hours, fear & greed and macro series."""
    lake = Lake(three_symbols.home.lake)
    fill_lake(lake, frames, {BTC: eight_hourly(), ETH: eight_hourly(rate=-2e-4)})
    fill_sources(lake)
    return three_symbols
