"""Macro series of a recording: the newest values, and where they are known, when each was first told."""

from pathlib import Path

import numpy as np

from include.sandbox.market_data import MacroSeries
from include.sandbox.recorded_files import by_symbol, floats, sorted_table

MACRO, VINTAGES = "macro_daily.parquet", "macro_vintages.parquet"


def read_macro(folder: Path) -> dict[str, MacroSeries]:
    """Return every series of `macro_daily.parquet` and `macro_vintages.parquet`; files may be absent.

    A day that has vintages has no other values; any other day was published by the release rule of its series.
    """
    series = _read(folder / MACRO, ("series_id", "date"))
    for name, vintages in _read(folder / VINTAGES, ("series_id", "date", "realtime_start")).items():
        series[name] = _merged(series[name], vintages) if name in series else vintages
    return series


def _read(file: Path, keys: tuple[str, ...]) -> dict[str, MacroSeries]:
    if not file.exists():
        return {}
    series = {}
    for name, rows in by_symbol(sorted_table(file, keys, ("value",)), "series_id"):
        days = [rows[key].to_numpy().astype("datetime64[D]") for key in keys[1:]]
        published = days[1] if len(days) > 1 else np.full(rows.num_rows, "NaT", "datetime64[D]")
        series[name] = MacroSeries(days[0], floats(rows, "value"), published)
    return series


def _merged(daily: MacroSeries, vintages: MacroSeries) -> MacroSeries:
    kept = ~np.isin(daily.date, vintages.date)
    date = np.concatenate([daily.date[kept], vintages.date])
    order = np.argsort(date, kind="stable")
    return MacroSeries(
        date[order],
        np.concatenate([daily.value[kept], vintages.value])[order],
        np.concatenate([daily.published[kept], vintages.published])[order],
    )
