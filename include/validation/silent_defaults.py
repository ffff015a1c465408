"""Sentiment, macro and positioning series that a source fills in: constant ones, and ones that say "neither nor".

Candles are `frozen.py`'s. Funding rates are not watched: a rate of 0.01 % stood for 207 settlements in a row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from include.core.checks import CheckResult, Severity
from include.core.columns import TABLES, Table
from include.lake.lake import Lake
from include.lake.schema import to_frame
from include.market.macro import SERIES
from include.market.publication import Release
from include.validation.findings import Finding, verdict_of
from include.validation.limits import (
    FLAT_FEAR_GREED,
    FLAT_MACRO,
    FLAT_POSITIONING,
    NEUTRAL_FEAR_GREED,
    NEUTRAL_RATIO,
)
from include.validation.subjects import subject_name

# of positioning, which comes several times a day: more than the longest run that is allowed
_CONTEXT = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Level:
    """One series of values.

    Parameters
    ----------
    subject : str
        Whose it is, as in `CheckResult.subjects`.
    values : float64 (n,)
        In order of time.
    is_judged : bool (n,)
        Runs that hold one of these are told.
    most_flat : int
        Values in a row that may be equal.
    neutral : (float, int) or None
        The value that says nothing, and how many in a row may have it.
    """

    subject: str
    values: NDArray[np.float64]
    is_judged: NDArray[np.bool_]
    most_flat: int
    neutral: tuple[float, int] | None


@dataclass(frozen=True, slots=True)
class _Watched:
    """A column of a table that moves in a real market."""

    column: str
    most_flat: Callable[[str], int]
    neutral: tuple[float, int] | None = None
    context: timedelta | None = None


WATCHED = {
    "fear_greed": _Watched("value", lambda _: FLAT_FEAR_GREED, NEUTRAL_FEAR_GREED),
    "macro": _Watched("value", lambda name: FLAT_MACRO[SERIES.get(name, Release.DAILY)]),
    "open_interest": _Watched("open_interest", lambda _: FLAT_POSITIONING, None, _CONTEXT),
    "long_short_ratio": _Watched("long_short_ratio", lambda _: FLAT_POSITIONING, NEUTRAL_RATIO, _CONTEXT),
    "taker_ratio": _Watched("taker_ratio", lambda _: FLAT_POSITIONING, NEUTRAL_RATIO, _CONTEXT),
}


def check_silent_defaults(levels: Sequence[Level]) -> tuple[CheckResult, ...]:
    """Return two warnings: series that do not move, and series that say "neither nor", each by name."""
    constant = [_told(level, run) for level in levels if (run := flat_run(level)) > level.most_flat]
    neutral = [
        _told(level, run) for level in levels if level.neutral and (run := neutral_run(level)) > level.neutral[1]
    ]
    return (
        verdict_of(
            "constant_series",
            constant,
            what="Values in a row are equal",
            none="Every sentiment, macro and positioning series moves.",
            severity=Severity.WARNING,
        ),
        verdict_of(
            "neutral_series",
            neutral,
            what="Values in a row say neither nor",
            none="No series stands at its neutral value.",
            severity=Severity.WARNING,
        ),
    )


def flat_run(level: Level) -> int:
    """Return the length of the longest run of equal values that holds a judged one, 0 for none."""
    return _longest(level.values[1:] == level.values[:-1], level.is_judged)


def neutral_run(level: Level) -> int:
    """Return the length of the longest run of the neutral value that holds a judged one, 0 for none."""
    is_neutral = level.values == (level.neutral[0] if level.neutral else np.nan)
    neutral = Level(level.subject, is_neutral.astype(float), level.is_judged & is_neutral, 0, None)
    return flat_run(neutral)


def _longest(equals_previous: NDArray[np.bool_], is_judged: NDArray[np.bool_]) -> int:
    if not is_judged.any():
        return 0
    runs = np.concatenate([[0], np.cumsum(~equals_previous)])
    return int(np.bincount(runs)[runs[is_judged]].max())


def staged_levels(lake: Lake, staged: Mapping[str, pa.Table]) -> Iterator[Level]:
    """Yield every watched series of which a batch brings values, stored and staged ones together."""
    for name, watched in WATCHED.items():
        rows = to_frame(staged[name])
        if not len(rows):
            continue
        definition = TABLES[name]
        time = definition.time_column
        filters = [] if watched.context is None else [(time, ">=", rows[time].min() - watched.context)]
        stored = lake.read(name, filters=filters)
        both = pd.concat([stored.assign(is_new=False), rows.assign(is_new=True)])
        yield from _levels(definition, watched, both)


def stored_levels(lake: Lake) -> Iterator[Level]:
    """Yield every watched series of the lake, all of it judged."""
    for name, watched in WATCHED.items():
        yield from _levels(TABLES[name], watched, lake.read(name).assign(is_new=True))


def _levels(definition: Table, watched: _Watched, rows: pd.DataFrame) -> Iterator[Level]:
    if not len(rows):
        return
    rows = rows.drop_duplicates(list(definition.key), keep="last").sort_values(list(definition.key))
    # of a day with several vintages the last one
    series = [name for name in definition.key if name not in (definition.time_column, "vintage")]
    rows = rows.drop_duplicates([*series, definition.time_column], keep="last")
    groups: Any = rows.groupby(series, sort=True) if series else [((), rows)]
    for _, group in groups:
        subject = "" if definition.subject_column is None else str(group[definition.subject_column].iloc[0])
        yield Level(
            subject_name(definition, subject),
            group[watched.column].to_numpy(float),
            (group[definition.time_column] >= group.loc[group["is_new"], definition.time_column].min()).to_numpy(),
            watched.most_flat(subject),
            watched.neutral,
        )


def _told(level: Level, run: int) -> Finding:
    return Finding(level.subject, f"{level.subject} ({run} values)", run)
