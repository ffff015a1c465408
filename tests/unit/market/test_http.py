import logging

import pytest

from include.config.settings import Settings
from include.core.errors import ConfigurationError, InvalidInputError, PerpetuaError, RateLimitedError, TransientError
from include.market.errors import PageError
from include.market.http import get_json, open_client
from tests.unit.market.answers import Answer, answer, answering, refusing_url

SECRET = "k3y-of-fred"


def fetched(settings: Settings, url: str) -> object:
    with open_client(settings, url) as client:
        return get_json(client, "/series", {"api_key": SECRET}, "fetch DGS10")


def failure(settings: Settings, given: Answer) -> PerpetuaError:
    with answering(given) as (url, _), pytest.raises(PerpetuaError) as raised:
        fetched(settings, url)
    assert "fetch DGS10" in str(raised.value)
    return raised.value


def test_a_document_comes_back_with_the_parameters_sent(settings: Settings) -> None:
    with answering(answer({"a": [1, 2]})) as (url, asked):
        assert fetched(settings, url) == {"a": [1, 2]}
    assert asked.requests == [("/series", {"api_key": SECRET})]


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_failing_server_is_transient(settings: Settings, status: int) -> None:
    assert type(failure(settings, answer({}, status))) is TransientError


def test_a_rate_limit_carries_its_wait(settings: Settings) -> None:
    error = failure(settings, answer({}, 429, Retry_After="9"))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 9.0


@pytest.mark.parametrize("status", [401, 403, 404, 451])
def test_a_blocked_or_unknown_address_is_permanent(settings: Settings, status: int) -> None:
    assert isinstance(failure(settings, answer({}, status)), ConfigurationError)


def test_any_other_refusal_is_our_mistake_and_shows_what_was_said(settings: Settings) -> None:
    error = failure(settings, answer({"error_message": "The series does not exist."}, 400))
    assert isinstance(error, InvalidInputError)
    assert "The series does not exist." in str(error)


def test_a_redirect_is_not_followed(settings: Settings) -> None:
    error = failure(settings, Answer(302, "", {"Location": "http://example.invalid/"}))
    assert isinstance(error, InvalidInputError)


@pytest.mark.parametrize("body", ["<html></html>", "", '{"a": '])
def test_a_body_that_is_no_json_document_is_transient(settings: Settings, body: str) -> None:
    error = failure(settings, Answer(200, body))
    assert isinstance(error, PageError)
    assert (error.reason, error.payload) == ("no_json", body)


def test_a_body_shorter_than_promised_is_transient(settings: Settings) -> None:
    assert type(failure(settings, Answer(200, "{}", missing_bytes=50))) is TransientError


def test_a_refused_connection_is_transient(settings: Settings) -> None:
    with pytest.raises(TransientError, match="ConnectError"):
        fetched(settings, refusing_url())


def test_a_key_among_the_parameters_reaches_neither_errors_nor_logs(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        errors = [failure(settings, given) for given in (answer({}, 500), answer({}, 404), Answer(200, "<"))]
    assert SECRET not in " ".join(map(str, errors)) + caplog.text
