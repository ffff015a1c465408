"""The recorded perpetuals, back-filled by command over HTTP: every row and column as it was recorded."""

import json
import os
import subprocess
import sys
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from include.config.settings import Settings, load_settings
from include.lake.lake import Lake
from tests.support.recorded import FOLDER, recorded
from tests.support.sandbox import running_sandbox

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]
CANDLES = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "volume",
    "quote_volume": "quote_volume",
    "trades_count": "trades",
}
MINUTE_MS = 60_000


def backfilled(settings: Settings) -> dict[str, Any]:
    environment = os.environ | {"PERPETUA_SANDBOX_PORT": str(settings.sandbox_port), "PERPETUA_PACE": "off"}
    command = [sys.executable, "-m", "include", "market", "backfill", "--series", "candles,funding_rates", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def same(found: pd.DataFrame, expected: pd.DataFrame, times: tuple[str, str], columns: dict[str, str]) -> None:
    ours, theirs = times
    assert len(found) == len(expected) > 0
    unified = expected["symbol"].str.removesuffix("USDT") + "/USDT:USDT"
    expected = expected.assign(symbol=unified).sort_values(["symbol", theirs], kind="stable")
    found = found.sort_values(["symbol", ours], kind="stable")
    assert found["symbol"].tolist() == expected["symbol"].tolist()
    np.testing.assert_array_equal(found[ours].astype("int64"), expected[theirs])
    for name, recorded_name in columns.items():
        np.testing.assert_array_equal(found[name].to_numpy(float), expected[recorded_name].to_numpy(float), name)


def test_every_recorded_candle_and_settlement_comes_into_the_lake_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    candles = pd.read_parquet(recorded("klines_4h.parquet"))
    fundings = pd.read_parquet(recorded("funding_rates.parquet"))
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", str(FOLDER))
    monkeypatch.setenv("PERPETUA_SANDBOX_DAYS_BEFORE_END", "0.001")
    monkeypatch.setenv("PERPETUA_PROFILE", "full")
    with running_sandbox(load_settings()) as (url, settings):
        # so that the last recorded candle is closed
        httpx.post(f"{url}/sandbox/advance", json={"by": "4h"}).raise_for_status()
        first = backfilled(settings)
        second = backfilled(settings)
    lake = Lake.of(settings)
    same(lake.read("candles"), candles, ("open_time", "open_time"), CANDLES)
    minute = (fundings["funding_time"] + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    settled = fundings.assign(minute=minute)
    same(lake.read("funding_rates"), settled, ("funding_time", "minute"), {"funding_rate": "funding_rate"})
    assert first["inserted"]["candles"] == len(candles)
    assert lake.count("quarantine") == 0
    # the overlap alone: three candles of each, and the settlements of a day
    assert sum(second["inserted"].values()) == sum(second["updated"].values()) == 0
    assert second["rows"]["candles"] <= 3 * candles["symbol"].nunique()
    assert second["rows"]["funding_rates"] <= 25 * candles["symbol"].nunique()
