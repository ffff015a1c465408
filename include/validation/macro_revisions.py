"""Macro values that their source changed later: every vintage is kept, and people are told how much changed."""

from collections.abc import Iterator

import pandas as pd

from include.core.checks import CheckResult, Severity
from include.core.columns import MACRO
from include.validation.findings import Finding, verdict_of
from include.validation.subjects import subject_name


def check_macro_revisions(stored: pd.DataFrame, staged: pd.DataFrame) -> CheckResult:
    """Return a note on the days whose value changed, per series with the largest change.

    Parameters
    ----------
    stored : pandas.DataFrame
        Rows of `macro` that are stored.
    staged : pandas.DataFrame
        Rows of `macro` that are judged; a day of which none is staged is passed over.
    """
    rows = pd.concat([stored, staged]).drop_duplicates(list(MACRO.key), keep="last")
    judged = staged[["series", "date"]].drop_duplicates()
    return verdict_of(
        "macro_revisions",
        list(_revised(rows.merge(judged, on=["series", "date"]))),
        what="Days have values that changed later",
        none="No macro value changed.",
        severity=Severity.INFO,
    )


def _revised(rows: pd.DataFrame) -> Iterator[Finding]:
    days = rows.groupby(["series", "date"])["value"].agg(["min", "max"])
    change = days["max"] - days["min"]
    for name, changes in change.groupby("series"):
        count = int((changes > 0).sum())
        if count:
            text = f"{name} {count:,} of {len(changes):,}, by up to {changes.max():.4g}"
            yield Finding(subject_name(MACRO, str(name)), text, count)
