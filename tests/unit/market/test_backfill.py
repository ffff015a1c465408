from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.config.settings import Settings
from include.core.errors import DataQualityError, TransientError
from include.lake.lake import Lake
from include.market.backfill import Backfilled, backfill
from include.market.ingest import FetchRequest
from include.market.retry import Retry, RetryPolicy
from include.market.staging import read_batch, seal
from tests.unit.market.answers import refusing_url
from tests.unit.market.batches import PASSED

BTC, ETH, NOPE = "BTC/USDT:USDT", "ETH/USDT:USDT", "NOPE/USDT:USDT"
START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 200
CANDLES = DAYS * 6
QUICK = Retry(RetryPolicy(attempts=1, base_seconds=0.0))


def fill(
    settings: Settings,
    *symbols: str,
    refused: str = "",
    records: int = 1_000,
    told: list[tuple[str, int, int]] | None = None,
    retry: Retry | None = None,
) -> Backfilled:
    def validate(batch_id: str) -> Sequence[str]:
        if refused and batch_id.endswith(refused):
            raise DataQualityError("rotten")
        seal(settings.home, batch_id, PASSED)
        return ["a warning"]

    request = FetchRequest.of(
        settings, symbols or (BTC, ETH), "4h", START, START + timedelta(days=DAYS), ("candles", "funding_rates"), None
    )
    steps = told if told is not None else []
    return backfill(
        settings,
        request,
        validate,
        batch_records=records,
        progress=lambda *step: steps.append(step),
        retry=retry,
    )


def test_every_batch_is_in_the_lake_before_the_next(online: Settings) -> None:
    told: list[tuple[str, int, int]] = []
    done = fill(online, told=told)
    lake = Lake.of(online)
    assert lake.count("candles") == 2 * CANDLES
    assert lake.count("funding_rates") >= 2 * DAYS * 3
    assert len(done.outcomes) > 3
    assert lake.version("candles") > 2
    assert sum(outcome.inserted.get("candles", 0) for outcome in done.outcomes) == 2 * CANDLES
    assert {outcome.failures for outcome in done.outcomes if outcome.inserted} == {("a warning",)}
    # what all symbols share comes once
    assert [outcome.rows["macro"] > 0 for outcome in done.outcomes] == [True] + [False] * (len(done.outcomes) - 1)
    counts = [step[1:] for step in told if step[0] == "records"]
    assert [done for done, _ in counts] == sorted(done for done, _ in counts)
    assert {total for _, total in counts} == {counts[-1][0]}


def test_what_fits_is_one_whole_batch(online: Settings) -> None:
    done = fill(online, records=100_000)
    (plan,) = done.plan.batches
    assert plan.part_of is None
    assert read_batch(online.home, done.outcomes[0].batch_id).symbols == (BTC, ETH)


def test_a_refused_batch_stays_staged_and_the_next_goes_on(online: Settings) -> None:
    done = fill(online, refused="__00001")
    assert [outcome.refused for outcome in done.outcomes[:3]] == ["", "rotten", ""]
    missing = done.outcomes[1].rows["candles"]
    assert missing > 0
    assert Lake.of(online).count("candles") == 2 * CANDLES - missing
    assert read_batch(online.home, done.outcomes[1].batch_id).rows["candles"] == missing


def test_a_venue_that_goes_away_leaves_the_rest_for_the_next_try(online: Settings) -> None:
    away = online.model_copy(update={"exchange_url": refusing_url()})
    with pytest.raises(TransientError):
        fill(away, retry=QUICK)
    whole = fill(online)
    again = fill(online)
    assert (whole.ended_before, again.ended_before) == (0, 0)
    # the whole span is asked for again, and nothing changes
    assert sum(sum(outcome.inserted.values()) for outcome in again.outcomes) == 0


def test_a_symbol_that_is_not_listed_is_named_once(online: Settings) -> None:
    done = fill(online, BTC, NOPE)
    assert list(done.failed_symbols) == [NOPE]
    assert list(done.plan.unlisted) == [NOPE]
    assert {symbol for outcome in done.outcomes for symbol in outcome.failed_symbols} <= {NOPE}
    assert Lake.of(online).count("candles") == CANDLES


def test_a_symbol_without_candles_in_any_part_is_named(online: Settings) -> None:
    done = fill(online)
    assert done.failed_symbols == {}
    only_btc = tuple(outcome.model_copy(update={"symbols": (BTC,)}) for outcome in done.outcomes)
    assert replace(done, outcomes=only_btc).failed_symbols == {
        ETH: f"The venue has no 4h candles of {ETH} in the span that was asked for."
    }
