import random
from typing import Any

import pytest

from include.sandbox.faults.plan import Rule
from include.sandbox.faults.rows import rows_of, spoil, time_of

HOURS_4, DAY = 14_400_000, 86_400_000


def klines(count: int = 6) -> list[list[Any]]:
    return [
        [
            n * HOURS_4,
            "100.0",
            "110.0",
            "90.0",
            "105.0",
            "7.5",
            (n + 1) * HOURS_4 - 1,
            "770.25",
            12,
            "3.5",
            "360.5",
            "0",
        ]
        for n in range(count)
    ]


def fundings(count: int = 4) -> list[dict[str, Any]]:
    return [{"symbol": "AUSDT", "fundingTime": n, "fundingRate": "0.0001", "markPrice": "100"} for n in range(count)]


def spoiled(page: list[Any], fault: str, **options: Any) -> Any:
    return spoil(Rule(fault=fault, **options), page, random.Random(3))


def changed(rows: list[Any], before: list[Any]) -> list[int]:
    return [place for place, row in enumerate(rows) if row != before[place]]


@pytest.mark.parametrize(
    "document",
    [
        [1],
        {"result": {"list": [1]}},
        {"data": [1]},
        {"observations": [1]},
        {"rateLimits": [], "symbols": [1]},
    ],
)
def test_the_rows_of_every_source_are_found(document: Any) -> None:
    assert rows_of(document) == [1]


@pytest.mark.parametrize("document", [{}, {"serverTime": 1}, None, 3, {"result": {}}])
def test_what_holds_no_rows_has_none(document: Any) -> None:
    assert rows_of(document) is None


def test_the_time_of_a_row_is_told_as_the_source_tells_it() -> None:
    assert time_of(["86400000", "1"]) == 86_400_000
    assert time_of({"fundingRateTimestamp": "7"}) == 7
    assert time_of({"date": "2026-01-02"}) == "2026-01-02"
    assert [time_of(row) for row in ([], {}, None, "text")] == [None] * 4


def test_an_empty_page_has_no_rows() -> None:
    rows = klines()
    assert spoiled(rows, "empty_page") == {"rows": 6}
    assert rows == []


def test_a_stuck_page_tells_of_long_ago() -> None:
    rows, told = klines(), fundings()
    assert spoiled(rows, "stuck") == {"rows": 6}
    assert [[row[0] + 1_000 * DAY, *row[1:6], row[6] + 1_000 * DAY, *row[7:]] for row in rows] == klines()
    spoiled(told, "stuck")
    assert [row | {"fundingTime": row["fundingTime"] + 1_000 * DAY} for row in told] == fundings()
    assert spoiled([{"date": "2026-01-02", "value": "1"}], "stuck") is None


def test_rows_come_twice() -> None:
    rows = klines()
    times = spoiled(rows, "duplicates", rows=2)["times"]
    assert len(rows) == 8
    assert [row[0] for row in rows] == sorted([*(row[0] for row in klines()), *times])
    assert [row for row in rows if rows.count(row) == 2] == [row for row in klines() if row[0] in times for _ in "12"]


def test_a_conflicting_row_has_the_time_but_not_the_content_of_another() -> None:
    rows = klines()
    (time,) = spoiled(rows, "conflicts")["times"]
    first, second = [row for row in rows if row[0] == time]
    assert first != second
    assert changed(second, first) == [4]


def test_rows_come_in_disorder() -> None:
    rows = klines()
    assert spoiled(rows, "disorder") == {"rows": 6}
    assert rows != klines()
    assert sorted(rows) == klines()


def test_rows_are_left_out_and_named_but_never_the_newest() -> None:
    rows = klines()
    times = spoiled(rows, "deleted", rows=2)["times"]
    assert [row for row in klines() if row[0] not in times] == rows
    assert len(rows) == 4
    assert rows[-1] == klines()[-1]


def test_a_span_is_left_out_whole() -> None:
    rows = klines()
    assert spoiled(rows, "deleted", first_ms=HOURS_4, last_ms=3 * HOURS_4)["times"] == [HOURS_4 * n for n in (1, 2, 3)]
    assert [row[0] for row in rows] == [0, 4 * HOURS_4, 5 * HOURS_4]
    assert spoiled(rows, "deleted", first_ms=HOURS_4, last_ms=3 * HOURS_4) is None


@pytest.mark.parametrize(
    ("fault", "place", "text"), [("nan", 4, "NaN"), ("infinite", 2, "Infinity"), ("negative", 3, "-1")]
)
def test_a_cell_becomes_what_no_price_is(fault: str, place: int, text: str) -> None:
    rows = klines()
    (time,) = spoiled(rows, fault)["times"]
    (row,) = [row for row in rows if row[0] == time]
    assert row[place] == text
    assert changed(rows, klines()) == [time // HOURS_4]


def test_a_revised_candle_is_still_a_candle() -> None:
    rows = klines()
    (time,) = spoiled(rows, "revised")["times"]
    row = rows[time // HOURS_4]
    assert (row[1:4], row[4]) == (["100.0", "110.0", "90.0"], "110.0")


def test_a_candle_without_movement_is_revised_in_its_volume() -> None:
    rows = [[n, "1", "1", "1", "1", "7.5", "0"] for n in range(2)]
    spoiled(rows, "revised")
    assert rows[0] == [0, "1", "1", "1", "1", "7.575", "0"]


@pytest.mark.parametrize(("fault", "text"), [("nan", "NaN"), ("negative", "-1"), ("revised", "0.000101")])
def test_records_that_are_objects_are_spoiled_in_their_number(fault: str, text: str) -> None:
    rows = fundings()
    (time,) = spoiled(rows, fault)["times"]
    assert rows[time] == fundings()[time] | {"fundingRate": text}


def test_a_spike_lifts_all_prices_and_what_was_paid() -> None:
    rows = klines()
    (time,) = spoiled(rows, "spike")["times"]
    row = rows[time // HOURS_4]
    assert [float(row[place]) for place in (1, 2, 3, 4, 7, 10)] == [1000, 1100, 900, 1050, 7702.5, 3605]
    assert row[5:7] == klines()[time // HOURS_4][5:7]


@pytest.mark.parametrize("rows", [[], [{"symbol": "AUSDT", "status": "TRADING"}], ["text"]])
def test_what_are_no_records_is_left_alone(rows: list[Any]) -> None:
    assert spoiled(rows, "nan") is None


def test_a_page_of_one_row_is_spoiled_too() -> None:
    rows = klines(1)
    assert spoiled(rows, "nan", rows=5) == {"times": [0]}
