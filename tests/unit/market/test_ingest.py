import json
import urllib.request
from datetime import timedelta

import pytest

from include.config.settings import Settings, load_settings
from include.core.errors import InvalidInputError, TransientError
from include.lake.lake import Lake
from include.market.endpoints import series_of
from include.market.ingest import fetch
from include.market.macro import SERIES
from include.market.publish import publish
from include.market.retry import Retry, RetryPolicy
from include.market.staging import batch_folder, read_batch, read_staged, seal
from tests.unit.market.answers import Answer, answer, answering, refusing_url
from tests.unit.market.batches import PASSED

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
QUICK = Retry(RetryPolicy(attempts=2, base_seconds=0.0))


def advance(settings: Settings, by: str) -> None:
    body = json.dumps({"by": by}).encode()
    request = urllib.request.Request(
        f"{settings.sandbox_url}/sandbox/advance", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200


def fetch_and_publish(settings: Settings, batch_id: str) -> None:
    fetch(settings, batch_id, symbols=[BTC, ETH])
    seal(settings.home, batch_id, PASSED)
    publish(settings, batch_id)


def test_the_first_fetch_brings_the_profiles_candles_and_everything_else(online: Settings) -> None:
    told: list[tuple[str, int, int]] = []
    batch = fetch(online, "b1", symbols=[BTC, ETH], progress=lambda *step: told.append(step))
    wanted = online.profile.candles_per_symbol
    assert wanted is not None
    assert batch.rows["candles"] == 2 * wanted
    assert batch.failed_symbols == {}
    assert batch.failed_series == {}
    assert batch == read_batch(online.home, "b1")
    candles = read_staged(online.home, "b1", "candles")
    assert max(candles["known_at"].to_pylist()) == batch.end + timedelta(hours=4) <= batch.market_now
    fundings = read_staged(online.home, "b1", "funding_rates")
    assert min(fundings["funding_time"].to_pylist()) >= min(candles["open_time"].to_pylist())
    assert set(read_staged(online.home, "b1", "macro")["series"].to_pylist()) == set(SERIES)
    assert told[0][0] == "records"
    records = [step for step in told if step[0] == "records"]
    assert records[-1][1] == records[-1][2] >= 2 * wanted
    assert [step[1] for step in records] == sorted(step[1] for step in records)
    assert ("macro", len(SERIES), len(SERIES)) in told


def test_an_ordinary_run_collects_every_series_of_the_venue(online: Settings) -> None:
    batch = fetch(online, "b1", symbols=[BTC, ETH])
    assert batch.series == ("snapshots", *series_of("binanceusdm"))
    assert batch.failed_series == {}
    month = 30 * 6
    for name in ("open_interest", "long_short_ratio", "taker_ratio", "basis"):
        assert 2 * (month - 2) <= batch.rows[name] <= 2 * (month + 1)
        assert name in batch.clipped
    prices = read_staged(online.home, "b1", "price_candles")["price"].to_pylist()
    assert {name: prices.count(name) for name in ("mark", "index", "premium")} == {
        "mark": 2 * (month + 1),
        "index": 2 * (month + 1),
        "premium": batch.rows["candles"],
    }
    assert sorted(read_staged(online.home, "b1", "snapshots")["symbol"].to_pylist()) == [BTC, ETH]
    seal(online.home, "b1", PASSED)
    publish(online, "b1")
    again = fetch(online, "b2", symbols=[BTC, ETH])
    # three records again, of fundings those of a day, and what stands now
    assert max(again.rows[name] for name in ("candles", "open_interest", "taker_ratio", "basis")) <= 2 * 4
    assert again.rows["price_candles"] <= 3 * 2 * 4
    assert again.rows["snapshots"] == 2


def test_a_run_over_a_named_window_takes_no_snapshots_of_now(online: Settings) -> None:
    now = fetch(online, "b0", symbols=[BTC]).end
    batch = fetch(online, "b1", symbols=[BTC], start=now - timedelta(days=90), end=now - timedelta(days=60))
    assert batch.rows["snapshots"] == batch.rows["open_interest"] == 0
    assert batch.rows["price_candles"] == 3 * batch.rows["candles"] > 0


def test_the_second_fetch_brings_the_new_candle_and_a_small_overlap(online: Settings) -> None:
    fetch_and_publish(online, "b1")
    before = Lake(online.home.lake).count("candles")
    advance(online, "4h")
    second = fetch(online, "b2", symbols=[BTC, ETH])
    assert second.rows["candles"] == 2 * (3 + 1)
    assert second.rows["funding_rates"] <= 2 * 29
    assert second.rows["fear_greed"] <= 5
    seal(online.home, "b2", PASSED)
    result = publish(online, "b2")
    assert (result.tables["candles"].inserted, result.tables["candles"].updated) == (2, 0)
    assert Lake(online.home.lake).count("candles") == before + 2


def test_a_wider_profile_fills_the_history_backwards_without_a_hole(
    online: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_and_publish(online, "b1")
    monkeypatch.setenv("PERPETUA_PROFILE", "full")
    monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(online.sandbox_port))
    full = load_settings()
    assert full.home == online.home
    assert full.profile.candles_per_symbol is None
    fetch_and_publish(full, "b2")
    lake = Lake(online.home.lake)
    for symbol in (BTC, ETH):
        stored = lake.read("candles", ["open_time"], [("symbol", "=", symbol)])["open_time"].sort_values()
        assert len(stored) > 6_000
        assert stored.diff().dropna().unique().tolist() == [timedelta(hours=4)]
    before = lake.count("candles")
    fetch_and_publish(full, "b3")
    assert lake.count("candles") == before


def test_a_window_can_be_named(online: Settings) -> None:
    now = fetch(online, "b0", symbols=[BTC], start=None).end
    start, end = now - timedelta(days=9), now - timedelta(days=8)
    fetch(online, "b1", symbols=[BTC], start=start, end=end)
    rows = read_staged(online.home, "b1", "candles").to_pylist()
    assert [row["open_time"] for row in rows] == [start + timedelta(hours=4 * n) for n in range(6)]
    assert rows[-1]["known_at"] == end


def test_a_symbol_that_fails_is_named_and_the_others_go_on(online: Settings) -> None:
    batch = fetch(online, "b1", symbols=["NOPE/USDT:USDT", BTC])
    assert list(batch.failed_symbols) == ["NOPE/USDT:USDT"]
    assert set(read_staged(online.home, "b1", "candles")["symbol"].to_pylist()) == {BTC}


def test_a_macro_source_that_refuses_is_named_and_the_rest_goes_on(online: Settings) -> None:
    with answering(answer({"error_message": "Bad Request. The series does not exist."}, 400)) as (url, _):
        batch = fetch(online.model_copy(update={"fred_url": url}), "b1", symbols=[BTC])
    assert set(batch.failed_series) == set(SERIES)
    assert batch.rows["macro"] == 0
    assert batch.rows["candles"] > 0


def test_sentiment_and_macro_sources_that_are_away_are_named_and_the_rest_goes_on(online: Settings) -> None:
    away = {"fear_greed_url": refusing_url(), "fred_url": refusing_url()}
    batch = fetch(online.model_copy(update=away), "b1", symbols=[BTC], retry=QUICK)
    assert set(batch.failed_series) == {"fear_greed", *SERIES}
    assert "no complete answer" in batch.failed_series["DTWEXBGS"]
    assert batch.failed_series["FEDFUNDS"] == "Not asked for, after DTWEXBGS failed."
    assert batch.rows["candles"] > 0


def test_a_venue_that_is_away_stages_nothing(settings: Settings) -> None:
    with pytest.raises(TransientError):
        fetch(settings.model_copy(update={"exchange_url": refusing_url()}), "b1", symbols=[BTC], retry=QUICK)
    assert not batch_folder(settings.home, "b1").exists()


def test_a_bad_row_in_a_page_goes_to_quarantine_and_the_rest_is_kept(online: Settings) -> None:
    with answering(lambda path, params: _poisoned(online, path, params)) as (url, _):
        batch = fetch(online.model_copy(update={"exchange_url": url}), "b1", symbols=[BTC])
    refused = read_staged(online.home, "b1", "quarantine").to_pylist()
    assert [(row["source"], row["subject"], row["reason"]) for row in refused] == [("candles", BTC, "not_positive")]
    assert batch.rows["candles"] == (online.profile.candles_per_symbol or 0) - 1


@pytest.mark.parametrize("symbols", [[], ()])
def test_no_symbols_are_refused(settings: Settings, symbols: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="`symbols`"):
        fetch(settings, "b1", symbols=symbols)


def _poisoned(settings: Settings, path: str, params: dict[str, str]) -> Answer:
    """The sandbox's answer, the price of the newest wanted candle made negative."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    with urllib.request.urlopen(f"{settings.sandbox_url}{path}?{query}", timeout=10) as response:
        document = json.load(response)
    if path.endswith("/klines") and document and str(document[-1][0]) == params["endTime"]:
        document[-1][3] = "-1"
    return answer(document)
