"""Messages to people survive what happens to their sender and to Slack: each arrives, once, in its order."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from slack_sdk import WebClient

from include.alerts.delivery import deliver, flush, undelivered
from include.alerts.message import Message
from include.config.settings import Settings, load_settings
from tests.support.sandbox import RunningSandbox, running_sandbox

pytestmark = pytest.mark.integration

DAY = "day:2026-02-23"
CHILD = """
import sys
from include.alerts.delivery import deliver
from include.alerts.message import Message
from include.config.settings import load_settings
deliver(load_settings(), Message(text=sys.argv[1], key=sys.argv[1]), sys.argv[2] or None)
"""


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with running_sandbox(load_settings()) as running:
        monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(running.settings.sandbox_port))
        yield running


def child(key: str, thread: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CHILD, key, thread], env=dict(os.environ))


def texts(slack: RunningSandbox) -> list[str]:
    """Every text, threads in their place, oldest first."""
    client = WebClient(token="xoxb-reader", base_url=f"{slack.base_url}/api/")
    channel = client.conversations_list()["channels"][0]["id"]
    parents = client.conversations_history(channel=channel)["messages"][::-1]
    threads = [client.conversations_replies(channel=channel, ts=parent["ts"])["messages"] for parent in parents]
    return [message["text"] for thread in threads for message in thread]


def queue(slack: RunningSandbox, **fault: object) -> None:
    httpx.post(f"{slack.base_url}/sandbox/slack/faults", json=fault).raise_for_status()


def wait_for(slack: RunningSandbox, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in texts(slack):
        assert time.monotonic() < deadline, f"{text} did not arrive"
        time.sleep(0.02)


@pytest.mark.parametrize("thread", ["", DAY])
def test_a_sender_killed_between_acceptance_and_acknowledgement_doubles_nothing(
    slack: RunningSandbox, thread: str
) -> None:
    if thread:
        deliver(slack.settings, Message(text="first", key="first"), thread)
    queue(slack, kind="slow_acknowledgement", seconds=50, method="chat.postMessage")
    process = child("killed", thread)
    wait_for(slack, "killed")
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (left,) = undelivered(slack.settings.home)
    assert (left.key, left.is_uncertain) == ("killed", True)
    assert flush(slack.settings) == []
    assert texts(slack).count("killed") == 1


def test_a_sender_killed_before_it_could_send_loses_nothing(slack: RunningSandbox) -> None:
    # whoever holds the turn to send: the child has written its message and waits
    slack.settings.home.root.mkdir(parents=True, exist_ok=True)
    with slack.settings.home.alerts.with_suffix(".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        process = child("killed")
        deadline = time.monotonic() + 60
        while not undelivered(slack.settings.home):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait()
    assert texts(slack) == []
    assert flush(slack.settings) == []
    assert texts(slack) == ["killed"]


def test_processes_that_tell_the_same_at_once_make_one_message(slack: RunningSandbox) -> None:
    processes = [child(key, DAY) for key in ("a", "a", "b", "b")]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    told = texts(slack)
    assert len(told) == 3
    assert sorted(told[1:]) == ["a", "b"]


def test_after_an_outage_everything_arrives_in_its_order(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = settings.model_copy(update={"sandbox_port": unused.getsockname()[1]})
    names = [f"message {number}" for number in range(6)]
    monkeypatch.setattr("include.alerts.delivery.INLINE_ATTEMPTS", 1)
    for name in names:
        assert deliver(away, Message(text=name, key=name), DAY) is None
    assert len(undelivered(settings.home)) == 7
    with running_sandbox(settings) as slack:
        queue(slack, kind="lost_acknowledgement", times=2)
        queue(slack, kind="rate_limited", retry_after=0, times=2)
        queue(slack, kind="server_error")
        passes = 0
        while flush(slack.settings):
            passes += 1
            assert passes < 10
        told = texts(slack)
    assert told[0].startswith("Campaign Phase 4")
    assert told[1:] == names
