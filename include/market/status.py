"""What the lake holds: coverage, freshness, gaps, revisions and refusals per table."""

from datetime import datetime
from typing import Any

import pandas as pd

from include.config.settings import Settings
from include.core.clock import format_utc
from include.core.columns import GAPS, TABLES, Table
from include.core.timeframes import timeframe_ms
from include.lake.lake import Lake
from include.market.gaps import epoch_ms, find_gaps


def status(settings: Settings, market_now: datetime | None = None) -> list[dict[str, Any]]:
    """Return one line per table that exists, JSON-able.

    Parameters
    ----------
    settings : Settings
        Where the lake is.
    market_now : datetime or None
        The exchange's clock; None where it is not known.

    Returns
    -------
    list of dict
        `table`, `version`, `rows`, `subjects` (symbols or series), `first` and `last` event time, `age_hours` (from
        when the newest record may be used until now; None without a clock, and for tables of what was seen),
        `late` (symbols whose newest candle is older than the table's newest; candles only, since the others
        come at intervals of their own), `missing_candles`
        (candles only, None elsewhere), `open_gaps` and `lost` (missing records that the ledger says are asked for
        again, or no longer exist), `revisions` and `quarantined` of the table.
    """
    lake = Lake.of(settings)
    notes = {name: lake.read(name, ["source"])["source"].value_counts() for name in ("revisions", "quarantine")}
    gaps = lake.read(GAPS.name, ["source", "status", "missing_count"])
    lines = [_line(lake, TABLES[name], version, market_now) for name, version in lake.versions().items()]
    return [
        {
            **line,
            "open_gaps": _missing(gaps, line["table"], "open"),
            "lost": _missing(gaps, line["table"], "lost"),
            "revisions": int(notes["revisions"].get(line["table"], 0)),
            "quarantined": int(notes["quarantine"].get(line["table"], 0)),
        }
        for line in lines
    ]


def missing_candles(frame: pd.DataFrame) -> int:
    """Return how many candles are missing inside the sorted series of `frame` (venue, symbol, timeframe, open_time)."""
    count = 0
    for key, times in frame.groupby(["timeframe", "venue", "symbol"], sort=False)["open_time"]:
        timeframe = str(key[0])
        count += sum(gap.count for gap in find_gaps(epoch_ms(times), timeframe_ms(timeframe)))
    return count


def _missing(gaps: pd.DataFrame, table: str, state: str) -> int:
    return int(gaps.loc[(gaps["source"] == table) & (gaps["status"] == state), "missing_count"].sum())


def _age_hours(lake: Lake, definition: Table, market_now: datetime | None) -> float | None:
    if market_now is None or "known_at" not in definition.column_names:
        return None
    newest = lake.read(definition.name, ["known_at"])["known_at"].max()
    if pd.isna(newest):
        return None
    # what may be used only from the next midnight on is new
    age: float = (market_now - newest.to_pydatetime()).total_seconds() / 3600
    return max(0.0, round(age, 1))


def _line(lake: Lake, definition: Table, version: int, market_now: datetime | None) -> dict[str, Any]:
    subject = next((key for key in ("symbol", "series") if key in definition.column_names), None)
    by = [key for key in definition.key if key != definition.time_column]
    time = definition.time_column
    frame = lake.read(definition.name, list(dict.fromkeys([*by, time])))
    newest = frame.groupby(subject)[time].max() if subject else frame[time]
    return {
        "table": definition.name,
        "version": version,
        "rows": len(frame),
        "subjects": int(frame[subject].nunique()) if subject else 1,
        "first": format_utc(frame[time].min().to_pydatetime()) if len(frame) else None,
        "last": format_utc(frame[time].max().to_pydatetime()) if len(frame) else None,
        "age_hours": _age_hours(lake, definition, market_now),
        "late": int((newest < newest.max()).sum()) if definition.name == "candles" else None,
        "missing_candles": missing_candles(frame) if definition.name == "candles" else None,
    }
