from datetime import timedelta

import numpy as np

from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.columns import TABLES
from include.lake.lake import Lake
from include.validation.lake_report import validate_lake
from tests.unit.lake.rows import FOUR_HOURS, START, candle, candles
from tests.unit.validation.series import walk
from tests.unit.validation.test_duplicates import mood, stored_twice

BTC = "BTC/USDT:USDT"
CLOSES = np.clip(walk(100), 91, 109)


def moving(symbol: str = BTC, **changes: object) -> list[dict[str, object]]:
    return [candle(symbol, n, close=close, volume=7.0 + n, **changes) for n, close in enumerate(CLOSES)]


def named(report: CheckReport, name: str) -> CheckResult:
    return next(result for result in report.results if result.name == name)


def test_a_good_lake_passes_every_check_and_each_is_made_once(settings: Settings) -> None:
    Lake.of(settings).merge("candles", candles(*moving()))
    report = validate_lake(settings, START + 100 * FOUR_HOURS)
    assert report.failures == ()
    names = [result.name for result in report.results]
    assert len(names) == len(set(names))
    assert {
        "exchange_clock", "schema_candles", "duplicate_records", "missing_candles", "duplicate_candles", "frozen_feed",
        "frozen_candles", "spikes", "timeframe_disagreements", "timeframe_mismatch", "venue_distances",
        "venue_mismatch", "unclosed_candles", "stale_series", "constant_series", "neutral_series", "macro_revisions",
    } == set(names)  # fmt: skip


def test_an_empty_lake_has_nothing_wrong(settings: Settings) -> None:
    assert validate_lake(settings, START).failures == ()


def test_what_stands_in_the_lake_is_found_wherever_it_stands(settings: Settings) -> None:
    lake = Lake.of(settings)
    rows = moving()
    rows[30] |= {"high": 10_000.0, "close": 9_000.0}
    rows[60:63] = [rows[59] | {"open_time": r["open_time"], "known_at": r["known_at"]} for r in rows[60:63]]
    lake.merge("candles", candles(*rows[:80], *rows[82:]))
    report = validate_lake(settings, START + 100 * FOUR_HOURS - timedelta(minutes=1))
    assert report.passed
    assert report.excluded == {BTC: ("unclosed_candles",)}
    found = {failure.name: failure.observed for failure in report.failures}
    assert found == {"spikes": 1, "frozen_candles": 3, "missing_candles": 2, "unclosed_candles": 1}


def test_a_record_that_is_stored_twice_fails_the_lake(settings: Settings) -> None:
    stored_twice(Lake.of(settings), "fear_greed", mood(10, 20))
    report = validate_lake(settings, START)
    assert not report.passed
    assert named(report, "duplicate_records").severity is Severity.CRITICAL


def test_filled_in_and_revised_series_are_named(settings: Settings) -> None:
    lake = Lake.of(settings)
    lake.merge("fear_greed", mood(20, *[50] * 9, 30))
    day = {"series": "DGS10", "date": START, "vintage": START, "value": 4.0, "known_at": START + FOUR_HOURS}
    later = {**day, "vintage": START + 6 * FOUR_HOURS, "value": 4.1, "known_at": START + 7 * FOUR_HOURS}
    lake.merge("macro", type(mood()).from_pylist([day, later], schema=TABLES["macro"].schema))
    report = validate_lake(settings, START)
    assert named(report, "neutral_series").subjects == ("fear_greed",)
    assert named(report, "macro_revisions").subjects == ("macro DGS10",)


def test_without_the_exchanges_clock_nothing_is_said_of_open_or_late_candles(settings: Settings) -> None:
    Lake.of(settings).merge("candles", candles(*moving()))
    report = validate_lake(settings, None, "it did not answer.")
    clock = named(report, "exchange_clock")
    assert (clock.passed, clock.observed, clock.severity) == (False, None, Severity.WARNING)
    assert clock.message.endswith("it did not answer.")
    assert not {"unclosed_candles", "stale_series"} & {result.name for result in report.results}
