from datetime import timedelta

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.checks import Severity
from include.core.errors import DataQualityError, IntegrityError, MissingInputError
from include.lake.lake import Lake
from include.market.publish import publish
from include.market.staging import batch_folder
from include.validation.batch import validate_batch
from include.validation.quality_record import load_all
from tests.unit.lake.rows import START
from tests.unit.lake.rows import candle as unmoved
from tests.unit.market.batches import stage
from tests.unit.validation.series import walk

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
END = START + timedelta(hours=20)


def candle(symbol: str, number: int, **changes: object) -> dict[str, object]:
    """A candle that differs from the one before it, as in a market."""
    return unmoved(symbol, number, **({"volume": 7.0 + number} | changes))


def both(count: int = 6, **changes: object) -> list[dict[str, object]]:
    return [candle(symbol, number, **changes) for symbol in (BTC, ETH) for number in range(count)]


def test_a_good_batch_passes_is_sealed_and_may_be_published(settings: Settings) -> None:
    stage(settings, "b1", *both(), end=END)
    report = validate_batch(settings, "b1")
    assert report.passed
    assert report.failures == ()
    assert publish(settings, "b1").tables["candles"].inserted == 12


def test_the_pages_show_the_batch(settings: Settings) -> None:
    stage(settings, "b1", *both(), end=END)
    report = validate_batch(settings, "b1")
    assert [record.report for record in load_all(settings.home)] == [report]
    assert "b1" in (settings.home.data_quality / "index.html").read_text(encoding="utf-8")


def test_a_broken_candle_stops_the_batch_and_nothing_is_published(settings: Settings) -> None:
    stage(settings, "b1", *both(5), candle(BTC, 5, high=float("inf")), candle(ETH, 5), end=END)
    report = validate_batch(settings, "b1")
    assert not report.passed
    assert [f.name for f in report.failures if f.severity is Severity.CRITICAL] == ["excluded_symbols_share"]
    with pytest.raises(DataQualityError, match="finite"):
        publish(settings, "b1")
    assert not Lake(settings.home.lake).exists("candles")


def test_a_broken_candle_leaves_its_symbol_out_and_the_others_go_on(settings: Settings) -> None:
    symbols = tuple(f"S{n}/USDT:USDT" for n in range(10))
    rows = [candle(symbol, number) for symbol in symbols for number in range(6)]
    rows[20] |= {"high": 1.0}
    stage(settings, "b1", *rows, symbols=symbols, end=END)
    report = validate_batch(settings, "b1")
    assert report.passed
    assert report.excluded == {"S3/USDT:USDT": ("schema_candles",)}
    expected = next(r for r in report.results if r.name == "expectations_candles")
    assert expected.passed, "what is left in must meet every expectation"
    assert publish(settings, "b1").excluded == report.excluded
    stored = Lake.of(settings).read("candles")["symbol"]
    assert set(stored) == {*symbols} - {"S3/USDT:USDT"}


def test_one_run_of_checks_covers_every_kind(settings: Settings) -> None:
    stage(settings, "b1", *both(), end=END)
    names = [result.name for result in validate_batch(settings, "b1").results]
    assert len(names) == len(set(names))
    assert {
        "batch_has_candles",
        "symbols_fetched",
        "failed_symbols_share",
        "series_fetched",
        "refused_records",
        "refused_subjects",
        "excluded_symbols_share",
        "schema_candles",
        "schema_funding_rates",
        "schema_fear_greed",
        "schema_macro",
        "expectations_candles",
        "missing_candles",
        "stale_symbols",
        "feed_is_fresh",
        "duplicate_candles",
        "frozen_feed",
        "frozen_candles",
        "spikes",
        "unclosed_candles",
        "timeframe_disagreements",
        "timeframe_mismatch",
        "venue_distances",
        "venue_mismatch",
        "constant_series",
        "neutral_series",
        "macro_revisions",
    } <= set(names)


def test_a_gap_to_what_is_stored_warns_exactly_and_does_not_stop(settings: Settings) -> None:
    now = START + 203 * timedelta(hours=4)
    stage(settings, "b1", *both(200), end=START + 199 * timedelta(hours=4), market_now=now)
    validate_batch(settings, "b1")
    publish(settings, "b1")
    later = [candle(BTC, 202), *(candle(ETH, n) for n in range(200, 203))]
    stage(settings, "b2", *later, end=START + 202 * timedelta(hours=4), market_now=now)
    report = validate_batch(settings, "b2")
    assert report.passed
    message = next(f.message for f in report.failures if f.name == "missing_candles")
    assert message.startswith("2 candles are missing: BTC/USDT:USDT 2026-02-03 08:00 UTC – 2026-02-03 12:00 UTC (2)")


def test_a_file_changed_after_the_verdict_is_not_published(settings: Settings) -> None:
    stage(settings, "b1", *both(), end=END)
    validate_batch(settings, "b1")
    file = batch_folder(settings.home, "b1") / "candles.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match=r"candles\.parquet"):
        publish(settings, "b1")


def test_a_feed_that_stands_still_stops_in_live_mode_and_warns_in_the_sandbox(settings: Settings) -> None:
    stage(settings, "b1", *both(), end=END + timedelta(hours=40))
    assert validate_batch(settings, "b1").passed
    live = validate_batch(settings.model_copy(update={"mode": "live"}), "b1")
    assert [f.name for f in live.failures if f.severity is Severity.CRITICAL] == ["feed_is_fresh"]


def test_a_batch_that_was_never_fetched_is_a_missing_input(settings: Settings) -> None:
    with pytest.raises(MissingInputError):
        validate_batch(settings, "b1")


def test_a_feed_that_tells_the_same_candle_again_is_left_out_and_the_others_go_on(settings: Settings) -> None:
    symbols = tuple(f"S{n}/USDT:USDT" for n in range(10))
    rows = [candle(symbol, number) for symbol in symbols for number in range(6)]
    rows[22:24] = [candle("S3/USDT:USDT", number, volume=8.0) for number in (4, 5)]
    rows[21] |= {"volume": 8.0}
    stage(settings, "b1", *rows, symbols=symbols, end=END)
    report = validate_batch(settings, "b1")
    assert report.passed
    assert report.excluded == {"S3/USDT:USDT": ("frozen_feed",)}


def test_a_jump_against_what_is_stored_is_told_and_published(settings: Settings) -> None:
    now = START + 201 * timedelta(hours=4)
    moving = [candle(BTC, n, close=close) for n, close in enumerate(np.clip(walk(200), 91, 109))]
    stage(settings, "b1", *moving, symbols=(BTC,), end=START + 199 * timedelta(hours=4), market_now=now)
    assert next(r for r in validate_batch(settings, "b1").results if r.name == "spikes").passed
    publish(settings, "b1")
    jumped = candle(BTC, 200, high=10_000.0, close=9_500.0)
    stage(settings, "b2", jumped, symbols=(BTC,), end=START + 200 * timedelta(hours=4), market_now=now)
    report = validate_batch(settings, "b2")
    assert next(f.observed for f in report.failures if f.name == "spikes") == 1
    assert publish(settings, "b2").tables["candles"].inserted == 1


def test_a_candle_that_was_still_open_is_left_out(settings: Settings) -> None:
    stage(settings, "b1", *both(), end=END, market_now=END + timedelta(hours=3))
    report = validate_batch(settings, "b1")
    assert report.excluded == {BTC: ("unclosed_candles",), ETH: ("unclosed_candles",)}
    assert not report.passed
