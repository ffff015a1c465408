"""The page on everything that stands in the lake: freshness, coverage, gaps, revisions, refusals, outages.

What a batch brought is on its own page (`quality_report.py`).
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.columns import CANDLES, GAPS, OUTAGES, QUARANTINE, REVISIONS
from include.core.files import write_text
from include.core.timeframes import TIMEFRAMES_MS
from include.lake.lake import Lake
from include.market.status import status
from include.validation.coverage import coverage_of
from include.validation.heat_map import heat_map
from include.validation.quality_report import LAKE_PAGE, environment, write_index

# newest entries of each list; the rest is counted
SHOWN = 100


def write_lake_page(settings: Settings, market_now: datetime | None) -> Path:
    """Write the page on the lake beside the pages of the batches; return where it lies.

    Parameters
    ----------
    settings : Settings
        Where lake and pages are.
    market_now : datetime or None
        The exchange's clock, for how old the newest records are; None where it is not known.
    """
    lake = Lake.of(settings)
    target = settings.home.data_quality / LAKE_PAGE
    page = (
        environment()
        .get_template("lake.html.j2")
        .render(
            written_at=wall_now(),
            market_now=market_now,
            location=lake.location,
            tables=status(settings, market_now),
            coverage=_coverage(lake),
            gaps=_newest(lake, GAPS.name, GAPS.time_column),
            revisions=_newest(lake, REVISIONS.name, REVISIONS.time_column),
            quarantine=_newest(lake, QUARANTINE.name, QUARANTINE.time_column),
            refused=_counted(lake, QUARANTINE.name, ["source", "reason"]),
            missing=_counted(lake, GAPS.name, ["source", "status"]),
            outages=_newest(lake, OUTAGES.name, OUTAGES.time_column),
        )
    )
    write_text(target, page)
    # the index names this page once it exists
    write_index(settings)
    return target


def _coverage(lake: Lake) -> list[dict[str, Any]]:
    """Return a heat map for each venue and timeframe of the stored candles, the longest timeframe last."""
    stored = lake.newest(CANDLES.name, ["venue", "timeframe", "symbol"], "open_time")
    found = []
    for (venue, timeframe), symbols in stored.groupby(["venue", "timeframe"])["symbol"]:
        nothing = CANDLES.schema.empty_table()
        covered = coverage_of(lake, str(venue), nothing, sorted(symbols), str(timeframe))
        found.append(
            {
                "venue": venue,
                "timeframe": timeframe,
                "symbols": len(covered),
                "rows": sum(symbol.rows for symbol in covered),
                "missing": sum(symbol.missing for symbol in covered),
                "map": heat_map(covered),
            }
        )
    order = list(TIMEFRAMES_MS)
    return sorted(found, key=lambda entry: (entry["venue"], order.index(entry["timeframe"])))


def _newest(lake: Lake, name: str, time_column: str) -> dict[str, Any]:
    table = lake.read_arrow(name)
    ordered = table.sort_by([(time_column, "descending")]).slice(0, SHOWN)
    return {"count": table.num_rows, "rows": ordered.to_pylist()}


def _counted(lake: Lake, name: str, by: list[str]) -> list[dict[str, Any]]:
    table = lake.read_arrow(name, by)
    if not table.num_rows:
        return []
    counts: pa.Table = table.group_by(by).aggregate([(by[0], "count")])
    order = [(f"{by[0]}_count", "descending"), *((column, "ascending") for column in by)]
    lines: list[dict[str, Any]] = counts.sort_by(order).to_pylist()
    return lines
