import numpy as np
import pytest

from include.sandbox.calendar_us import federal_calendar
from include.sandbox.market_data import FearGreedSeries, MacroSeries
from include.sandbox.synthetic_factors import Factors, simulate_factors
from include.sandbox.synthetic_macro import classification, simulate_fear_greed, simulate_macro

DAILY = ("DTWEXBGS", "DGS10", "DGS2", "T10Y2Y", "DFII10", "VIXCLS", "DEXJPUS")


@pytest.fixture(scope="module")
def factors() -> Factors:
    return simulate_factors(7)


@pytest.fixture(scope="module")
def macro(factors: Factors) -> dict[str, MacroSeries]:
    return simulate_macro(factors, 7)


@pytest.fixture(scope="module")
def index(factors: Factors) -> FearGreedSeries:
    return simulate_fear_greed(factors, 7)


@pytest.mark.parametrize(
    ("value", "word"),
    [(5, "Extreme Fear"), (25, "Extreme Fear"), (26, "Fear"), (47, "Neutral"), (55, "Greed"), (76, "Extreme Greed")],
)
def test_values_have_the_words_of_the_source(value: int, word: str) -> None:
    assert classification(value) == word


def test_the_index_has_one_value_a_day_inside_its_range(index: FearGreedSeries) -> None:
    assert set(np.diff(index.day).tolist()) == {86_400_000}
    assert index.day[0] % 86_400_000 == 0
    assert index.value.min() >= 5
    assert index.value.max() <= 95
    assert index.value.std() > 8
    assert len(index.classification) == len(index.value)


def test_the_index_follows_the_week_before_and_not_the_week_after(factors: Factors, index: FearGreedSeries) -> None:
    total = np.concatenate([[0.0], np.cumsum(np.log1p(factors.common_return))])
    hour = ((index.day - factors.open_time[0]) // 3_600_000)[:-8]
    past, future = total[hour] - total[hour - 168], total[hour + 168] - total[hour]
    assert np.corrcoef(index.value[:-8], past)[0, 1] > 0.6
    assert abs(np.corrcoef(index.value[:-8], future)[0, 1]) < 0.3


@pytest.mark.parametrize("name", DAILY)
def test_daily_series_have_values_on_business_days_only(macro: dict[str, MacroSeries], name: str) -> None:
    series = macro[name]
    assert np.is_busday(series.date, busdaycal=federal_calendar()).all()
    assert len(series.date) == len(series.value) > 800
    assert np.isfinite(series.value).all()


def test_the_curve_is_the_difference_of_its_two_yields(macro: dict[str, MacroSeries]) -> None:
    assert macro["T10Y2Y"].value == pytest.approx(macro["DGS10"].value - macro["DGS2"].value, abs=1e-9)


def test_the_policy_rate_is_monthly(macro: dict[str, MacroSeries]) -> None:
    dates = macro["FEDFUNDS"].date
    assert {str(day)[-2:] for day in dates} == {"01"}
    assert len(dates) > 36


def test_the_vix_is_high_when_the_market_moves(factors: Factors, macro: dict[str, MacroSeries]) -> None:
    vix = macro["VIXCLS"]
    close_ms = vix.date.astype("datetime64[ms]").astype(np.int64) + 23 * 3_600_000
    inside = (close_ms >= factors.open_time[0]) & (close_ms <= factors.open_time[-1])
    level = factors.volatility[(close_ms[inside] - factors.open_time[0]) // 3_600_000]
    assert np.corrcoef(vix.value[inside], level)[0, 1] > 0.6
