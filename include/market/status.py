"""What the lake holds: coverage, freshness, gaps, revisions and refusals per table."""

from typing import Any

import pandas as pd

from include.config.settings import Settings
from include.core.clock import format_utc
from include.core.columns import TABLES, Table
from include.core.timeframes import timeframe_ms
from include.lake.lake import Lake
from include.market.gaps import epoch_ms, find_gaps


def status(settings: Settings) -> list[dict[str, Any]]:
    """Return one line per table that exists, JSON-able.

    Returns
    -------
    list of dict
        `table`, `version`, `rows`, `subjects` (symbols or series), `first` and `last` event time,
        `late` (symbols whose newest candle is older than the table's newest; candles only, since the others
        come at intervals of their own), `missing_candles`
        (candles only, None elsewhere), `revisions` and `quarantined` of the table.
    """
    lake = Lake.of(settings)
    notes = {name: lake.read(name, ["source"])["source"].value_counts() for name in ("revisions", "quarantine")}
    lines = [_line(lake, TABLES[name], version) for name, version in lake.versions().items()]
    return [
        {
            **line,
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


def _line(lake: Lake, definition: Table, version: int) -> dict[str, Any]:
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
        "late": int((newest < newest.max()).sum()) if definition.name == "candles" else None,
        "missing_candles": missing_candles(frame) if definition.name == "candles" else None,
    }
