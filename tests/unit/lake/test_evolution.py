from datetime import UTC, datetime

import pyarrow as pa
import pytest

from include.core.columns import CANDLES, MACRO, TABLES
from include.core.errors import IntegrityError
from include.lake.evolution import STEPS, changed, pending
from tests.unit.lake.older import OLD_CANDLES, OLD_MACRO
from tests.unit.lake.rows import candle, candles

NOON = datetime(2026, 1, 6, 22, tzinfo=UTC)


def test_this_version_needs_no_step() -> None:
    assert all(pending(definition, definition.schema) == () for definition in TABLES.values())


def test_candles_without_a_venue_are_those_of_the_one_venue_there_was() -> None:
    steps = pending(CANDLES, OLD_CANDLES)
    old = candles(candle(), candle(number=1, quote_volume=None)).drop_columns(["venue"])
    assert changed(CANDLES, steps, old).equals(candles(candle(), candle(number=1, quote_volume=None)))


def test_a_macro_value_without_a_vintage_is_read_as_published_when_it_was_known() -> None:
    steps = pending(MACRO, OLD_MACRO)
    day, told = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC)
    old = [
        {"series": "DGS10", "date": day, "value": 4.1, "vintage": None, "known_at": NOON},
        {"series": "DGS2", "date": day, "value": 3.9, "vintage": told, "known_at": NOON},
    ]
    new = changed(MACRO, steps, pa.Table.from_pylist(old, schema=OLD_MACRO))
    assert new["vintage"].to_pylist() == [datetime(2026, 1, 6, tzinfo=UTC), told]
    assert new["value"].to_pylist() == [4.1, 3.9]
    assert [step.is_fetched_again for step in steps] == [True]


@pytest.mark.parametrize(
    ("stored", "difference"),
    [
        (OLD_CANDLES.remove(4), "column `high` is missing"),
        (OLD_CANDLES.append(pa.field("vwap", pa.float64())), "column `vwap` is unknown"),
        (OLD_CANDLES.set(3, pa.field("open", pa.int64(), nullable=False)), "column `open` must be double, was int64"),
        (CANDLES.schema.set(4, pa.field("open", pa.float64())), "column `open` must not allow nulls"),
    ],
)
def test_any_other_difference_is_refused_and_shown(stored: pa.Schema, difference: str) -> None:
    with pytest.raises(IntegrityError, match=difference) as caught:
        pending(CANDLES, stored)
    assert "market evolve" in str(caught.value)


def test_every_step_is_of_a_table_that_exists_and_says_what_it_does() -> None:
    assert {step.table for step in STEPS} <= set(TABLES)
    assert all(len(step.what) > 20 for step in STEPS)
