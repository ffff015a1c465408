import asyncio
from urllib.parse import urlsplit

import ccxt
import pytest

from include.config.settings import Settings
from include.config.venues import load_venues
from include.core.errors import ConfigurationError
from include.market.exchange import open_exchange
from tests.unit.market.answers import answer, answering

VENUES = sorted(load_venues())


@pytest.mark.parametrize("venue", VENUES)
def test_every_url_of_the_client_leads_to_the_endpoint_with_its_own_path(settings: Settings, venue: str) -> None:
    stock = getattr(ccxt, venue)().urls["api"]
    urls = open_exchange(settings.model_copy(update={"exchange_url": "http://127.0.0.1:9/"}), venue).urls["api"]
    assert urls.keys() == stock.keys()
    for name, url in urls.items():
        assert url == "http://127.0.0.1:9" + urlsplit(stock[name]).path


@pytest.mark.parametrize("venue", VENUES)
def test_sandbox_mode_refuses_a_host_that_is_not_loopback(settings: Settings, venue: str) -> None:
    with pytest.raises(ConfigurationError, match="must be a loopback URL"):
        open_exchange(settings.model_copy(update={"exchange_url": "https://fapi.binance.com"}), venue)


@pytest.mark.parametrize("venue", VENUES)
def test_live_mode_keeps_the_venues_own_urls(settings: Settings, venue: str) -> None:
    live = open_exchange(settings.model_copy(update={"mode": "live"}), venue)
    assert live.urls["api"] == getattr(ccxt, venue)().urls["api"]


def test_a_url_of_live_mode_is_that_of_the_traded_venue_alone(settings: Settings) -> None:
    live = settings.model_copy(update={"mode": "live", "exchange_url": "https://gateway.example", "venue": "bybit"})
    assert open_exchange(live).urls["api"]["public"] == "https://gateway.example"
    assert open_exchange(live, "binanceusdm").urls["api"] == ccxt.binanceusdm().urls["api"]


@pytest.mark.parametrize("venue", VENUES)
def test_requests_are_paced_by_the_shared_budget_and_not_by_the_client(settings: Settings, venue: str) -> None:
    assert open_exchange(settings, venue).enableRateLimit is False


def test_an_unknown_venue_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="`venue` must be one of binanceusdm, bybit, was 'kraken'"):
        open_exchange(settings, "kraken")


@pytest.mark.parametrize(
    ("venue", "paths"),
    [
        ("binanceusdm", {"/fapi/v1/exchangeInfo"}),
        ("bybit", {"/v5/market/instruments-info"}),
    ],
)
def test_markets_need_requests_to_one_path_and_no_credentials(settings: Settings, venue: str, paths: set[str]) -> None:
    none = {"symbols": [], "retCode": 0, "result": {"category": "linear", "list": []}}

    async def load(url: str) -> None:
        exchange = open_exchange(settings.model_copy(update={"exchange_url": url}), venue)
        await exchange.load_markets()
        await exchange.close()

    with answering(answer(none)) as (url, asked):
        asyncio.run(load(url))
    assert {path for path, _ in asked.requests} == paths
    assert all(params.get("category", "linear") == "linear" for _, params in asked.requests)
