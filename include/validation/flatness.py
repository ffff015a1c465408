"""Sentiment and macro series that stopped moving: the mark of a source that fills in a default."""

import pandas as pd

from include.core.checks import CheckResult, Severity
from include.market.macro import SERIES
from include.market.publication import Release

# values in a row that may be equal: daily figures move, the monthly policy rate stood still for a year
LONGEST_FLAT_RUN = {Release.DAILY: 15, Release.H10: 15, Release.MONTHLY: 36}
FEAR_GREED_FLAT_RUN = 10


def check_series_vary(fear_greed: pd.DataFrame, macro: pd.DataFrame) -> tuple[CheckResult, ...]:
    """Return two warnings for series whose newest values are all equal.

    Parameters
    ----------
    fear_greed, macro : pandas.DataFrame
        Stored and staged values together, sorted by time, columns of the lake tables.
    """
    flat = [f"{name} ({run} values)" for name, run in _flat_macro(macro).items()]
    run = flat_run(fear_greed["value"])
    return (
        CheckResult(
            name="fear_greed_varies",
            passed=run <= FEAR_GREED_FLAT_RUN,
            observed=run,
            limit=FEAR_GREED_FLAT_RUN,
            message=f"{run} of the newest values of fear & greed in a row are equal.",
            severity=Severity.WARNING,
        ),
        CheckResult(
            name="macro_varies",
            passed=not flat,
            observed=len(flat),
            limit=0,
            message=f"Constant at the end: {', '.join(flat)}." if flat else "Every macro series moves.",
            severity=Severity.WARNING,
        ),
    )


def flat_run(values: "pd.Series[float]") -> int:
    """Return how many of the newest values equal the last one, itself included; 0 for none."""
    newest_first = values.to_numpy()[::-1]
    if not len(newest_first):
        return 0
    differs = newest_first != newest_first[0]
    return int(differs.argmax()) if differs.any() else len(newest_first)


def _flat_macro(macro: pd.DataFrame) -> dict[str, int]:
    runs = {str(name): flat_run(values) for name, values in macro.groupby("series")["value"]}
    return {name: run for name, run in runs.items() if run > LONGEST_FLAT_RUN[SERIES.get(name, Release.DAILY)]}
