import pandas as pd

from include.core.checks import Severity
from include.validation.flatness import check_series_vary, flat_run

MOVING = pd.DataFrame({"value": range(100)})


def macro(**series: list[float]) -> pd.DataFrame:
    frames = [pd.DataFrame({"series": name, "value": values}) for name, values in series.items()]
    return pd.concat([pd.DataFrame({"series": ["VIXCLS"], "value": [1.0]}), *frames])


def test_the_run_counts_equal_values_at_the_end_only() -> None:
    assert flat_run(pd.Series([1, 5, 5, 2, 5, 5, 5])) == 3
    assert flat_run(pd.Series([7.0])) == 1
    assert flat_run(pd.Series([4, 4])) == 2
    assert flat_run(pd.Series([], dtype=float)) == 0


def test_moving_series_pass() -> None:
    assert all(r.passed for r in check_series_vary(MOVING, macro(DGS10=[4.1, 4.2])))


def test_a_constant_mood_is_the_mark_of_a_default() -> None:
    assert check_series_vary(pd.DataFrame({"value": [40] + [50] * 10}), macro())[0].passed
    result = check_series_vary(pd.DataFrame({"value": [40] + [50] * 11}), macro())[0]
    assert not result.passed
    assert result.severity is Severity.WARNING
    assert result.observed == 11


def test_a_constant_daily_series_is_named_while_the_policy_rate_may_stand_still() -> None:
    result = check_series_vary(MOVING, macro(DGS10=[4.0] * 16, FEDFUNDS=[5.33] * 14, DGS2=[4.0] * 15))[1]
    assert not result.passed
    assert result.message == "Constant at the end: DGS10 (16 values)."
    assert result.severity is Severity.WARNING
