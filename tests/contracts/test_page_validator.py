"""The page validator by property: no bad row of any series of any venue gets in, no good one is lost."""

import math
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from include.core.columns import table
from include.market.endpoints import endpoint, series_of
from include.market.errors import PageError
from include.market.pages import CheckedPage
from tests.support.venue_pages import (
    MARKET,
    NOT_FINITE,
    NOT_NUMBERS,
    NOW,
    SPELLINGS,
    TIMEFRAME,
    asked,
    damaged,
    good_pages,
    reasons,
)

FEW, MANY = 150, 10_000
NAMES = st.sampled_from(sorted(SPELLINGS))


def examples(count: int) -> Any:
    return settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def checked(name: tuple[str, str], rows: Any) -> CheckedPage:
    return endpoint(*name, MARKET, TIMEFRAME).check(rows, asked())


def test_every_series_of_every_venue_is_spelled_here() -> None:
    assert set(SPELLINGS) == {(venue, name) for venue in ("binanceusdm", "bybit") for name in series_of(venue)}


def accepts_a_good_page(data: st.DataObject) -> None:
    name = data.draw(NAMES)
    page = data.draw(good_pages(SPELLINGS[name]))
    again = data.draw(st.lists(st.sampled_from(page), max_size=2))
    found = checked(name, [deepcopy(row) for _, _, row in page + again])
    assert found.refused == ()
    ordered = sorted(page, key=lambda record: record[0])
    definition = table(endpoint(*name, MARKET, TIMEFRAME).source)
    assert found.rows.schema.equals(definition.schema)
    assert found.rows[definition.time_column].cast("int64").to_pylist() == [time for time, _, _ in ordered]
    for column in found.rows.column_names:
        told = [numbers.get(column) for _, numbers, _ in ordered]
        if column in ordered[0][1] and column in SPELLINGS[name].places:
            assert found.rows[column].to_pylist() == [float(number) for number in told if number]
    assert found.newest_ms == ordered[-1][0]
    assert found.count == len(page) + len(again)


def rejects_a_bad_page(data: st.DataObject, name: tuple[str, str], possible: list[str]) -> None:
    spelling = SPELLINGS[name]
    page = data.draw(good_pages(spelling))
    is_bad = data.draw(st.lists(st.booleans(), min_size=len(page), max_size=len(page)).filter(any))
    rows, refused = [], []
    for (time, _, row), bad in zip(page, is_bad, strict=True):
        told = row
        if bad:
            reason = data.draw(st.sampled_from(possible))
            told = data.draw(damaged(spelling, time, row, reason))
            refused.append((reason, repr(told)))
        rows.append(told)
    found = checked(name, rows)
    assert Counter((reason, repr(row)) for reason, row in found.refused) == Counter(refused)
    times = sorted(time for (time, _, _), bad in zip(page, is_bad, strict=True) if not bad)
    assert found.rows[table(endpoint(*name, MARKET, TIMEFRAME).source).time_column].cast("int64").to_pylist() == times


@examples(FEW)
@given(st.data())
def test_good_pages_are_accepted_whole(data: st.DataObject) -> None:
    accepts_a_good_page(data)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param(name, reason, id=f"{'-'.join(name)}-{reason}")
        for name in SPELLINGS
        for reason in reasons(SPELLINGS[name])
    ],
)
@examples(5)
@given(data=st.data())
def test_every_bad_row_is_refused_for_its_reason_and_every_other_row_is_kept(
    name: tuple[str, str], reason: str, data: st.DataObject
) -> None:
    rejects_a_bad_page(data, name, [reason])


@pytest.mark.slow
@examples(MANY)
@given(st.data())
def test_ten_thousand_good_pages_are_accepted_whole(data: st.DataObject) -> None:
    accepts_a_good_page(data)


@pytest.mark.slow
@examples(MANY)
@given(st.data())
def test_every_bad_row_of_ten_thousand_pages_is_refused_for_its_reason(data: st.DataObject) -> None:
    name = data.draw(NAMES)
    rejects_a_bad_page(data, name, reasons(SPELLINGS[name]))


@examples(FEW)
@given(st.data())
def test_rows_of_one_time_that_contradict_each_other_are_all_refused(data: st.DataObject) -> None:
    name = data.draw(NAMES)
    spelling = SPELLINGS[name]
    page = data.draw(good_pages(spelling))
    time, numbers, row = data.draw(st.sampled_from(page))
    other = data.draw(spelling.numbers)
    assume(any(float(other[column]) != float(numbers[column]) for column in spelling.places))
    rival = spelling.spell(time, other)
    found = checked(name, [*(spelled for _, _, spelled in page), rival])
    assert Counter((reason, repr(bad)) for reason, bad in found.refused) == Counter(
        ("conflicting_duplicate", repr(bad)) for bad in (row, rival)
    )
    assert found.rows.num_rows == len(page) - 1


CELLS = st.one_of(
    st.sampled_from([*NOT_NUMBERS, *NOT_FINITE, None, "0", "-1", 0, -1, NOW, str(NOW), 2**53, -(2**70), "9" * 400]),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
)


@examples(FEW)
@given(st.data())
def test_whatever_stands_in_the_cells_only_sound_records_get_in(data: st.DataObject) -> None:
    name = data.draw(NAMES)
    page = [row for _, _, row in data.draw(good_pages(SPELLINGS[name]))]
    for row in page:
        keys = list(range(len(row))) if isinstance(row, list) else list(row)
        for key in data.draw(st.lists(st.sampled_from(keys), max_size=3)):
            row[key] = data.draw(CELLS)
    found = checked(name, page)
    assert len(found.refused) + found.rows.num_rows <= len(page)
    required = [c.name for c in table(endpoint(*name, MARKET, TIMEFRAME).source).columns if not c.nullable]
    for record in found.rows.to_pylist():
        numbers = [value for value in record.values() if isinstance(value, float)]
        assert all(math.isfinite(number) for number in numbers)
        assert all(record[column] is not None for column in required)
        if "high" in record:
            assert record["low"] <= min(record["open"], record["close"])
            assert record["high"] >= max(record["open"], record["close"])


@examples(FEW)
@given(NAMES, st.one_of(st.none(), st.text(), st.integers(), st.dictionaries(st.text(), st.integers())))
def test_a_page_that_is_no_list_is_an_error_that_carries_it(name: tuple[str, str], page: Any) -> None:
    with pytest.raises(PageError, match="must be a list") as raised:
        checked(name, page)
    assert raised.value.payload == page
