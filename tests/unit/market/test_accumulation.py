from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.clock import to_ms
from include.core.columns import OPEN_INTEREST, TAKER_RATIO
from include.lake.lake import Lake
from include.market.accumulation import collect_from, coverage_map, split_lost, write_lost
from include.market.gaps import Gap

HOURS_4 = 14_400_000
DAY = 86_400_000
NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
NOW_MS = to_ms(NOW)


def test_the_first_run_asks_for_all_that_the_venue_keeps() -> None:
    # the edge itself, 30 January 10:00, is gone when the request arrives; 12:00 is the next on the grid
    found = collect_from("binanceusdm", "open_interest", HOURS_4, None, NOW_MS)
    assert found == to_ms(datetime(2026, 1, 30, 12, 0, tzinfo=UTC))


def test_a_record_that_leaves_the_window_while_the_request_travels_is_not_asked_for() -> None:
    five_minutes_before_noon = to_ms(datetime(2026, 3, 1, 11, 55, tzinfo=UTC))
    found = collect_from("binanceusdm", "open_interest", HOURS_4, None, five_minutes_before_noon)
    assert found == to_ms(datetime(2026, 1, 30, 16, 0, tzinfo=UTC))


def test_a_later_run_asks_from_the_newest_record_with_an_overlap() -> None:
    newest = to_ms(datetime(2026, 3, 1, 4, 0, tzinfo=UTC))
    found = collect_from("binanceusdm", "open_interest", HOURS_4, newest, NOW_MS)
    assert found == newest - 2 * HOURS_4


def test_a_run_after_too_long_asks_for_nothing_that_is_gone() -> None:
    newest = to_ms(datetime(2025, 12, 1, tzinfo=UTC))
    found = collect_from("binanceusdm", "open_interest", HOURS_4, newest, NOW_MS)
    assert found == to_ms(datetime(2026, 1, 30, 12, 0, tzinfo=UTC))


def test_a_venue_that_keeps_everything_is_asked_from_the_newest_record_or_from_the_listing() -> None:
    assert collect_from("bybit", "open_interest", HOURS_4, None, NOW_MS) is None
    assert collect_from("bybit", "open_interest", HOURS_4, HOURS_4 * 100, NOW_MS) == HOURS_4 * 98


def hours(*numbers: int) -> list[datetime]:
    return [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in numbers]


@pytest.mark.parametrize(
    ("kept_hour", "lost", "left"),
    [
        (0, None, (4, 12, 3)),
        (4, None, (4, 12, 3)),
        (5, (4, 4, 1), (8, 12, 2)),
        (12, (4, 8, 2), (12, 12, 1)),
        (13, (4, 12, 3), None),
    ],
)
def test_a_gap_is_lost_before_the_edge_and_open_after_it(
    kept_hour: int, lost: tuple[int, int, int] | None, left: tuple[int, int, int] | None
) -> None:
    def gap(told: tuple[int, int, int] | None) -> Gap | None:
        return None if told is None else Gap(*hours(*told[:2]), told[2])

    whole = Gap(*hours(4, 12), 3)
    assert split_lost(whole, HOURS_4, to_ms(hours(kept_hour)[0])) == (gap(lost), gap(left))
    assert split_lost(whole, HOURS_4, None) == (None, whole)


def interest(symbol: str, *times: datetime) -> pa.Table:
    rows = [
        {
            "venue": "binanceusdm",
            "symbol": symbol,
            "timeframe": "4h",
            "timestamp": time,
            "open_interest": 1.0,
            "open_interest_value": None,
            "known_at": time,
        }
        for time in times
    ]
    return pa.Table.from_pylist(rows, schema=OPEN_INTEREST.schema)


def test_the_coverage_map_counts_from_the_first_record_to_now(settings: Settings) -> None:
    lake = Lake(settings.home.lake)
    # 12 January is 48 days before now, 24 February 5: of the gap between them the older part is lost
    first, second, last = (datetime(2026, *day, tzinfo=UTC) for day in ((1, 12), (2, 24), (3, 1, 8)))
    between = [second + timedelta(hours=4 * n) for n in range(1, 32)]
    lake.merge("open_interest", interest("BTC/USDT:USDT", first, second, *between, last))
    lake.merge("open_interest", interest("ETH/USDT:USDT", last - timedelta(hours=4)))
    btc, eth = coverage_map(lake, NOW)
    assert (btc.table, btc.venue, btc.symbol, btc.timeframe) == (
        "open_interest",
        "binanceusdm",
        "BTC/USDT:USDT",
        "4h",
    )
    assert (btc.first, btc.last) == (first, last)
    assert btc.expected_count == 48 * 6 + 3
    assert btc.present_count == 34
    edge = datetime(2026, 1, 30, 12, tzinfo=UTC)
    assert [(gap.first, gap.last) for gap in btc.gaps] == [
        (first + timedelta(hours=4), edge - timedelta(hours=4)),
        (edge, second - timedelta(hours=4)),
    ]
    assert btc.lost_count == btc.gaps[0].count == 18 * 6 + 2
    assert btc.expected_count == btc.present_count + sum(gap.count for gap in btc.gaps)
    assert btc.share == pytest.approx(34 / 291)
    # the newest record is late: one is missing, and can still be had
    assert (eth.expected_count, eth.present_count, eth.lost_count) == (2, 1, 0)
    assert eth.gaps == (Gap(last, last, 1),)


def test_what_the_venue_no_longer_keeps_is_written_down_as_lost(settings: Settings) -> None:
    lake = Lake(settings.home.lake)
    first, second = datetime(2026, 1, 12, tzinfo=UTC), datetime(2026, 2, 24, tzinfo=UTC)
    lake.merge("open_interest", interest("BTC/USDT:USDT", first, second))
    write_lost(lake, "binanceusdm", "1h", NOW)
    assert lake.count("gaps") == 0
    write_lost(lake, "binanceusdm", "4h", NOW)
    (row,) = lake.read_arrow("gaps").to_pylist()
    assert (row["source"], row["subject"], row["status"]) == ("open_interest", "BTC/USDT:USDT", "lost")
    assert row["reason"].startswith("It cannot be back-filled: the venue keeps 30 days")
    assert (row["first_missing"], row["missing_count"]) == (first + timedelta(hours=4), 18 * 6 + 2)
    version = lake.version("gaps")
    write_lost(lake, "binanceusdm", "4h", NOW)
    assert lake.version("gaps") == version
    # a day later more of it is lost
    write_lost(lake, "binanceusdm", "4h", NOW + timedelta(days=1))
    (later,) = lake.read_arrow("gaps").to_pylist()
    assert later["missing_count"] == row["missing_count"] + 6
    assert later["found_at"] == row["found_at"] == NOW


def test_what_takers_trade_now_is_not_expected_yet(settings: Settings) -> None:
    time = datetime(2026, 3, 1, 4, tzinfo=UTC)
    row = {
        "venue": "binanceusdm",
        "symbol": "BTC/USDT:USDT",
        "timeframe": "4h",
        "timestamp": time,
        "taker_ratio": 1.0,
        "taker_buy_volume": 1.0,
        "taker_sell_volume": 1.0,
        "known_at": time + timedelta(hours=4),
    }
    lake = Lake(settings.home.lake)
    lake.merge("taker_ratio", pa.Table.from_pylist([row], schema=TAKER_RATIO.schema))
    assert [(found.expected_count, found.gaps) for found in coverage_map(lake, NOW)] == [(1, ())]
