from pathlib import Path

import httpx
import pytest

from include.config.settings import Settings, load_settings
from include.core.errors import ConfigurationError
from include.sandbox.app import create_app, open_market
from include.sandbox.recorded import RecordedMarket
from include.sandbox.request_budget import Limits, Rate
from include.sandbox.synthetic import SyntheticMarket
from tests.support.sandbox import running_sandbox
from tests.unit.sandbox.recordings import FOUR_HOURS, START, ask_app, candle_frame, write_candles


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    folder = write_candles(tmp_path / "data", "4h", candle_frame("ABCUSDT", 60))
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", str(folder))
    monkeypatch.setenv("PERPETUA_SANDBOX_DAYS_BEFORE_END", "2.5")
    return load_settings()


def test_the_market_is_recorded_where_data_is_named_and_synthetic_otherwise(
    settings: Settings, recorded: Settings
) -> None:
    assert isinstance(open_market(settings), SyntheticMarket)
    assert isinstance(open_market(recorded), RecordedMarket)


def test_the_clock_starts_the_given_days_before_the_end_of_the_data(recorded: Settings) -> None:
    now = ask_app(create_app(recorded), "/sandbox/clock").json()["market_now_ms"]
    assert 0 <= now - (START + 45 * FOUR_HOURS) < 60_000


def test_data_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="nowhere"):
        create_app(load_settings())


def test_every_outside_system_answers(settings: Settings) -> None:
    app = create_app(settings)
    paths = ("/", "/health", "/fapi/v1/time", "/sapi/v1/system/status", "/fng/", "/slack")
    assert {path: ask_app(app, path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_the_exchange_counts_request_weight(settings: Settings) -> None:
    app = create_app(settings, limits=Limits(weight=Rate(3, 60)))
    assert [ask_app(app, "/fapi/v1/time").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_restarted_sandbox_continues_its_clock(recorded: Settings) -> None:
    with running_sandbox(recorded) as (base_url, _):
        before = httpx.post(f"{base_url}/sandbox/advance", json={"by": "1d"}).json()["market_now_ms"]
    with running_sandbox(recorded) as (base_url, _):
        after = httpx.get(f"{base_url}/sandbox/clock").json()["market_now_ms"]
    assert before < after < before + 60_000


def test_past_the_end_of_the_data_the_feed_is_stale(recorded: Settings) -> None:
    with running_sandbox(recorded) as (base_url, _):
        httpx.post(f"{base_url}/sandbox/advance", json={"by": "30d"})
        params = {"symbol": "ABCUSDT", "interval": "4h", "limit": 1}
        newest = httpx.get(f"{base_url}/fapi/v1/klines", params=params).json()
    assert newest[0][0] == START + 59 * FOUR_HOURS
    assert newest[0][4] == "160.0"  # the last candle is whole
