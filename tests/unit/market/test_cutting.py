from itertools import pairwise

import pytest

from include.market.collect import expected_records
from include.market.cutting import cut
from include.market.plan import Job
from tests.unit.market.klines import HOURS_4, at

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
HOUR = 3_600_000


def job(symbol: str, count: int, series: str = "candles", **changes: object) -> Job:
    facts = {"series": series, "symbol": symbol, "start_ms": at(0), "end_ms": at(count - 1)} | changes
    return Job.model_validate(facts)


def cut_4h(jobs: list[Job], records: int, venue: str = "binanceusdm") -> list[list[Job]]:
    return cut(venue, "4h", [BTC, ETH], jobs, records)


def test_what_fits_stays_whole_and_goes_symbol_by_symbol() -> None:
    jobs = [job(ETH, 10), job(BTC, 10), job(ETH, 10, "mark")]
    assert cut_4h(jobs, 1_000) == [[jobs[1], jobs[0], jobs[2]]]


@pytest.mark.parametrize(("venue", "limit"), [("binanceusdm", 499), ("bybit", 1_000)])
def test_a_long_walk_is_cut_between_pages_without_a_hole(venue: str, limit: int) -> None:
    batches = cut_4h([job(BTC, 30_000)], 8 * 2 * limit, venue)
    parts = [part for batch in batches for part in batch]
    assert parts[0].start_ms == at(0)
    assert parts[-1].end_ms == at(29_999)
    assert all(after.start_ms == before.end_ms + HOURS_4 for before, after in pairwise(parts))
    assert {expected_records(venue, "4h", part) for part in parts[:-1]} == {2 * limit}
    assert {part.purpose for part in parts} == {"part"}
    # eight parts of a batch are fetched at once
    assert [len(batch) for batch in batches[:-1]] == [8] * (len(batches) - 1)


def test_no_batch_holds_more_than_it_may_and_no_record_gets_lost() -> None:
    jobs = [job(symbol, count, series) for symbol in (BTC, ETH) for count in (700, 5_000) for series in ("candles",)]
    batches = cut_4h(jobs, 4_000)
    counts = [[expected_records("binanceusdm", "4h", part) for part in batch] for batch in batches]
    assert max(map(sum, counts)) <= 4_000
    assert sum(map(sum, counts)) == 2 * 5_700


def test_fundings_are_cut_at_their_longest_interval() -> None:
    whole = job(BTC, 1, "funding_rates", start_ms=at(0) + 5, end_ms=at(0) + 5 + 20_000 * 8 * HOUR)
    parts = [part for batch in cut_4h([whole], 8_000) for part in batch]
    assert len(parts) == 21
    assert parts[0].start_ms == whole.start_ms
    assert parts[-1].end_ms == whole.end_ms
    assert all(after.start_ms == before.end_ms + 1 for before, after in pairwise(parts))


def test_only_the_part_that_holds_the_newest_stored_record_is_told_of_it() -> None:
    parts = [part for batch in cut_4h([job(BTC, 5_000, known_ms=at(600))], 4_000) for part in batch]
    assert [part.known_ms for part in parts[:3]] == [None, at(600), None]


def test_a_hole_of_the_ledger_stays_one() -> None:
    parts = [part for batch in cut_4h([job(BTC, 5_000, purpose="gap")], 4_000) for part in batch]
    assert {part.purpose for part in parts} == {"gap"}


def test_a_snapshot_is_not_cut() -> None:
    snapshot = job(BTC, 1, "snapshots")
    assert cut_4h([snapshot], 8) == [[snapshot]]


def test_nothing_to_fetch_is_one_empty_batch() -> None:
    assert cut_4h([], 100) == [[]]


def test_what_is_older_than_the_lake_is_filled_backwards_from_it() -> None:
    parts = [part for batch in cut_4h([job(BTC, 5_000, purpose="older")], 4_000) for part in batch]
    assert parts[0].end_ms == at(4_999)
    assert all(after.end_ms == before.start_ms - HOURS_4 for before, after in pairwise(parts))


def test_what_is_new_of_everybody_comes_before_what_is_older() -> None:
    jobs = [job(symbol, 100, purpose=purpose) for symbol in (BTC, ETH) for purpose in ("older", "newest")]
    (batch,) = cut_4h(jobs, 4_000)
    assert [(part.symbol, part.purpose) for part in batch] == [
        (BTC, "newest"),
        (ETH, "newest"),
        (BTC, "older"),
        (ETH, "older"),
    ]
