from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from include.config.settings import Settings
from include.core.clock import to_ms
from include.core.columns import FEAR_GREED, FUNDING_RATES, MACRO
from include.lake.lake import Lake
from include.market.plan import Plan, make_plan
from tests.unit.lake.rows import candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
NOW = datetime(2026, 1, 3, 9, 30, tzinfo=UTC)
LAST_CLOSED = to_ms(datetime(2026, 1, 3, 4, tzinfo=UTC))
HOURS_4 = 4 * 3_600_000


def plan_of(
    settings: Settings, count: int | None = 100, start: datetime | None = None, end: datetime | None = None
) -> Plan:
    return make_plan(Lake(settings.home.lake), "binanceusdm", "4h", NOW, count, start, end)


def test_where_nothing_is_stored_the_last_candles_are_wanted(settings: Settings) -> None:
    plan = plan_of(settings, count=100)
    assert plan.end_ms == LAST_CLOSED
    assert plan.candles_from(BTC, None) == LAST_CLOSED - 99 * HOURS_4
    assert plan.fundings_from(BTC, None) == LAST_CLOSED - 99 * HOURS_4


def test_without_a_number_everything_since_the_listing_is_wanted(settings: Settings) -> None:
    plan = plan_of(settings, count=None)
    assert plan.candles_from(BTC, 1_600_000_000_000) == 1_600_000_000_000
    assert plan.candles_from(BTC, None) == to_ms(datetime(2019, 9, 1, tzinfo=UTC))


def test_nothing_before_the_listing_is_asked_for(settings: Settings) -> None:
    listed = LAST_CLOSED - 5 * HOURS_4
    assert plan_of(settings, count=100).candles_from(BTC, listed) == listed


def test_a_stored_symbol_goes_on_with_its_last_three_candles_and_a_new_one_begins(settings: Settings) -> None:
    Lake(settings.home.lake).merge("candles", candles(candle(number=7), candle(number=8), candle(timeframe="1h")))
    plan = plan_of(settings, count=4)
    assert plan.candles_from(BTC, None) == to_ms(datetime(2026, 1, 2, 0, tzinfo=UTC))
    assert plan.candles_from(ETH, None) == LAST_CLOSED - 3 * HOURS_4


def test_a_lake_ahead_of_the_exchanges_clock_still_gets_its_overlap(settings: Settings) -> None:
    Lake(settings.home.lake).merge("candles", candles(candle(number=500)))
    assert plan_of(settings).candles_from(BTC, None) == LAST_CLOSED - 2 * HOURS_4


def test_what_is_wanted_before_the_oldest_record_is_asked_for_once(settings: Settings) -> None:
    plan = Plan("4h", None, 100 * HOURS_4, 10 * HOURS_4, {BTC: 90 * HOURS_4}, {}, {}, None, {BTC: 40 * HOURS_4}, {})
    assert plan.candles_before(BTC, 0) == (10 * HOURS_4, 39 * HOURS_4)
    assert plan.candles_before(BTC, 20 * HOURS_4) == (20 * HOURS_4, 39 * HOURS_4)
    assert plan.candles_before(BTC, 40 * HOURS_4) is None
    assert plan.candles_before("ETH/USDT:USDT", 0) is None
    assert replace(plan, window_start_ms=40 * HOURS_4).candles_before(BTC, 0) is None
    assert replace(plan, start_ms=0).candles_before(BTC, 0) is None


def test_an_explicit_window_is_taken_whatever_is_stored(settings: Settings) -> None:
    Lake(settings.home.lake).merge("candles", candles(candle(number=8)))
    start, end = datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 12, 2, tzinfo=UTC)
    plan = plan_of(settings, start=start, end=end)
    assert plan.candles_from(BTC, None) == to_ms(start)
    assert plan.fundings_from(BTC, None) == to_ms(start)
    # the last candle that closes at the end opens four hours before it
    assert plan.end_ms == to_ms(end) - HOURS_4


def test_an_end_in_the_future_is_the_exchanges_clock(settings: Settings) -> None:
    assert plan_of(settings, end=NOW + timedelta(days=30)).end_ms == LAST_CLOSED


def test_fundings_go_on_a_day_before_the_newest_and_series_with_their_own(settings: Settings) -> None:
    lake, day = Lake(settings.home.lake), datetime(2026, 1, 2, tzinfo=UTC)
    funding = {
        "venue": "binanceusdm",
        "symbol": BTC,
        "funding_time": day,
        "funding_rate": 0.0,
        "mark_price": None,
        "known_at": day,
    }
    lake.merge("funding_rates", pa.Table.from_pylist([funding], schema=FUNDING_RATES.schema))
    mood = [
        {"timestamp": day - timedelta(days=n), "value": 9, "classification": word, "known_at": day}
        for n, word in enumerate(["Fear", "Greed"])
    ]
    lake.merge("fear_greed", pa.Table.from_pylist(mood, schema=FEAR_GREED.schema))
    published = day + timedelta(days=1)
    macro = {"series": "DGS10", "date": day, "vintage": published, "value": 4.0, "known_at": published}
    lake.merge("macro", pa.Table.from_pylist([macro], schema=MACRO.schema))
    plan = plan_of(settings)
    assert plan.fundings_from(BTC, None) == to_ms(datetime(2026, 1, 1, tzinfo=UTC))
    assert plan.fear_greed_ms == to_ms(day)
    assert plan.macro == {"DGS10": to_ms(published)}
