"""The back-fill as one stage: batch after batch into the lake, and one answer about all of them."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from include.config.settings import Settings
from include.config.universe import select
from include.core.errors import DataQualityError, InvalidInputError
from include.core.progress import Progress, no_progress
from include.orchestration import stages

if TYPE_CHECKING:
    from include.market.backfill import Backfilled

ALL = "all"


def backfill_market_data(
    settings: Settings,
    *,
    symbols: str = ALL,
    timeframe: str = "4h",
    start: str | None = None,
    end: str | None = None,
    series: str = ALL,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Fetch, validate and publish in batches; the same request goes on where an earlier try of it was cut off.

    Raises
    ------
    DataQualityError
        A batch was refused, or too many symbols have no candles; what was right is in the lake.
    """
    from include.lake.origin import claim_home
    from include.market.backfill import backfill
    from include.market.ingest import FetchRequest

    request = FetchRequest.of(
        settings,
        select(settings.universe, symbols),
        timeframe,
        stages.instant(start, "start"),
        stages.instant(end, "end"),
        _series(settings.venue, timeframe, series),
        None,
    )
    claim_home(settings)

    def validate(batch_id: str) -> Sequence[str]:
        failures: list[str] = stages.validate_market_data(settings, batch_id)["failures"]
        return failures

    done = backfill(settings, request, validate, progress=progress)
    stages.report_lake(settings)
    _require_right(done)
    return _document(settings, done)


def _series(venue: str, timeframe: str, wanted: str) -> tuple[str, ...]:
    from include.market.endpoints import offered

    known = offered(venue, timeframe)
    if wanted == ALL:
        return known
    names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",")))
    for name in names:
        if name not in known:
            raise InvalidInputError(
                f"`series` must be `all` or some of {', '.join(known)} at {venue} and {timeframe}, was {name!r}."
            )
    return names


def _require_right(done: "Backfilled") -> None:
    from include.validation.limits import FAILED_SYMBOLS_SHARE

    refused = [f"{outcome.batch_id}: {outcome.refused}" for outcome in done.outcomes if outcome.refused]
    if refused:
        raise DataQualityError(
            f"{len(refused)} of {len(done.outcomes)} batches were not published, the others were. {' '.join(refused)}"
        )
    failed, asked = done.failed_symbols, len(done.plan.request.symbols)
    if len(failed) > FAILED_SYMBOLS_SHARE * asked:
        named = "; ".join(failed.values())
        raise DataQualityError(f"{len(failed)} of {asked} symbols have no candles, the others were published: {named}")


def _document(settings: Settings, done: "Backfilled") -> dict[str, Any]:
    from include.lake.lake import Lake

    plan, outcomes = done.plan, done.outcomes
    failed_series: dict[str, str] = {}
    for outcome in outcomes:
        failed_series |= outcome.failed_series
    return {
        "id": plan.id,
        "market_now": plan.market_now.isoformat(),
        "symbols": len(plan.request.symbols),
        "timeframe": plan.request.timeframe,
        "series": list(plan.request.series),
        "batches": len(outcomes),
        "ended_before": done.ended_before,
        "pages": sum(outcome.pages for outcome in outcomes),
        "rows": _sum(outcome.rows for outcome in outcomes),
        "inserted": _sum(outcome.inserted for outcome in outcomes),
        "updated": _sum(outcome.updated for outcome in outcomes),
        "failed_symbols": done.failed_symbols,
        "failed_series": failed_series,
        "clipped": plan.clipped,
        "failures": list(dict.fromkeys(failure for outcome in outcomes for failure in outcome.failures)),
        "candles_total": Lake.of(settings).count("candles"),
    }


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return {name: count for name, count in total.items() if count}
