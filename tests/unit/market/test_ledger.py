from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.columns import TABLES
from include.lake.lake import Lake
from include.market.outages import Outage
from include.market.publish import publish
from include.market.staging import RefetchedGap, batch_folder
from tests.unit.lake.rows import FOUR_HOURS, START, candle
from tests.unit.market.batches import LEAVES_ETH_OUT, NOW, seal, stage, stage_sealed

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LATER = NOW + timedelta(hours=8)


def at(number: int) -> datetime:
    return START + number * FOUR_HOURS


def numbers(*numbers: int, symbol: str = BTC) -> list[dict[str, object]]:
    return [candle(symbol, number) for number in numbers]


def asked(first: int, last: int, symbol: str = BTC) -> RefetchedGap:
    return RefetchedGap(
        source="candles", subject=symbol, timeframe="4h", first_missing=at(first), last_missing=at(last)
    )


def holes(settings: Settings) -> list[tuple[str, int, int, int, str, int]]:
    rows = Lake(settings.home.lake).read_arrow("gaps").to_pylist()
    return [
        (
            row["subject"],
            round((row["first_missing"] - START) / FOUR_HOURS),
            round((row["last_missing"] - START) / FOUR_HOURS),
            row["missing_count"],
            row["status"],
            row["attempts"],
        )
        for row in rows
    ]


def published(settings: Settings, batch_id: str, *rows: dict[str, object], **more: Any) -> None:
    stage_sealed(settings, batch_id, *rows, **more)
    publish(settings, batch_id)


def test_missing_candles_are_written_down_exactly(settings: Settings) -> None:
    published(settings, "b1", *numbers(0, 1, 4, 5, 7), *numbers(0, 1, 2, symbol=ETH))
    assert holes(settings) == [(BTC, 2, 3, 2, "open", 0), (BTC, 6, 6, 1, "open", 0)]
    (row, _) = Lake(settings.home.lake).read_arrow("gaps").to_pylist()
    assert (row["found_at"], row["tried_at"], row["reason"]) == (NOW, None, "The venue did not deliver them.")


def test_a_lake_without_a_hole_has_no_row(settings: Settings) -> None:
    published(settings, "b1", *numbers(0, 1, 2))
    assert Lake(settings.home.lake).version("gaps") is None


@pytest.mark.parametrize("stored", [range(20), [0]])
def test_a_hole_between_what_is_stored_and_what_comes_is_seen(settings: Settings, stored: Any) -> None:
    published(settings, "b1", *numbers(*stored))
    published(settings, "b2", *numbers(25, 26), market_now=LATER)
    first = max(stored) + 1
    assert holes(settings) == [(BTC, first, 24, 25 - first, "open", 0)]


def test_a_hole_that_was_asked_for_in_vain_counts_its_attempts_once_each(settings: Settings) -> None:
    published(settings, "b1", *numbers(0, 1, 4, 5))
    published(settings, "b2", *numbers(5, 6), market_now=LATER, refetched=(asked(2, 3),))
    assert holes(settings) == [(BTC, 2, 3, 2, "open", 1)]
    (row,) = Lake(settings.home.lake).read_arrow("gaps").to_pylist()
    assert (row["found_at"], row["tried_at"]) == (NOW, LATER)
    (batch_folder(settings.home, "b2") / "published.json").unlink()
    publish(settings, "b2")
    assert holes(settings) == [(BTC, 2, 3, 2, "open", 1)]


def test_a_hole_that_was_delivered_is_filled_and_stays_on_record(settings: Settings) -> None:
    published(settings, "b1", *numbers(0, 1, 4, 5))
    published(settings, "b2", *numbers(2, 3, 6), market_now=LATER, refetched=(asked(2, 3),))
    assert holes(settings) == [(BTC, 2, 3, 2, "filled", 1)]


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ([3], [(BTC, 1, 2, 2, "open", 1)]),
        ([1], [(BTC, 1, 3, 3, "filled", 1), (BTC, 2, 3, 2, "open", 1)]),
        ([2], [(BTC, 1, 1, 1, "open", 1), (BTC, 3, 3, 1, "open", 1)]),
    ],
)
def test_a_hole_that_was_delivered_in_part_leaves_the_rest(settings: Settings, came: list[int], expected: Any) -> None:
    published(settings, "b1", *numbers(0, 4))
    published(settings, "b2", *numbers(*came, 5), market_now=LATER, refetched=(asked(1, 3),))
    assert holes(settings) == expected


def test_a_hole_into_which_a_batch_falls_without_asking_for_it_is_looked_at_whole(settings: Settings) -> None:
    published(settings, "b1", *numbers(0, 4))
    published(settings, "b2", *numbers(2, 3, 4), market_now=LATER)
    assert holes(settings) == [(BTC, 1, 1, 1, "open", 0)]


def test_holes_that_a_batch_does_not_touch_stay_as_they_are(settings: Settings) -> None:
    published(settings, "b1", *numbers(0, 2, 3, 4), *numbers(0, 2, symbol=ETH))
    published(settings, "b2", *numbers(4, 5), market_now=LATER)
    assert holes(settings) == [(BTC, 1, 1, 1, "open", 0), (ETH, 1, 1, 1, "open", 0)]


def test_a_symbol_that_is_left_out_is_not_judged(settings: Settings) -> None:
    stage(settings, "b1", *numbers(0, 1), *numbers(0, 5, symbol=ETH))
    seal(settings.home, "b1", LEAVES_ETH_OUT)
    publish(settings, "b1")
    assert holes(settings) == []


def test_outages_are_written_down_once(settings: Settings) -> None:
    outage = Outage(
        source="binanceusdm",
        kind="maintenance",
        began_at=NOW,
        ended_at=NOW + timedelta(seconds=5),
        failures_count=2,
        detail="closed",
    )
    published(settings, "b1", *numbers(0), outages=(outage,))
    (batch_folder(settings.home, "b1") / "published.json").unlink()
    publish(settings, "b1")
    stored = Lake(settings.home.lake).read_arrow("outages")
    assert stored.schema == TABLES["outages"].schema
    assert stored.to_pylist() == pa.Table.from_pylist([outage.model_dump()], schema=stored.schema).to_pylist()
