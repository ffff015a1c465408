import asyncio
from typing import Any

import pytest

from include.config.settings import Settings
from include.config.venues import venue_facts
from include.core.clock import to_ms
from include.core.errors import ConfigurationError, RateLimitedError, TransientError
from include.market.budget import RequestBudget
from include.market.endpoint import Call
from include.market.errors import PageError, SymbolUnavailableError
from include.market.retry import Retry, RetryPolicy
from include.market.venue import Venue, open_venue
from tests.unit.market.answers import Answer, answer, answering, refusing_url
from tests.unit.market.klines import at
from tests.unit.market.venues import clock, instruments, markets, quick, with_venue

KLINES = Call("fapiPublicGetKlines", {"symbol": "BTCUSDT", "interval": "4h", "limit": 499}, "weight", 2)


def opened(settings: Settings, url: str, venue: str = "binanceusdm", retry: Retry | None = None) -> Venue:
    async def use() -> Venue:
        there = settings.model_copy(update={"exchange_url": url})
        async with open_venue(there, venue, retry or quick()) as found:
            return found

    return asyncio.run(use())


def test_a_binance_is_open_with_two_requests_and_its_own_clock(settings: Settings) -> None:
    with answering(lambda path, _: markets() if "exchangeInfo" in path else clock()) as (url, asked):
        venue = opened(settings, url)
    assert [path for path, _ in asked.requests] == ["/fapi/v1/exchangeInfo", "/fapi/v1/time"]
    assert venue.now_ms == to_ms(venue.market_now) == at(11)


def test_a_bybit_is_open_with_its_linear_instruments_and_its_own_clock(settings: Settings) -> None:
    time = answer({"retCode": 0, "result": {"timeSecond": "1772200800"}, "time": 1_772_200_800_123})
    with answering(lambda path, _: instruments() if "instruments" in path else time) as (url, _):
        venue = opened(settings, url, "bybit")
    assert venue.now_ms == 1_772_200_800_123
    assert venue.market("BTC/USDT:USDT")["id"] == "BTCUSDT"
    assert venue.market("BTC/USDT:USDT")["created"] == 1_585_526_400_000


def test_a_clock_that_tells_no_time_is_asked_again(settings: Settings) -> None:
    answers = [markets(), answer({"msg": "soon"}), clock()]
    with answering(answers) as (url, _):
        assert opened(settings, url).now_ms == at(11)


def test_a_symbol_is_found_by_its_unified_name_and_an_unlisted_one_refused(settings: Settings) -> None:
    with answering(lambda path, _: markets("BTCUSDT", "ETHUSDT") if "exchangeInfo" in path else clock()) as (url, _):
        venue = opened(settings, url)
    assert venue.market("ETH/USDT:USDT")["id"] == "ETHUSDT"
    with pytest.raises(SymbolUnavailableError, match="NOPE"):
        venue.market("NOPE/USDT:USDT")


def test_a_venue_that_is_away_is_a_transient_error_after_the_last_try(settings: Settings) -> None:
    with pytest.raises(TransientError, match="load the markets"):
        opened(settings, refusing_url(), retry=quick(2))


def test_a_blocked_venue_is_not_tried_again(settings: Settings) -> None:
    with answering(Answer(451, "blocked")) as (url, asked), pytest.raises(ConfigurationError, match="load the markets"):
        opened(settings, url)
    assert len(asked.requests) == 1


def asking(settings: Settings, answers: list[Answer], retry: Retry, judge: Any = lambda document: document) -> Any:
    """What one request comes to, and the outages that it met, `answers` in turn."""
    kept: list[Venue] = []

    async def use(venue: Venue) -> Any:
        kept.append(venue)
        return await venue.retry.again(lambda: venue.ask(KLINES, "fetch candles", judge))

    with answering([markets(), *answers]) as (url, _):
        return with_venue(settings, url, use, retry=retry), kept[0].outages.outages()


def test_what_the_judge_refuses_is_an_outage_of_bad_answers(settings: Settings) -> None:
    def judge(document: Any) -> Any:
        if not document:
            raise PageError("empty")
        return document

    found, (outage,) = asking(settings, [answer([]), answer([1])], quick(), judge)
    assert found == [1]
    assert (outage.kind, outage.failures_count) == ("bad_answer", 1)
    assert outage.ended_at is not None


def test_a_wait_asked_for_by_the_venue_is_kept_and_noted(settings: Settings) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    limited = answer({"code": -1003, "msg": "Too many requests."}, 429, Retry_After="1")
    found, (outage,) = asking(settings, [limited, answer([1])], Retry(pause=pause))
    assert (found, waits, outage.kind) == ([1], [1.0], "rate_limited")


def test_a_ban_of_one_request_binds_every_other_process_of_the_home(settings: Settings) -> None:
    banned = answer({"code": -1003, "msg": "IP banned."}, 418, Retry_After="300")
    with pytest.raises(RateLimitedError):
        asking(settings, [banned], quick())
    other = RequestBudget(settings.home.request_budget, "binanceusdm", venue_facts("binanceusdm").families)
    assert other.held_seconds() == pytest.approx(300, abs=10)
    assert other.take("statistics", 1) == pytest.approx(300, abs=10)
    # and whoever opens the venue now is told so without asking it
    with answering(markets()) as (url, asked), pytest.raises(RateLimitedError, match="asked all requests"):
        opened(settings, url)
    assert asked.requests == []


def test_without_pace_no_budget_is_kept(settings: Settings) -> None:
    with answering(lambda path, _: markets() if "exchangeInfo" in path else clock()) as (url, _):
        opened(settings.model_copy(update={"pace": "off"}), url)
    assert not settings.home.request_budget.exists()


def test_requests_draw_their_weight_from_their_family(settings: Settings) -> None:
    asking(settings, [answer([1])], quick())
    other = RequestBudget(settings.home.request_budget, "binanceusdm", venue_facts("binanceusdm").families)
    # 1 for the markets and 2 for the candles are gone: of the 2,160 that may be used, so much fits into this window
    assert other.take("weight", 2_160 - 3 + 1) > 0


def test_a_retry_policy_of_no_patience_is_kept(settings: Settings) -> None:
    limited = answer({"code": -1003, "msg": "Too many requests."}, 429, Retry_After="2")
    with pytest.raises(RateLimitedError):
        asking(settings, [limited], Retry(RetryPolicy(max_retry_after_seconds=1.0)))
