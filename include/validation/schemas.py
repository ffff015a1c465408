"""pandera schemas of the lake tables, derived from `core/columns.py`: types, nulls, keys, values.

What needs more than one table, such as gaps and staleness, does not belong here.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.errors import SchemaErrors

from include.core.checks import CheckResult
from include.core.columns import Column, Table, table

_SHOWN = 3


def _finite(values: "pd.Series[float]") -> "pd.Series[bool]":
    # `gt(0)` alone lets infinity pass
    finite: pd.Series[bool] = values.abs() < np.inf
    return finite


FINITE = pandera.Check(_finite, name="finite")
POSITIVE = pandera.Check.gt(0, name="positive")
NOT_NEGATIVE = pandera.Check.ge(0, name="not_negative")

_VALUES: dict[tuple[str, str], list[pandera.Check]] = {
    **{("candles", name): [POSITIVE] for name in ("open", "high", "low", "close")},
    **{
        ("candles", name): [NOT_NEGATIVE]
        for name in ("volume", "quote_volume", "trades_count", "taker_buy_volume", "taker_buy_quote_volume")
    },
    ("funding_rates", "funding_rate"): [
        pandera.Check.in_range(-1, 1, include_min=False, include_max=False, name="plausible")
    ],
    ("funding_rates", "mark_price"): [POSITIVE],
    ("fear_greed", "value"): [pandera.Check.in_range(0, 100, name="between_0_and_100")],
}

_ROWS: dict[str, list[pandera.Check]] = {
    "candles": [
        pandera.Check(lambda f: f["high"] >= f["low"], name="high_at_least_low"),
        pandera.Check(lambda f: f["open"].between(f["low"], f["high"]), name="open_inside_range"),
        pandera.Check(lambda f: f["close"].between(f["low"], f["high"]), name="close_inside_range"),
        pandera.Check(lambda f: f["known_at"] > f["open_time"], name="known_after_open"),
    ],
    "funding_rates": [pandera.Check(lambda f: f["known_at"] >= f["funding_time"], name="known_after_settlement")],
    "fear_greed": [pandera.Check(lambda f: f["known_at"] > f["timestamp"], name="known_after_day")],
    "macro": [pandera.Check(lambda f: f["known_at"] > f["date"], name="known_after_day")],
}


@cache
def schema_of(name: str) -> pandera.DataFrameSchema:
    """Return the pandera schema of the lake table `name` for frames of `lake.schema.to_frame`.

    Strict: no column more or less, in order; floats finite; the key unique.
    """
    definition = table(name)
    return pandera.DataFrameSchema(
        {column.name: _column(definition, column) for column in definition.columns},
        checks=_ROWS.get(name, []),
        strict=True,
        ordered=True,
        unique=list(definition.key),
        name=name,
    )


def check_frame(name: str, frame: pd.DataFrame) -> CheckResult:
    """Return whether `frame` fits the schema of the lake table `name`; failures are counted per rule."""
    check = f"schema_{name}"
    try:
        schema_of(name).validate(frame, lazy=True)
    except SchemaErrors as error:
        broken = _broken(error.failure_cases)
        return CheckResult(
            name=check,
            passed=False,
            observed=len(broken),
            limit=0,
            message=f"{name}: {'; '.join(broken)}.",
        )
    return CheckResult(name=check, passed=True, observed=0, limit=0, message=f"{name}: {len(frame):,} rows fit.")


def _column(definition: Table, column: Column) -> pandera.Column:
    checks = list(_VALUES.get((definition.name, column.name), []))
    if pa.types.is_floating(column.type):
        checks.append(FINITE)
    return pandera.Column(_dtype(column), checks=checks, nullable=column.nullable)


def _dtype(column: Column) -> Any:
    if pa.types.is_timestamp(column.type):
        return pd.DatetimeTZDtype(unit=column.type.unit, tz="UTC")
    if pa.types.is_string(column.type):
        return pd.StringDtype(na_value=np.nan)
    return "int64" if pa.types.is_integer(column.type) and not column.nullable else "float64"


def _broken(cases: pd.DataFrame) -> list[str]:
    """One text per broken rule: column, rule, number of rows, the first rows' positions; never a value."""
    texts = []
    for key, group in cases.groupby(["column", "check"], dropna=False, sort=False):
        column, rule = (str(part) for part in key)
        rows = group["index"].dropna().astype(int).drop_duplicates()
        where = f" in {len(rows)} rows (first: {', '.join(map(str, rows[:_SHOWN]))})" if len(rows) else ""
        texts.append(f"column `{column}` breaks `{rule}`{where}")
    return texts
