from collections.abc import Iterator

import httpx
import pytest
from slack_sdk.errors import SlackApiError

from include.sandbox.slack_api import SCOPES
from tests.unit.sandbox.slack_server import SlackServer, refusal, slack_server


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with slack_server(monkeypatch) as server:
        yield server


@pytest.mark.parametrize(("token", "code"), [("", "not_authed"), ("xoxp-user", "invalid_auth"), ("x", "invalid_auth")])
def test_only_bot_tokens_are_accepted(slack: SlackServer, token: str, code: str) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client_with(token).auth_test()
    assert refusal(error) == code


def test_the_token_may_also_be_an_argument(slack: SlackServer) -> None:
    answer = httpx.post(f"{slack.base_url}/api/auth.test", data={"token": "xoxb-any"}).json()
    assert answer["ok"] is True


def test_every_answer_names_the_scopes(slack: SlackServer) -> None:
    assert slack.client.auth_test().headers["x-oauth-scopes"] == SCOPES


def test_an_unknown_method_is_refused(slack: SlackServer) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.api_call("chat.explode")
    assert refusal(error) == "unknown_method"


def test_forms_and_json_are_read_alike(slack: SlackServer) -> None:
    address, headers = f"{slack.base_url}/api/chat.postMessage", {"Authorization": "Bearer xoxb-any"}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]
    by_json = httpx.post(address, headers=headers, json={"channel": "perpetua", "text": "a", "blocks": blocks}).json()
    form = {
        "channel": "perpetua",
        "text": "a",
        "blocks": '[{"type":"section","text":{"type":"mrkdwn","text":"hello"}}]',
    }
    by_form = httpx.post(address, headers=headers, data=form).json()
    assert by_json["message"]["blocks"] == by_form["message"]["blocks"] == blocks


@pytest.mark.parametrize(
    ("content", "code"), [("{", "invalid_json"), ("[]", "json_not_object")], ids=["broken", "a list"]
)
def test_a_body_that_is_no_json_object_is_refused(slack: SlackServer, content: str, code: str) -> None:
    headers = {"Authorization": "Bearer xoxb-any", "Content-Type": "application/json"}
    answer = httpx.post(f"{slack.base_url}/api/chat.postMessage", headers=headers, content=content).json()
    assert answer == {"ok": False, "error": code}


def test_blocks_that_are_no_json_have_no_format(slack: SlackServer) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="a", blocks="[{")
    assert refusal(error) == "invalid_blocks_format"


def test_an_upload_must_have_the_announced_length(slack: SlackServer) -> None:
    answer = slack.client.files_getUploadURLExternal(filename="a.png", length=5)
    assert httpx.post(answer["upload_url"], content=b"abc").status_code == 400
    assert httpx.post(answer["upload_url"], content=b"abcde").status_code == 200
    assert httpx.post(f"{slack.base_url}/slack/upload/v1/F123", content=b"x").status_code == 400


def test_what_was_posted_survives_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    with slack_server(monkeypatch) as server:
        ts = server.client.chat_postMessage(channel="perpetua", text="kept")["ts"]
    with slack_server(monkeypatch) as server:
        channel = server.client.conversations_list()["channels"][0]["id"]
        assert [m["ts"] for m in server.client.conversations_history(channel=channel)["messages"]] == [ts]
