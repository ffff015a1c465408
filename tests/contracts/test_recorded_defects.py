"""Each recorded defect of real sources, brought in the real way, is found and named by the check that is for it."""

import json
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from include.config.settings import Settings, load_settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.columns import CANDLES
from include.core.errors import DataQualityError
from include.lake.lake import Lake
from include.market.ingest import fetch
from include.market.publish import publish
from include.validation.batch import validate_batch
from include.validation.standing import check_lake_series
from tests.support.recorded import recorded
from tests.support.sandbox import running_sandbox
from tests.unit.lake.rows import candles

TIMEFRAMES = "defects/binance_2024-10-28_20h_timeframe_disagreement.parquet"
LOCAL_TIME = "defects/klines_1m_local_time_utc+3_quote_volume.parquet"
UNCLOSED = "defects/unclosed_last_candle_4h.parquet"
VINTAGES = "defects/dtwexbgs_two_vintages.parquet"
PRICES = ["open", "high", "low", "close", "volume"]
HOUR_MS = 3_600_000


def unified(symbols: Sequence[str]) -> list[str]:
    return [f"{symbol.removesuffix('USDT')}/USDT:USDT" for symbol in symbols]


@contextmanager
def serving(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: pd.DataFrame) -> Iterator[Settings]:
    """Serve frames as a recorded market, at the end of their time."""
    folder.mkdir()
    for name, frame in files.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", str(folder))
    monkeypatch.setenv("PERPETUA_SANDBOX_DAYS_BEFORE_END", "0.001")
    monkeypatch.setenv("PERPETUA_PROFILE", "full")
    with running_sandbox(load_settings()) as (_, settings):
        advance(settings, "1h")
        yield settings


def advance(settings: Settings, by: str) -> None:
    body = json.dumps({"by": by}).encode()
    request = urllib.request.Request(
        f"{settings.sandbox_url}/sandbox/advance", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def brought(settings: Settings, symbols: Sequence[str], timeframe: str, batch: str | None = None) -> CheckReport:
    name = batch or timeframe
    fetch(settings, name, symbols=unified(symbols), timeframe=timeframe, series=["candles"])
    return validate_batch(settings, name)


def named(report: CheckReport | Sequence[CheckResult], name: str) -> CheckResult:
    results = report.results if isinstance(report, CheckReport) else report
    return next(result for result in results if result.name == name)


def recorded_4h(symbols: Sequence[str], first: str, last: str) -> pd.DataFrame:
    frame = pd.read_parquet(recorded("klines_4h.parquet"), columns=["symbol", "open_time", *PRICES])
    span = (pd.Timestamp(first, tz="UTC").value // 10**6, pd.Timestamp(last, tz="UTC").value // 10**6)
    return frame[frame["symbol"].isin(symbols) & frame["open_time"].between(*span)]


def test_the_hour_at_which_the_exchange_disagrees_with_itself_is_told_and_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.read_parquet(recorded(TIMEFRAMES))
    frame = frame[~((frame["timeframe"] == "1h") & frame["repo"].str.startswith("Roshan"))]
    of = {name: part[["symbol", "open_time", *PRICES]] for name, part in frame.groupby("timeframe")}
    symbols = sorted(set.intersection(*(set(part["symbol"]) for part in of.values())))
    chosen = {f"klines_{name}": part[part["symbol"].isin(symbols)] for name, part in of.items()}
    assert len(symbols) == 8
    with serving(tmp_path / "market", monkeypatch, **chosen) as settings:
        for timeframe in ("15m", "1h", "4h"):
            report = brought(settings, symbols, timeframe)
            assert report.passed
            publish(settings, timeframe)
            if timeframe == "1h":
                hours = named(report, "timeframe_disagreements")
    # 15m → 1h: both hours of each symbol; 1h → 4h: one candle of each
    assert (hours.passed, hours.severity, hours.observed) == (False, Severity.WARNING, 16)
    found = named(report, "timeframe_disagreements")
    assert (found.passed, found.severity) == (False, Severity.WARNING)
    assert set(found.subjects) <= set(unified(symbols))
    assert found.message.count("4h candle of 2024-10-28 20:00 UTC") == 5, "the first five are told"
    assert named(report, "timeframe_mismatch").passed
    assert Lake.of(settings).count("candles") == sum(len(part) for part in chosen.values())


def test_minutes_in_local_time_with_quote_volume_are_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = pd.read_parquet(recorded(LOCAL_TIME))
    minutes["open_time"] = pd.to_datetime(minutes["open_time"]).astype("datetime64[ms]").astype("int64")
    symbols = sorted(minutes["symbol"].unique())
    right = recorded_4h(symbols, "2025-06-10", "2025-06-17 20:00")
    files = {"klines_4h": right, "klines_1m": minutes[["symbol", "open_time", *PRICES]]}
    with serving(tmp_path / "market", monkeypatch, **files) as settings:
        assert brought(settings, symbols, "4h").passed
        publish(settings, "4h")
        report = brought(settings, symbols, "1m")
        found = named(report, "timeframe_mismatch")
        assert (found.passed, found.severity) == (False, Severity.EXCLUDE)
        assert sorted(found.subjects) == sorted(unified(symbols))
        assert found.message.count("times are 3 h too late, volume is in quote units") == 4
        assert not report.passed, "all symbols are too many to go on without"
        with pytest.raises(DataQualityError, match="3 h too late"):
            publish(settings, "1m")


def test_a_candle_that_was_taken_while_it_was_open_is_named_and_then_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.read_parquet(recorded(UNCLOSED))
    lake = Lake.of(load_settings())
    partial = [
        {
            "venue": "binanceusdm",
            "symbol": unified([row["symbol"]])[0],
            "timeframe": "4h",
            "open_time": datetime.fromtimestamp(row["open_time"] / 1000, UTC),
            **{name: row[f"{name}_partial"] for name in PRICES},
            "known_at": datetime.fromtimestamp((row["open_time"] + 4 * HOUR_MS) / 1000, UTC),
        }
        for row in frame.to_dict("records")
    ]
    lake.merge("candles", candles(*partial))
    closes = sorted({row["known_at"] for row in partial})
    assert len(closes) == 2
    open_at = {
        close: named(check_lake_series(lake, close - timedelta(minutes=1)), "unclosed_candles") for close in closes
    }
    first, second = (open_at[close] for close in closes)
    assert (first.passed, first.severity, first.observed) == (False, Severity.EXCLUDE, 62)
    assert set(first.subjects) == set(unified(frame["symbol"].tolist()))
    assert second.observed == sum(row["known_at"] == closes[1] for row in partial)
    assert named(check_lake_series(lake, closes[1]), "unclosed_candles").passed

    # the next run asks for the last closed candles again and writes down what they were taken for
    early = frame[(frame["open_time"] + 4 * HOUR_MS == closes[0].timestamp() * 1000) & frame["close_final"].notna()]
    final = early[["symbol", "open_time"]].assign(**{name: early[f"{name}_final"] for name in PRICES})
    with serving(tmp_path / "market", monkeypatch, klines_4h=final) as settings:
        symbols = sorted(early["symbol"])
        assert brought(settings, symbols, "4h").passed
        publish(settings, "4h")
    stored = lake.read("candles", filters=[("open_time", "=", closes[0] - timedelta(hours=4))])
    stored = stored[stored["symbol"].isin(unified(symbols))].sort_values("symbol")
    expected = final.assign(unified=unified(final["symbol"].tolist())).sort_values("unified")
    np.testing.assert_array_equal(stored["close"], expected["close"])
    changed = int((early["volume_partial"] != early["volume_final"]).sum())
    revisions = lake.read("revisions")
    assert (revisions["source"] == CANDLES.name).all()
    assert int((revisions["column"] == "volume").sum()) == changed > 0


def test_two_vintages_of_the_dollar_index_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.read_parquet(recorded(VINTAGES))
    told = {"2026-01-05": frame["vintage_2026_01"], "2026-08-03": frame["vintage_2026_08"]}
    vintages = pd.concat(
        frame[["date"]].assign(series_id="DTWEXBGS", realtime_start=day, value=values) for day, values in told.items()
    )
    vintages[["date", "realtime_start"]] = vintages[["date", "realtime_start"]].apply(pd.to_datetime)
    files = {"klines_4h": recorded_4h(["BTCUSDT"], "2026-03-01", "2026-03-19 12:00"), "macro_vintages": vintages}
    with serving(tmp_path / "market", monkeypatch, **files) as settings:
        assert named(brought(settings, ["BTCUSDT"], "4h", "first"), "macro_revisions").passed
        publish(settings, "first")
        advance(settings, "200d")
        report = brought(settings, ["BTCUSDT"], "4h", "second")
    is_kept = frame["date"] >= "2018-01-01"
    differ = (frame["vintage_2026_01"] != frame["vintage_2026_08"]) & is_kept
    largest = (frame["vintage_2026_01"] - frame["vintage_2026_08"]).abs()[is_kept].max()
    found = named(report, "macro_revisions")
    assert (found.passed, found.severity) == (False, Severity.INFO)
    assert (found.observed, found.subjects) == (int(differ.sum()), ("macro DTWEXBGS",))
    assert f"by up to {largest:.4g}" in found.message
    assert report.passed
