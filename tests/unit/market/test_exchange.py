from urllib.parse import urlsplit

import ccxt
import pytest

from include.config.settings import Settings
from include.core.clock import to_ms
from include.core.errors import ConfigurationError, TransientError
from include.market.errors import SymbolUnavailableError
from include.market.exchange import Venue, exchange_now, market_of, open_exchange, open_venue
from include.market.retry import Retry, RetryPolicy
from tests.unit.market.answers import answer, answering, refusing_url

QUICK = Retry(RetryPolicy(attempts=2), sleep=lambda _: None)


def test_every_url_of_the_client_leads_to_the_endpoint_with_its_own_path(settings: Settings) -> None:
    stock = ccxt.binanceusdm().urls["api"]
    urls = open_exchange(settings.model_copy(update={"exchange_url": "http://127.0.0.1:9/"})).urls["api"]
    assert urls.keys() == stock.keys()
    for name, url in urls.items():
        assert url == "http://127.0.0.1:9" + urlsplit(stock[name]).path


def test_sandbox_mode_refuses_a_host_that_is_not_loopback(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="must be a loopback URL"):
        open_exchange(settings.model_copy(update={"exchange_url": "https://fapi.binance.com"}))


def test_live_mode_keeps_the_venues_own_urls(settings: Settings) -> None:
    live = open_exchange(settings.model_copy(update={"mode": "live"}))
    assert live.urls["api"] == ccxt.binanceusdm().urls["api"]


@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_the_rate_limiter_is_on_and_stays_under_the_venues_weight_limit(settings: Settings, mode: str) -> None:
    exchange = open_exchange(settings.model_copy(update={"mode": mode}))
    assert exchange.enableRateLimit is True
    assert 60_000 / exchange.rateLimit <= 2_400


def test_markets_need_one_request_to_one_path(settings: Settings) -> None:
    with answering(lambda path, _: answer({"symbols": []} if "exchangeInfo" in path else {"serverTime": 5})) as (
        url,
        asked,
    ):
        open_venue(settings.model_copy(update={"exchange_url": url}))
    assert [path for path, _ in asked.requests] == ["/fapi/v1/exchangeInfo", "/fapi/v1/time"]


def test_market_now_is_the_exchanges_clock(settings: Settings) -> None:
    with answering(answer({"serverTime": 1_772_200_800_123})) as (url, _):
        exchange = open_exchange(settings.model_copy(update={"exchange_url": url}))
        assert to_ms(exchange_now(exchange)) == 1_772_200_800_123


def test_a_symbol_is_found_by_its_unified_name_and_an_unlisted_one_refused(venue: Venue) -> None:
    assert market_of(venue.exchange, "ETH/USDT:USDT")["id"] == "ETHUSDT"
    with pytest.raises(SymbolUnavailableError, match="NOPE"):
        market_of(venue.exchange, "NOPE/USDT:USDT")


def test_a_venue_that_is_away_is_a_transient_error_after_the_last_try(settings: Settings) -> None:
    with pytest.raises(TransientError, match="load the markets"):
        open_venue(settings.model_copy(update={"exchange_url": refusing_url()}), QUICK)
