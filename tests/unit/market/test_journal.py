import os
import time
from pathlib import Path

import pyarrow as pa
import pytest

from include.core.columns import CANDLES
from include.core.errors import AlreadyRunningError
from include.market.journal import Journal
from include.market.pager import Page
from include.market.quarantine import Refused
from tests.unit.lake.rows import candle, candles

PLAN = {"request": {"symbols": ["BTC/USDT:USDT"]}, "jobs": []}


def page(next_ms: int | None = 5) -> Page:
    refused = (Refused("candles", "BTC/USDT:USDT", "shape", ["a", None, 1.5], "klines {}"),)
    return Page(candles(candle()), refused, 4, next_ms)


def begun(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "pages" / "b1")
    journal.begin(PLAN)
    return journal


def test_a_page_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    begun(tmp_path).keep(3, 0, page())
    (found,) = Journal(tmp_path / "pages" / "b1").pages(3)
    assert found == page()
    assert found.rows.schema.equals(CANDLES.schema, check_metadata=True)


def test_pages_come_back_in_order_and_by_job(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    for number in range(12):
        journal.keep(0, number, page(number))
    journal.keep(1, 0, page(None))
    assert [found.next_ms for found in journal.pages(0)] == list(range(12))
    assert [found.next_ms for found in journal.pages(1)] == [None]
    assert journal.pages(2) == []


def test_an_empty_page_is_one_too(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.keep(0, 0, Page(CANDLES.schema.empty_table(), (), None, None))
    (found,) = journal.pages(0)
    assert (found.rows.num_rows, found.reached_ms, found.next_ms) == (0, None, None)


def test_a_page_that_cannot_be_read_and_those_after_it_are_not_there(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    for number in range(3):
        journal.keep(0, number, page(number))
    (tmp_path / "pages" / "b1" / "00000-000001.arrow").write_bytes(b"")
    assert [found.next_ms for found in journal.pages(0)] == [0]


def test_a_page_that_was_not_whole_when_its_writer_died_is_not_there(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    (tmp_path / "pages" / "b1" / "00000-000000.tmp").write_bytes(b"half")
    assert journal.pages(0) == []


def test_the_plan_comes_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    assert journal.plan() == PLAN
    (tmp_path / "pages" / "b1" / "plan.json").write_text("{")
    assert journal.plan() is None
    assert Journal(tmp_path / "pages" / "b2").plan() is None


def test_beginning_anew_throws_the_old_pages_away(tmp_path: Path) -> None:
    begun(tmp_path).keep(0, 0, page())
    assert begun(tmp_path).pages(0) == []


def test_removing_leaves_nothing_and_can_be_done_twice(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.remove()
    journal.remove()
    assert list((tmp_path / "pages").iterdir()) == []


def test_a_journal_that_nobody_went_on_with_for_a_week_is_forgotten(tmp_path: Path) -> None:
    begun(tmp_path)
    old = time.time() - 8 * 86_400
    os.utime(tmp_path / "pages" / "b1", (old, old))
    Journal(tmp_path / "pages" / "b2").begin(PLAN)
    assert sorted(folder.name for folder in (tmp_path / "pages").iterdir()) == ["b2"]


def test_a_second_writer_is_refused_while_the_first_one_lives(tmp_path: Path) -> None:
    refused = pytest.raises(AlreadyRunningError, match=r"fetches b1 already")
    with begun(tmp_path).held(), refused, Journal(tmp_path / "pages" / "b1").held():
        pass
    with Journal(tmp_path / "pages" / "b1").held():
        pass


def test_types_of_every_column_survive(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    rows = pa.concat_tables([candles(candle()), candles(candle())])
    journal.keep(0, 0, Page(rows, (), 1, None))
    assert journal.pages(0)[0].rows.equals(rows)
