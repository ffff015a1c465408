import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from include.alerts.message import Message, section
from include.alerts.slack import SlackChannel, ThreadGoneError
from include.config.settings import Settings, load_settings
from include.core.clock import wall_now
from include.core.errors import (
    ConfigurationError,
    InvalidInputError,
    MissingInputError,
    RateLimitedError,
    TransientError,
)
from include.sandbox.slack_store import SlackStore
from tests.support.sandbox import RunningSandbox, running_sandbox

HELLO = Message(text="hello", blocks=(section("*hello*"),), key="k1")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with running_sandbox(load_settings()) as running:
        yield running


def history(sandbox: RunningSandbox) -> list[dict[str, object]]:
    client = WebClient(token="xoxb-reader", base_url=f"{sandbox.base_url}/api/")
    channel = client.conversations_list()["channels"][0]["id"]
    return list(client.conversations_history(channel=channel, include_all_metadata=True)["messages"])


def queue(sandbox: RunningSandbox, **fault: object) -> None:
    httpx.post(f"{sandbox.base_url}/sandbox/slack/faults", json=fault).raise_for_status()


def changed(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update=values)


def test_a_message_arrives_with_its_blocks_and_its_key(sandbox: RunningSandbox) -> None:
    posted = SlackChannel(sandbox.settings).post(HELLO)
    (message,) = history(sandbox)
    assert message["ts"] == posted.ts
    assert message["blocks"] == list(HELLO.blocks)
    assert message["metadata"] == {"event_type": "perpetua_message", "event_payload": {"key": "k1"}}
    assert posted.permalink is not None
    assert posted.permalink.startswith(sandbox.base_url)


def test_a_plain_message_has_no_blocks(sandbox: RunningSandbox) -> None:
    SlackChannel(sandbox.settings).post(Message(text="plain", key="k"))
    (message,) = history(sandbox)
    assert message["text"] == "plain"
    assert "blocks" not in message


def test_replies_and_files_go_into_the_thread(sandbox: RunningSandbox, tmp_path: Path) -> None:
    figure = tmp_path / "figure.png"
    figure.write_bytes(b"bytes of a figure")
    parent = SlackChannel(sandbox.settings).post(HELLO)
    SlackChannel(sandbox.settings).post(Message(text="reply", key="k2"), thread=parent.ts)
    # a channel object of another task has never posted and must find the channel's id itself
    file_id = SlackChannel(sandbox.settings).upload(figure, "The figure", parent.ts).ts
    (message,) = history(sandbox)
    assert message["reply_count"] == 2
    assert httpx.get(f"{sandbox.base_url}/slack/files/{file_id}").content == b"bytes of a figure"


def test_a_file_that_does_not_exist_is_named(sandbox: RunningSandbox, tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"none\.png"):
        SlackChannel(sandbox.settings).upload(tmp_path / "none.png", "title")


def test_a_bad_token_is_loud_and_says_what_to_do(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SLACK_TOKEN", "not-a-bot-token")
    settings = changed(load_settings(), sandbox_port=sandbox.settings.sandbox_port)
    with pytest.raises(ConfigurationError, match=r"invalid_auth.*PERPETUA_SLACK_TOKEN"):
        SlackChannel(settings).post(HELLO)


def test_a_bad_channel_is_loud_for_messages_and_for_files(sandbox: RunningSandbox, tmp_path: Path) -> None:
    channel = SlackChannel(changed(sandbox.settings, slack_channel="#elsewhere"))
    (tmp_path / "a.png").write_bytes(b"a")
    with pytest.raises(ConfigurationError, match=r"'#elsewhere': channel_not_found.*invite"):
        channel.post(HELLO)
    with pytest.raises(ConfigurationError, match=r"'#elsewhere': channel_not_found"):
        channel.upload(tmp_path / "a.png", "title")


def test_a_rate_limit_is_handed_to_the_caller_with_its_wait(sandbox: RunningSandbox) -> None:
    queue(sandbox, kind="rate_limited", retry_after=31)
    with pytest.raises(RateLimitedError) as error:
        SlackChannel(sandbox.settings).post(HELLO)
    assert error.value.retry_after_seconds == 31
    assert history(sandbox) == []


@pytest.mark.parametrize("kind", ["server_error", "lost_acknowledgement"])
def test_one_call_is_one_attempt(sandbox: RunningSandbox, kind: str) -> None:
    queue(sandbox, kind=kind)
    with pytest.raises(TransientError):
        SlackChannel(sandbox.settings).post(HELLO)
    assert len(history(sandbox)) == (1 if kind == "lost_acknowledgement" else 0)


def test_a_message_is_found_by_its_key_in_the_channel_and_in_a_thread(sandbox: RunningSandbox) -> None:
    channel, start = SlackChannel(sandbox.settings), wall_now() - timedelta(seconds=1)
    parent = channel.post(HELLO)
    reply = channel.post(Message(text="reply", key="k2"), parent.ts)
    reader = SlackChannel(sandbox.settings)
    assert reader.find("k1", None, start) == parent
    assert reader.find("k2", parent.ts, start) == reply
    assert reader.find("k2", None, start) is None
    assert reader.find("k1", None, wall_now() + timedelta(seconds=1)) is None


def test_a_message_is_found_behind_hundreds_of_others(sandbox: RunningSandbox) -> None:
    channel, start = SlackChannel(sandbox.settings), wall_now() - timedelta(seconds=1)
    first = channel.post(HELLO)
    store = SlackStore(sandbox.settings.home.sandbox / "slack")
    shown = store.channel("perpetua")
    assert shown is not None
    for number in range(230):
        store.add_message(shown, {"text": str(number), "user": "U1"})
    assert channel.find("k1", None, start) == first


def test_a_file_is_found_by_its_title(sandbox: RunningSandbox, tmp_path: Path) -> None:
    channel, start = SlackChannel(sandbox.settings), wall_now() - timedelta(seconds=1)
    (tmp_path / "a.png").write_bytes(b"a")
    parent = channel.post(HELLO)
    uploaded = channel.upload(tmp_path / "a.png", "Curves", parent.ts)
    assert channel.find_file("Curves", parent.ts, start) == uploaded
    assert channel.find_file("Other", parent.ts, start) is None


def test_a_reply_to_a_message_that_is_gone_is_refused_as_such(sandbox: RunningSandbox) -> None:
    with pytest.raises(ThreadGoneError, match="first message"):
        SlackChannel(sandbox.settings).post(HELLO, "1700000000.000100")


def test_a_failing_slack_is_worth_another_try(sandbox: RunningSandbox) -> None:
    queue(sandbox, kind="lost_acknowledgement")
    with pytest.raises(TransientError, match="502"):
        SlackChannel(sandbox.settings).post(HELLO)


def test_a_message_that_is_out_is_reported_as_posted_even_without_its_address(
    sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    channel = SlackChannel(sandbox.settings)
    original = channel._client.chat_postMessage

    def post_then_fail(**arguments: object) -> object:
        answer = original(**arguments)
        queue(sandbox, kind="lost_acknowledgement")
        return answer

    channel._client.chat_postMessage = post_then_fail  # the fault must come between two calls of one method
    posted = channel.post(HELLO)
    assert posted.permalink is None
    assert posted.ts == history(sandbox)[0]["ts"]
    assert "No permalink" in caplog.text


def test_an_unreachable_slack_is_worth_another_try(settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(TransientError, match="could not be reached"):
        SlackChannel(changed(settings, sandbox_port=port)).post(HELLO)


def test_refused_content_is_our_own_mistake(sandbox: RunningSandbox) -> None:
    broken = Message(text="a", blocks=({"type": "unheard_of"},), key="k")
    with pytest.raises(InvalidInputError, match=r"invalid_blocks.*unheard_of") as error:
        SlackChannel(sandbox.settings).post(broken)
    assert not isinstance(error.value, ConfigurationError)


class _Answering(BaseHTTPRequestHandler):
    """Answers whatever is asked with what its class holds."""

    status, body, headers_sent = 200, b"", (("Content-Type", "application/json"),)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        for name, value in self.headers_sent:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(settings: Settings, status: int, body: str, **headers: str) -> Iterator[SlackChannel]:
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    handler = type("Answering", (_Answering,), {"status": status, "body": body.encode(), "headers_sent": sent})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield SlackChannel(changed(settings, slack_url=f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>Sign in to the network</html>"),
        (403, "<html>proxy</html>"),
        (200, '{"message": "maintenance"}'),
        (200, "null"),
        (200, "[]"),
        (408, '{"ok": false, "error": "request_expired"}'),
        (200, '{"ok": false, "error": "team_added_to_org"}'),
    ],
)
def test_what_is_no_answer_of_slack_is_worth_another_try(settings: Settings, status: int, body: str) -> None:
    with answering(settings, status, body) as channel, pytest.raises(TransientError) as error:
        channel.post(HELLO)
    assert not isinstance(error.value, RateLimitedError)


@pytest.mark.parametrize(
    ("wait", "seconds"), [("7", 7), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("9" * 400, 86_400)]
)
def test_a_rate_limit_has_two_spellings_and_any_wait(settings: Settings, wait: str, seconds: float | None) -> None:
    body = '{"ok": false, "error": "rate_limited"}'
    with answering(settings, 200, body, Retry_After=wait) as channel, pytest.raises(RateLimitedError) as error:
        channel.post(HELLO)
    assert error.value.retry_after_seconds == seconds


@pytest.mark.parametrize("code", ["no_permission", "ekm_access_denied", "org_login_required"])
def test_what_an_administrator_must_grant_is_configuration(settings: Settings, code: str) -> None:
    with (
        answering(settings, 200, f'{{"ok": false, "error": "{code}"}}') as channel,
        pytest.raises(ConfigurationError, match=f"{code}. Hint:"),
    ):
        channel.post(HELLO)


@pytest.mark.parametrize("token", ["xoxb-12…", "xoxb-secret\nx", "xoxb secret"])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(settings: Settings, token: str) -> None:
    with pytest.raises(ConfigurationError, match="PERPETUA_SLACK_TOKEN` must be plain ASCII") as error:
        SlackChannel(changed(settings, slack_token=SecretStr(token)))
    assert token not in str(error.value)
    assert "secret" not in str(error.value)


def test_a_file_that_cannot_be_read_is_refused(sandbox: RunningSandbox) -> None:
    # its first bytes are never mapped
    with pytest.raises(InvalidInputError, match="must be a file that can be read, was /proc/self/mem"):
        SlackChannel(sandbox.settings).upload(Path("/proc/self/mem"), "title")


def test_live_mode_demands_a_token(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="PERPETUA_SLACK_TOKEN"):
        SlackChannel(changed(settings, mode="live"))


def test_sandbox_mode_never_leaves_loopback(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        SlackChannel(changed(settings, slack_url="https://slack.com"))


def test_a_proxy_of_the_environment_is_not_used_in_the_sandbox(
    sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    SlackChannel(sandbox.settings).post(HELLO)
    monkeypatch.delenv("HTTPS_PROXY")
    assert len(history(sandbox)) == 1
