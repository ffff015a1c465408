from collections.abc import Iterator

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from include.sandbox.slack_faults import CODES
from tests.unit.sandbox.slack_server import SlackServer, refusal, slack_server


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with slack_server(monkeypatch) as server:
        yield server


def queue(slack: SlackServer, **fault: object) -> httpx.Response:
    return httpx.post(f"{slack.base_url}/sandbox/slack/faults", json=fault)


def texts(slack: SlackServer) -> list[str]:
    channel = slack.client.conversations_list()["channels"][0]["id"]
    return [message["text"] for message in slack.client.conversations_history(channel=channel)["messages"]]


def test_a_rate_limit_is_answered_as_often_as_asked_for(slack: SlackServer) -> None:
    assert queue(slack, kind="rate_limited", times=2, retry_after=7).json() == {"queued": 2}
    for _ in range(2):
        with pytest.raises(SlackApiError) as error:
            slack.client.chat_postMessage(channel="perpetua", text="refused")
        assert refusal(error) == "ratelimited"
        assert error.value.response.status_code == 429
        assert error.value.response.headers["Retry-After"] == "7"
    slack.client.chat_postMessage(channel="perpetua", text="taken")
    assert texts(slack) == ["taken"]


def test_a_server_error_takes_nothing(slack: SlackServer) -> None:
    queue(slack, kind="server_error")
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="refused")
    assert error.value.response.status_code == 503
    assert texts(slack) == []


def test_a_lost_acknowledgement_takes_the_message_and_looks_like_a_failure(slack: SlackServer) -> None:
    queue(slack, kind="lost_acknowledgement")
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="taken")
    assert error.value.response.status_code == 502
    assert texts(slack) == ["taken"]


def test_an_unknown_fault_is_refused_with_the_known_ones(slack: SlackServer) -> None:
    answer = queue(slack, kind="earthquake")
    assert answer.status_code == 400
    assert "rate_limited" in answer.json()["error"]
    assert "'earthquake'" in answer.json()["error"]


@pytest.mark.parametrize("kind", list(CODES))
def test_every_refusal_of_slack_is_answered_as_slack_does(slack: SlackServer, kind: str) -> None:
    queue(slack, kind=kind)
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="refused")
    assert refusal(error) == kind
    assert error.value.response.status_code == 200
    assert error.value.response.get("needed") == ("chat:write" if kind == "missing_scope" else None)
    assert texts(slack) == []


def test_a_fault_of_a_method_waits_for_that_method(slack: SlackServer) -> None:
    queue(slack, kind="server_error", method="chat.update")
    ts = slack.client.chat_postMessage(channel="perpetua", text="taken")["ts"]
    channel = slack.client.conversations_list()["channels"][0]["id"]
    with pytest.raises(SlackApiError):
        slack.client.chat_update(channel=channel, ts=ts, text="changed")
    assert texts(slack) == ["taken"]


def test_a_slow_acknowledgement_takes_the_message_at_once(slack: SlackServer) -> None:
    queue(slack, kind="slow_acknowledgement", seconds=0.01)
    assert slack.client.chat_postMessage(channel="perpetua", text="taken")["ok"]
    assert texts(slack) == ["taken"]


def test_faults_are_forgotten_on_request(slack: SlackServer) -> None:
    queue(slack, kind="server_error", times=5)
    assert httpx.delete(f"{slack.base_url}/sandbox/slack/faults").json() == {"queued": 0}
    slack.client.chat_postMessage(channel="perpetua", text="taken")
    assert texts(slack) == ["taken"]
