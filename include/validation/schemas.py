"""pandera schemas of the lake tables, derived from `core/columns.py`: types, nulls, keys, values, orders within a row.

What needs more than one row, such as gaps and staleness, does not belong here.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from numpy.typing import NDArray
from pandera.errors import SchemaErrors

from include.core.checks import CheckResult, Severity
from include.core.columns import Column, Known, Table, table
from include.core.timeframes import DAY_MS, TIMEFRAMES_MS
from include.lake.schema import to_frame
from include.validation.subjects import Broken, named, subject_names

# rows of one frame: what a frame of strings costs stays small beside the Arrow table it is made of
CHUNK = 250_000
_SHOWN = 3


def _finite(values: "pd.Series[float]") -> "pd.Series[bool]":
    # `gt(0)` alone lets infinity pass
    finite: pd.Series[bool] = values.abs() < np.inf
    return finite


FINITE = pandera.Check(_finite, name="finite")


@cache
def schema_of(name: str) -> pandera.DataFrameSchema:
    """Return the pandera schema of the lake table `name` for frames of `lake.schema.to_frame`.

    Strict: no column more or less, in order; floats finite; the key unique.
    """
    definition = table(name)
    return pandera.DataFrameSchema(
        {column.name: _column(column) for column in definition.columns},
        checks=[*map(_order, definition.at_least), *_known(definition)],
        strict=True,
        ordered=True,
        unique=list(definition.key),
        name=name,
    )


def check_table(name: str, rows: pa.Table) -> CheckResult:
    """Return whether `rows` fit the schema of the lake table `name`; failures are counted per rule.

    A broken value of a market table leaves its symbol or series out, anything else is critical.

    Parameters
    ----------
    name : str
        Lake table.
    rows : pyarrow.Table
        Its rows, judged in frames of `CHUNK` rows.
    """
    return check_parts(name, [rows])


def check_parts(name: str, parts: Iterable[pa.Table]) -> CheckResult:
    """Return what `check_table` does, of rows in parts, such as a series at a time; no key is in two of them."""
    definition = table(name)
    found: dict[tuple[str, str], Broken] = {}
    before = 0
    for rows in parts:
        for start in range(0, max(rows.num_rows, 1), CHUNK):
            frame = to_frame(rows.slice(start, CHUNK))
            for rule, positions in _broken_rules(definition, frame):
                subjects = subject_names(definition, frame, positions)
                found.setdefault(rule, Broken()).add(positions + before + start, subjects)
        before += rows.num_rows
    return _verdict(definition, before, found)


def _broken_rules(definition: Table, frame: pd.DataFrame) -> Iterable[tuple[tuple[str, str], NDArray[np.int64]]]:
    """Yield each broken rule as column and name, and the positions of the rows that break it, none for the whole."""
    try:
        schema_of(definition.name).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        # a rule over whole rows is listed once for each column
        columns = cases["column"].where(cases["schema_context"] == "Column", "")
        for key, group in cases.groupby([columns, "check"], dropna=False, sort=False):
            column, rule = (str(part) for part in key)
            yield (column, rule), group["index"].dropna().astype("int64").drop_duplicates().to_numpy()


def _verdict(definition: Table, rows: int, found: dict[tuple[str, str], Broken]) -> CheckResult:
    subjects = sorted({subject for broken in found.values() for subject in broken.subjects})
    is_of_rows = definition.known is not None and all(broken.subjects for broken in found.values())
    texts = [f"{_place(column)} breaks `{rule}`{broken.text(_SHOWN)}" for (column, rule), broken in found.items()]
    return CheckResult(
        name=f"schema_{definition.name}",
        passed=not found,
        observed=len(found),
        limit=0,
        message=f"{definition.name}: {'; '.join(texts)}{named(subjects)}." if found else f"{rows:,} rows fit.",
        severity=Severity.EXCLUDE if is_of_rows else Severity.CRITICAL,
        subjects=tuple(subjects) if is_of_rows else (),
    )


def _place(column: str) -> str:
    return f"column `{column}`" if column else "a row"


def _column(column: Column) -> pandera.Column:
    return pandera.Column(_dtype(column), checks=list(_values(column)), nullable=column.nullable)


def _values(column: Column) -> Iterable[pandera.Check]:
    if column.choices:
        yield pandera.Check.isin(column.choices, error="one_of_its_choices")
    if column.minimum is not None:
        below = pandera.Check.gt if column.is_open else pandera.Check.ge
        yield below(column.minimum, error=f"{'above' if column.is_open else 'at_least'}_{column.minimum:g}")
    if column.maximum is not None:
        above = pandera.Check.lt if column.is_open else pandera.Check.le
        yield above(column.maximum, error=f"{'below' if column.is_open else 'at_most'}_{column.maximum:g}")
    if pa.types.is_floating(column.type):
        yield FINITE


def _order(pair: tuple[str, str]) -> pandera.Check:
    above, below = pair
    return pandera.Check(
        lambda frame: (frame[above] >= frame[below]) | frame[above].isna() | frame[below].isna(),
        name=f"{above}_at_least_{below}",
    )


def _known(definition: Table) -> Iterable[pandera.Check]:
    if definition.known is not None:
        holds = _KNOWN[definition.known]
        event = definition.time_column
        rule = f"known_at_{definition.known.value.replace(' ', '_')}"
        yield pandera.Check(lambda frame: holds(frame["known_at"], frame[event], frame), name=rule)


_Rule = Callable[["pd.Series[Any]", "pd.Series[Any]", pd.DataFrame], Any]
_KNOWN: dict[Known, _Rule] = {
    Known.AT_EVENT: lambda known, event, _: known == event,
    Known.AT_CLOSE: lambda known, event, frame: known == event + _lengths(frame),
    Known.NEXT_DAY: lambda known, event, _: known == event.dt.floor("D") + pd.Timedelta(DAY_MS, "ms"),
    Known.LATER: lambda known, event, _: known > event,
}


def _lengths(frame: pd.DataFrame) -> Any:
    # once per timeframe: looking every row's up takes longer than all other rules together
    codes, timeframes = pd.factorize(frame["timeframe"])
    lengths = np.array([TIMEFRAMES_MS.get(str(name), 0) for name in timeframes] + [0])
    return lengths[codes].astype("timedelta64[ms]")


def _dtype(column: Column) -> Any:
    if pa.types.is_timestamp(column.type):
        return pd.DatetimeTZDtype(unit=column.type.unit, tz="UTC")
    if pa.types.is_string(column.type):
        return pd.StringDtype(na_value=np.nan)
    return "int64" if pa.types.is_integer(column.type) and not column.nullable else "float64"
