from collections.abc import Iterator
from typing import Any

import pytest

from include.config.settings import Settings, load_settings
from include.core.errors import InvalidInputError
from include.lake.lake import Lake
from include.orchestration.backfill_stages import backfill_market_data
from include.orchestration.forms import backfill
from tests.support.sandbox import running_sandbox

BTC = "BTC/USDT:USDT"


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings that lead to a running sandbox of one symbol."""
    monkeypatch.setenv("PERPETUA_UNIVERSE", BTC)
    with running_sandbox(load_settings()) as (_, settings):
        yield settings


def form(**filled: Any) -> dict[str, Any]:
    return {name: param.value for name, param in backfill().items()} | filled


@pytest.mark.parametrize(
    ("filled", "named"),
    [
        ({"symbols": "NOPE/USDT:USDT"}, "NOPE/USDT:USDT"),
        ({"series": "candles,moods"}, "`series` must be .*, was 'moods'"),
        ({"series": "open_interest", "timeframe": "1m"}, "`series` must be .* at binanceusdm and 1m"),
        ({"start": "2026-13-45"}, "`start` must be an ISO-8601 time"),
        ({"start": "2026-02-01", "end": "2026-01-01"}, "`start` must be before `end`"),
    ],
)
def test_a_bad_value_is_refused_with_its_field_before_anything_is_asked(
    settings: Settings, filled: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidInputError, match=named):
        backfill_market_data(settings, **form(**filled))
    assert not settings.home.root.exists()


def test_a_start_in_the_future_is_refused(online: Settings) -> None:
    with pytest.raises(InvalidInputError, match="`start` must be before the exchange's now"):
        backfill_market_data(online, **form(symbols=BTC, start="2060-01-01"))


def test_a_filled_form_brings_its_span_into_the_lake(online: Settings) -> None:
    filled = form(symbols=BTC, start="2025-01-01", end="2025-02-01", series="candles,premium")
    done = backfill_market_data(online, **filled)
    assert done["rows"]["candles"] == done["rows"]["price_candles"] == done["inserted"]["candles"] == 31 * 6
    assert done["failed_symbols"] == done["failed_series"] == {}
    assert (done["series"], done["batches"]) == (["candles", "premium"], 1)
    again = backfill_market_data(online, **filled)
    assert again["candles_total"] == Lake.of(online).count("candles") == 31 * 6
    assert again["inserted"].get("candles", 0) == 0
