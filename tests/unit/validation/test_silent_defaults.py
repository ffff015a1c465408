from datetime import timedelta
from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.checks import CheckResult, Severity
from include.core.columns import TABLES
from include.lake.lake import Lake
from include.market.staging import STAGED_TABLES
from include.validation.silent_defaults import (
    Level,
    check_silent_defaults,
    flat_run,
    neutral_run,
    staged_levels,
    stored_levels,
)
from tests.unit.lake.rows import START

DAY = timedelta(days=1)


def level(values: list[float], judged: int = 0, neutral: tuple[float, int] | None = (50.0, 6)) -> Level:
    return Level("x", np.asarray(values, float), np.arange(len(values)) >= judged, 10, neutral)


def mood(*values: int, first: int = 0) -> pa.Table:
    rows = [
        {"timestamp": START + day * DAY, "value": value, "classification": "w", "known_at": START + (day + 1) * DAY}
        for day, value in enumerate(values, first)
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["fear_greed"].schema)


def macro(series: str, *values: float, vintage: int = 1) -> pa.Table:
    rows = [
        {
            "series": series,
            "date": START + day * DAY,
            "vintage": START + (day + vintage) * DAY,
            "value": value,
            "known_at": START + (day + vintage) * DAY,
        }
        for day, value in enumerate(values)
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["macro"].schema)


def ratio(symbol: str, *values: float) -> pa.Table:
    rows = [
        {
            "venue": "binanceusdm",
            "symbol": symbol,
            "timeframe": "4h",
            "timestamp": START + place * timedelta(hours=4),
            "long_short_ratio": value,
            "long_share": None,
            "short_share": None,
            "known_at": START + place * timedelta(hours=4),
        }
        for place, value in enumerate(values)
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["long_short_ratio"].schema)


def batch(**tables: pa.Table) -> dict[str, pa.Table]:
    return {name: TABLES[name].schema.empty_table() for name in STAGED_TABLES} | tables


def verdicts(settings: Settings, **tables: pa.Table) -> tuple[CheckResult, ...]:
    return check_silent_defaults(list(staged_levels(Lake.of(settings), batch(**tables))))


def test_the_longest_run_is_the_one_that_itertools_finds() -> None:
    values = np.random.default_rng(0).integers(0, 2, 500).astype(float).tolist()
    assert flat_run(level(values)) == max(len(list(group)) for _, group in groupby(values))
    ones = max(len(list(group)) for value, group in groupby(values) if value == 1)
    assert neutral_run(level(values, neutral=(1.0, 3))) == ones


def test_only_runs_that_hold_a_judged_value_count() -> None:
    values = [5.0, 5, 5, 5, 2, 3, 3]
    assert flat_run(level(values)) == 4
    assert flat_run(level(values, judged=3)) == 4
    assert flat_run(level(values, judged=4)) == 2
    assert flat_run(level(values, judged=7)) == flat_run(level([])) == 0


def test_a_neutral_run_holds_only_the_neutral_value() -> None:
    assert neutral_run(level([50.0, 50, 40, 40, 40, 50])) == 2
    assert neutral_run(level([40.0, 40])) == 0
    assert neutral_run(level([1.0, 1], neutral=None)) == 0


def test_a_constant_mood_is_named(settings: Settings) -> None:
    assert all(r.passed for r in verdicts(settings, fear_greed=mood(40, *[30] * 10)))
    constant, neutral = verdicts(settings, fear_greed=mood(40, *[30] * 11))
    assert (constant.passed, constant.severity) == (False, Severity.WARNING)
    assert constant.message == "Values in a row are equal (11): fear_greed (11 values)."
    assert neutral.passed


def test_a_mood_of_neither_nor_is_named_sooner(settings: Settings) -> None:
    assert all(r.passed for r in verdicts(settings, fear_greed=mood(40, *[50] * 6)))
    constant, neutral = verdicts(settings, fear_greed=mood(40, *[50] * 7))
    assert constant.passed
    assert (neutral.passed, neutral.severity, neutral.subjects) == (False, Severity.WARNING, ("fear_greed",))


def test_a_run_that_began_in_the_lake_counts(settings: Settings) -> None:
    Lake.of(settings).merge("fear_greed", mood(40, *[50] * 5))
    _, neutral = verdicts(settings, fear_greed=mood(50, 50, first=6))
    assert neutral.observed == 7
    assert all(r.passed for r in verdicts(settings, fear_greed=mood(41, first=6)))


def test_a_constant_daily_series_is_named_while_the_policy_rate_may_stand_still(settings: Settings) -> None:
    rows = pa.concat_tables([macro("DGS10", *[4.0] * 16), macro("FEDFUNDS", *[5.33] * 16), macro("DGS2", 4.0, 4.1)])
    constant, _ = verdicts(settings, macro=rows)
    assert constant.subjects == ("macro DGS10",)


def test_a_value_told_again_by_a_later_vintage_is_one_value(settings: Settings) -> None:
    again = pa.concat_tables([macro("DGS10", *[4.0] * 10), macro("DGS10", *[4.0] * 10, vintage=30)])
    assert all(r.passed for r in verdicts(settings, macro=again))


@pytest.mark.parametrize(("value", "most"), [(1.0, 3), (1.3, 6)])
def test_a_symbol_whose_ratio_is_filled_in_is_named(settings: Settings, value: float, most: int) -> None:
    moving = ratio("ETH/USDT:USDT", *np.linspace(0.9, 1.4, 9))
    fine = pa.concat_tables([moving, ratio("BTC/USDT:USDT", 1.1, *[value] * most)])
    assert all(r.passed for r in verdicts(settings, long_short_ratio=fine))
    filled = pa.concat_tables([moving, ratio("BTC/USDT:USDT", 1.1, *[value] * (most + 1))])
    failed = [r for r in verdicts(settings, long_short_ratio=filled) if not r.passed]
    assert [r.subjects for r in failed] == [("long_short_ratio BTC/USDT:USDT",)]


def test_the_whole_lake_is_judged_wherever_the_run_stands(settings: Settings) -> None:
    lake = Lake.of(settings)
    lake.merge("fear_greed", mood(*[50] * 7, *range(20, 60)))
    assert verdicts(settings, fear_greed=mood(10, first=47))[1].passed
    assert not check_silent_defaults(list(stored_levels(lake)))[1].passed
    assert list(stored_levels(Lake(settings.home.root / "empty"))) == []
