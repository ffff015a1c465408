from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from include.config.settings import load_settings
from include.core.errors import InvalidInputError
from include.sandbox.control_api import parse_duration
from tests.support.sandbox import running_sandbox


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,OGN/USDT:USDT")
    monkeypatch.setenv("PERPETUA_SLACK_CHANNEL", "#<ops>")
    with running_sandbox(load_settings()) as (base_url, _), httpx.Client(base_url=base_url) as client:
        yield client


def market_now(client: httpx.Client) -> datetime:
    return datetime.fromisoformat(client.get("/sandbox/clock").json()["market_now"])


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        (" 2 d ", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_durations_are_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "4", "h", "-4h", "4.5h", "4 hours", "٤h", None, 4, ["4h"]])
def test_other_durations_are_refused_with_a_hint(text: object) -> None:
    with pytest.raises(InvalidInputError, match=r"`by` must be a whole number.*Hint: 4h"):
        parse_duration(text)


def test_health_says_what_is_served(client: httpx.Client) -> None:
    health = client.get("/health").json()
    assert (health["status"], health["data"]) == ("ok", "synthetic")
    assert datetime.fromisoformat(health["market_now"]).tzinfo is not None


def test_advance_moves_every_service_at_once(client: httpx.Client) -> None:
    before = market_now(client)
    answer = client.post("/sandbox/advance", json={"by": "4h"})
    assert answer.status_code == 200
    assert timedelta(hours=4) <= market_now(client) - before < timedelta(hours=4, minutes=1)
    assert client.get("/fapi/v1/time").json()["serverTime"] >= answer.json()["market_now_ms"]


@pytest.mark.parametrize("body", ['{"by": "soon"}', '{"by": "0h"}', "{}", "[]", "not json", '{"by": "999999w"}'])
def test_a_bad_advance_is_refused_and_moves_nothing(client: httpx.Client, body: str) -> None:
    before = market_now(client)
    answer = client.post("/sandbox/advance", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert market_now(client) - before < timedelta(minutes=1)


def test_the_index_page_shows_time_symbols_and_slack(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "2026-02-22 00:00 UTC" in page.text
    assert "OGNUSDT" in page.text
    assert 'href="/slack"' in page.text


def test_the_index_page_escapes_what_others_wrote(client: httpx.Client) -> None:
    assert "#&lt;ops&gt;" in client.get("/").text


def test_the_form_moves_the_clock_and_returns_to_the_page(client: httpx.Client) -> None:
    answer = client.post("/sandbox/advance", data={"by": "1d"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "2026-02-23 00:00 UTC" in client.get("/").text


def test_a_bad_form_shows_the_page_with_the_reason(client: httpx.Client) -> None:
    answer = client.post("/sandbox/advance", data={"by": "<b>"})
    assert answer.status_code == 400
    assert "&lt;b&gt;" in answer.text
    assert "Perpetua sandbox" in answer.text
