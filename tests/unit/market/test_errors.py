import asyncio
from datetime import UTC, datetime

import pytest

from include.config.settings import Settings
from include.core.errors import (
    ConfigurationError,
    InvalidInputError,
    PerpetuaError,
    RateLimitedError,
    TransientError,
)
from include.market.errors import (
    MaintenanceError,
    PageError,
    SymbolUnavailableError,
    exchange_errors,
    retry_after_seconds,
)
from include.market.exchange import open_exchange
from tests.unit.market.answers import Answer, answer, answering, refusing_url

CALLS = {
    "binanceusdm": ("fapiPublicGetKlines", {"symbol": "BTCUSDT", "interval": "4h"}),
    "bybit": ("publicGetV5MarketKline", {"category": "linear", "symbol": "BTCUSDT", "interval": "240"}),
}


def asked(settings: Settings, url: str, venue: str = "binanceusdm") -> PerpetuaError:
    """The error that a request of candles to `url` ends in."""
    method, params = CALLS[venue]

    async def ask() -> None:
        exchange = open_exchange(settings.model_copy(update={"exchange_url": url}), venue)
        try:
            with exchange_errors("fetch candles of BTC/USDT:USDT"):
                await getattr(exchange, method)(params)
        finally:
            await exchange.close()

    with pytest.raises(PerpetuaError) as raised:
        asyncio.run(ask())
    assert "fetch candles of BTC/USDT:USDT" in str(raised.value)
    assert raised.value.__cause__ is not None
    return raised.value


@pytest.mark.parametrize("status", [429, 418])
def test_a_rate_limit_carries_the_wait_the_venue_asks_for(settings: Settings, status: int) -> None:
    with answering(answer({"code": -1003, "msg": "Too many requests."}, status, Retry_After="7")) as (url, _):
        error = asked(settings, url)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 7.0


def test_a_rate_limit_without_a_wait_says_none(settings: Settings) -> None:
    with answering(answer({"code": -1003, "msg": "Too many requests."}, 429)) as (url, _):
        error = asked(settings, url)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds is None


@pytest.mark.parametrize("code", [-1003, -1015])
def test_a_rate_limit_by_code_alone_is_one_too(settings: Settings, code: int) -> None:
    with answering(answer({"code": code, "msg": "Too much request weight used."}, 400)) as (url, _):
        assert isinstance(asked(settings, url), RateLimitedError)


def test_an_unknown_symbol_is_that_symbols_failure(settings: Settings) -> None:
    with answering(answer({"code": -1121, "msg": "Invalid symbol."}, 400)) as (url, _):
        assert isinstance(asked(settings, url), SymbolUnavailableError)


@pytest.mark.parametrize("code", [-1100, -1120, -1130])
def test_a_refused_request_is_our_mistake_and_not_tried_again(settings: Settings, code: int) -> None:
    with answering(answer({"code": code, "msg": "Invalid."}, 400)) as (url, _):
        error = asked(settings, url)
    assert isinstance(error, InvalidInputError)
    assert not isinstance(error, (SymbolUnavailableError, ConfigurationError))


@pytest.mark.parametrize("status", [403, 404, 451])
def test_a_blocked_address_is_permanent(settings: Settings, status: int) -> None:
    with answering(Answer(status, "<html>blocked</html>", content_type="text/html")) as (url, _):
        error = asked(settings, url)
    assert isinstance(error, ConfigurationError)
    assert "does not pass by waiting" in str(error)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_failing_server_is_transient(settings: Settings, status: int) -> None:
    with answering(Answer(status, "<html>oops</html>", content_type="text/html")) as (url, _):
        error = asked(settings, url)
    assert type(error) is TransientError


@pytest.mark.parametrize(
    "body",
    ["null", '[[1700000000000,"1","1', "<html>maintenance</html>", "true", '"text"', "[[1, 2]] trailing"],
    ids=["null", "cut off", "html", "true", "text", "trailing"],
)
def test_a_body_of_status_200_that_is_no_document_is_refused(settings: Settings, body: str) -> None:
    with answering(Answer(200, body)) as (url, _):
        error = asked(settings, url)
    assert isinstance(error, PageError)
    assert (error.payload, error.reason) == (body, "no_json")


def test_a_body_shorter_than_promised_is_transient(settings: Settings) -> None:
    with answering(Answer(200, "[]", missing_bytes=100)) as (url, _):
        assert type(asked(settings, url)) is TransientError


def test_a_refused_connection_is_transient(settings: Settings) -> None:
    assert type(asked(settings, refusing_url())) is TransientError


@pytest.mark.parametrize("status", [403, 404, 451])
def test_a_blocked_address_is_permanent_at_the_other_venue_too(settings: Settings, status: int) -> None:
    with answering(Answer(status, "<html>blocked</html>", content_type="text/html")) as (url, _):
        assert isinstance(asked(settings, url, "bybit"), ConfigurationError)


@pytest.mark.parametrize("body", ["null", "<html>maintenance</html>", '{"retCode": 0, "resu'])
def test_a_body_that_is_no_document_is_refused_at_the_other_venue_too(settings: Settings, body: str) -> None:
    with answering(Answer(200, body)) as (url, _):
        assert isinstance(asked(settings, url, "bybit"), PageError)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (10006, "Too many visits!", RateLimitedError),
        (10018, "Exceeded the IP Rate Limit.", RateLimitedError),
        (10001, "params error: symbol invalid", SymbolUnavailableError),
        (10001, "Not supported symbols", SymbolUnavailableError),
        (10001, "params error: interval", InvalidInputError),
        (10016, "Server error.", TransientError),
        (10000, "Server Timeout", TransientError),
    ],
)
def test_the_codes_of_bybit_are_read_though_the_status_is_200(
    settings: Settings, code: int, message: str, expected: type[PerpetuaError]
) -> None:
    with answering(answer({"retCode": code, "retMsg": message, "result": {}})) as (url, _):
        assert type(asked(settings, url, "bybit")) is expected


def test_a_ban_that_bybit_tells_by_403_is_a_wait_of_ten_minutes(settings: Settings) -> None:
    with answering(Answer(403, "access too frequent")) as (url, _):
        error = asked(settings, url, "bybit")
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 600.0


def test_a_rate_limit_of_bybit_by_status_carries_its_wait(settings: Settings) -> None:
    with answering(answer({"retCode": 10006, "retMsg": "Too many visits!"}, 429, Retry_After="4")) as (url, _):
        error = asked(settings, url, "bybit")
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 4.0


def test_maintenance_is_told_as_such(settings: Settings) -> None:
    with answering(answer({"code": 1, "msg": "System is under maintenance."}, 400)) as (url, _):
        error = asked(settings, url)
    assert isinstance(error, MaintenanceError)


def test_a_long_answer_is_cut_in_the_error_text(settings: Settings) -> None:
    with answering(answer({"code": -1121, "msg": "x" * 5_000}, 400)) as (url, _):
        assert len(str(asked(settings, url))) < 400


NOW = datetime(2026, 2, 27, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": " 5 "}, 5.0),
        ({"Retry-After": "Fri, 27 Feb 2026 14:01:30 GMT"}, 90.0),
        ({"Retry-After": "Fri, 27 Feb 2026 13:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, NOW) == seconds
