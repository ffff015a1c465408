"""Every recorded series, asked for over HTTP with the real client and judged row by row, equals what was recorded."""

from typing import Any

import ccxt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from include.config.settings import load_settings
from tests.support.recorded import FOLDER, recorded
from tests.support.recorded_venue import (
    bybit_candles,
    bybit_fundings,
    client,
    everything,
    interest,
    long_short,
    serving,
)
from tests.support.sandbox import running_sandbox

FEW = 3


def fetched(
    exchange: ccxt.Exchange, series: str, timeframe: str, expected: pd.DataFrame, time: str
) -> tuple[pd.DataFrame, list[tuple[str, Any]]]:
    symbols, times = sorted(expected["symbol"].unique()), expected[time]
    pages = [everything(exchange.id, series, symbol, timeframe, exchange, times) for symbol in symbols]
    refused = [told for page in pages for told in page.refused]
    return pa.concat_tables([page.rows for page in pages]).to_pandas(), refused


def equal(found: pd.DataFrame, expected: pd.DataFrame, time: str, columns: dict[str, str]) -> None:
    expected = expected.sort_values(["symbol", time], kind="stable")
    symbols = expected["symbol"].str.removesuffix("USDT") + "/USDT:USDT"
    found = found.sort_values(["symbol", found.columns[found.columns.get_loc("known_at")]], kind="stable")
    assert len(found) == len(expected) > 0
    assert sorted(found["symbol"]) == sorted(symbols)
    order = np.argsort(symbols.to_numpy(), kind="stable")
    for ours, theirs in columns.items():
        told = found[ours].astype("int64") if found[ours].dtype.kind == "M" else found[ours]
        np.testing.assert_array_equal(told.to_numpy(), expected[theirs].to_numpy()[order])


def some(frame: pd.DataFrame, count: int | None) -> tuple[pd.DataFrame, list[str]]:
    symbols = sorted(frame["symbol"].unique())[:count]
    return frame[frame["symbol"].isin(symbols)], symbols


def every(count: int | None) -> pytest.param:
    return pytest.param(count, marks=[] if count else pytest.mark.slow, id=f"{count or 'all'} symbols")


counts = pytest.mark.parametrize("count", [every(FEW), every(None)])


@counts
@pytest.mark.parametrize("timeframe", ["4h", "1d"])
def test_open_interest(timeframe: str, count: int | None) -> None:
    expected, symbols = some(interest(timeframe), count)
    assert len(symbols) == (count or 62)
    with serving("binanceusdm") as exchange:
        found, refused = fetched(exchange, "open_interest", timeframe, expected, "timestamp")
    assert refused == []
    columns = {
        "timestamp": "timestamp",
        "known_at": "timestamp",
        "open_interest": "sum_open_interest",
        "open_interest_value": "sum_open_interest_value",
    }
    equal(found, expected, "timestamp", columns)


def test_long_short_ratio() -> None:
    columns = {
        "timestamp": "timestamp",
        "known_at": "timestamp",
        "long_short_ratio": "long_short_ratio",
        "long_share": "long_account",
        "short_share": "short_account",
    }
    with serving("binanceusdm") as exchange:
        found, refused = fetched(exchange, "long_short_ratio", "1h", long_short(), "timestamp")
    assert refused == []
    equal(found, long_short(), "timestamp", columns)


@counts
def test_bybit_candles(count: int | None) -> None:
    expected, symbols = some(bybit_candles(), count)
    assert len(symbols) == (count or 59)
    with serving("bybit") as exchange:
        found, refused = fetched(exchange, "candles", "1d", expected, "open_time")
    # the exchange itself says that BCH opened at 0 on its first day: the row is kept out, and kept as it came
    is_sound = expected["low"] > 0
    assert [(reason, int(row[0])) for reason, row in refused] == [
        ("not_positive", time) for time in expected["open_time"][~is_sound]
    ]
    expected = expected[is_sound]
    prices = {name: name for name in ("open", "high", "low", "close", "volume")}
    equal(found, expected, "open_time", {"open_time": "open_time", "quote_volume": "turnover", **prices})
    assert found["trades_count"].isna().all()


@counts
def test_bybit_fundings_at_every_interval(count: int | None) -> None:
    expected, _ = some(bybit_fundings(), count)
    with serving("bybit") as exchange:
        found, refused = fetched(exchange, "funding_rates", "1d", expected, "funding_time")
    assert refused == []
    equal(found, expected, "funding_time", {"funding_time": "funding_time", "funding_rate": "funding_rate"})
    assert count or set(expected["interval_hours"]) == {1, 4, 8}


@counts
def test_fundings_across_changes_of_their_interval(count: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.read_parquet(recorded("funding_rates.parquet"))
    # all three changed: OGN between 8, 4 and 1 h, KAS and XTZ too
    chosen = frame if count is None else frame[frame["symbol"].isin(["KASUSDT", "OGNUSDT", "XTZUSDT"])]
    expected, symbols = some(chosen, count)
    assert len(symbols) == (count or 62)
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", str(FOLDER))
    monkeypatch.setenv("PERPETUA_SANDBOX_DAYS_BEFORE_END", "0.001")
    with running_sandbox(load_settings()) as (url, _):
        found, refused = fetched(client("binanceusdm", url), "funding_rates", "4h", expected, "funding_time")
    assert refused == []
    minute = (expected["funding_time"] + 30_000) // 60_000 * 60_000
    expected = expected.assign(minute=minute)
    equal(found, expected, "funding_time", {"funding_time": "minute", "funding_rate": "funding_rate"})
    ogn = expected[expected["symbol"] == "OGNUSDT"]["minute"].sort_values().diff().dropna() / 3_600_000
    assert set(ogn) == {8.0, 4.0, 1.0}
