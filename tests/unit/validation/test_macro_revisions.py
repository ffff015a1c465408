import pandas as pd

from include.core.checks import Severity
from include.validation.macro_revisions import check_macro_revisions

DAYS = pd.date_range("2026-01-01", periods=4, tz="UTC")


def macro(series: str, values: list[float], vintage: str, first: int = 0) -> pd.DataFrame:
    days = DAYS[first : first + len(values)]
    return pd.DataFrame({"series": series, "date": days, "vintage": pd.Timestamp(vintage, tz="UTC"), "value": values})


NOTHING = macro("DGS10", [], "2026-02-01")


def test_values_told_once_or_told_again_are_no_revision() -> None:
    rows = pd.concat([macro("DGS10", [4.0, 4.1], "2026-02-01"), macro("DGS10", [4.0, 4.1], "2026-03-01")])
    assert check_macro_revisions(NOTHING, rows).passed
    assert check_macro_revisions(NOTHING, NOTHING).passed


def test_changed_days_are_counted_per_series_with_the_largest_change() -> None:
    first = pd.concat([macro("DTWEXBGS", [119.0, 119.5, 120.0], "2026-02-01"), macro("DGS2", [4.0], "2026-02-01")])
    second = pd.concat([macro("DTWEXBGS", [119.0, 119.75, 119.6], "2026-03-01"), macro("DGS2", [4.0], "2026-03-01")])
    result = check_macro_revisions(first, second)
    assert (result.passed, result.severity, result.observed) == (False, Severity.INFO, 2)
    assert result.message == "Days have values that changed later (2): DTWEXBGS 2 of 3, by up to 0.4."
    assert result.subjects == ("macro DTWEXBGS",)


def test_only_days_that_are_judged_count() -> None:
    old = pd.concat([macro("DGS10", [4.0], "2026-02-01"), macro("DGS10", [4.2], "2026-03-01")])
    assert check_macro_revisions(old, macro("DGS10", [4.5], "2026-03-01", first=2)).passed
    assert not check_macro_revisions(old, old).passed
