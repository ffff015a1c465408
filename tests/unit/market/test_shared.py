from datetime import UTC, datetime

from include.config.settings import Settings
from include.core.progress import no_progress
from include.lake.lake import Lake
from include.market.macro import SERIES
from include.market.outages import OutageLog
from include.market.shared import SHARED, Shared
from tests.unit.market.answers import answer, answering, refusing_url
from tests.unit.market.venues import quick

NOW = datetime(2026, 2, 20, tzinfo=UTC)


def fetched(settings: Settings, *wanted: str) -> Shared:
    shared = Shared(settings, NOW, quick(2), OutageLog())
    shared.fetch(Lake.of(settings), wanted or SHARED, no_progress)
    return shared


def test_both_sources_come_with_every_series(online: Settings) -> None:
    shared = fetched(online)
    assert set(shared.rows) == {"fear_greed", "macro"}
    assert len(shared.rows["macro"]) == len(SERIES)
    assert shared.failed == {}
    assert shared.outages.outages() == ()


def test_a_source_that_is_not_wanted_is_not_asked(settings: Settings) -> None:
    away = settings.model_copy(update={"fear_greed_url": refusing_url(), "fred_url": refusing_url()})
    assert set(fetched(away, "macro").failed) == set(SERIES)
    assert set(fetched(away, "fear_greed").failed) == {"fear_greed"}


def test_sources_that_are_away_are_named_with_their_outages(settings: Settings) -> None:
    away = settings.model_copy(update={"fear_greed_url": refusing_url(), "fred_url": refusing_url()})
    shared = fetched(away)
    assert set(shared.failed) == {"fear_greed", *SERIES}
    assert shared.failed["FEDFUNDS"] == "Not asked for, after DTWEXBGS failed."
    assert {(o.source, o.kind, o.ended_at) for o in shared.outages.outages()} == {
        ("alternative.me", "unreachable", None),
        ("fred", "unreachable", None),
    }


def test_a_source_that_refuses_is_named_and_no_outage(online: Settings) -> None:
    with answering(answer({"error_message": "Bad Request. The series does not exist."}, 400)) as (url, _):
        shared = fetched(online.model_copy(update={"fred_url": url}))
    assert set(shared.failed) == set(SERIES)
    assert shared.outages.outages() == ()
