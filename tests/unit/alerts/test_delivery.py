"""Against a real sandbox Slack on loopback; its faults are queued through its own API."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from include.alerts import delivery, sender
from include.alerts.delivery import Attachment, deliver, flush, retry, told_before, undelivered
from include.alerts.incidents import NOTHING_BEFORE
from include.alerts.message import Message, section
from include.alerts.outbox import New, Outbox, State
from include.config.settings import Settings, load_settings
from include.core.clock import wall_now
from include.core.locks import in_turn
from tests.support.sandbox import RunningSandbox, running_sandbox


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    monkeypatch.setattr(delivery, "INLINE_ATTEMPTS", 1)
    # long beside whatever a loaded machine takes
    monkeypatch.setattr(sender, "FIRST_WAIT", timedelta(minutes=1))
    with running_sandbox(load_settings()) as running:
        yield running


def told(key: str, text: str | None = None, **values: Any) -> Message:
    return Message(text=text or key, blocks=(section(text or key),), key=key, **values)


def queue(slack: RunningSandbox, **fault: object) -> None:
    httpx.post(f"{slack.base_url}/sandbox/slack/faults", json=fault).raise_for_status()


def reader(slack: RunningSandbox) -> tuple[WebClient, str]:
    client = WebClient(token="xoxb-reader", base_url=f"{slack.base_url}/api/")
    return client, client.conversations_list()["channels"][0]["id"]


def channel(slack: RunningSandbox) -> list[str]:
    """Texts of the channel, oldest first."""
    client, channel_id = reader(slack)
    return [m["text"] for m in client.conversations_history(channel=channel_id)["messages"]][::-1]


def thread(slack: RunningSandbox, ts: str | None) -> list[dict[str, Any]]:
    client, channel_id = reader(slack)
    return list(client.conversations_replies(channel=channel_id, ts=str(ts))["messages"])


def standing(settings: Settings, key: str) -> Any:
    entry = Outbox(settings.home.alerts).entry(key)
    assert entry is not None
    return entry


def due(settings: Settings) -> None:
    """Let every wait be over."""
    with sqlite3.connect(settings.home.alerts) as connection:
        connection.execute("UPDATE outbox SET next_attempt_at = 0")
        connection.execute("DELETE FROM hold")


def test_a_message_arrives_once_however_often_it_is_told(slack: RunningSandbox) -> None:
    first = deliver(slack.settings, told("a"))
    second = deliver(slack.settings, told("a", "in other words"))
    assert first is not None
    assert second == first
    assert channel(slack) == ["a"]
    assert undelivered(slack.settings.home) == []


def test_a_message_is_in_the_outbox_before_it_is_sent(slack: RunningSandbox) -> None:
    queue(slack, kind="server_error")
    assert deliver(slack.settings, told("a")) is None
    (entry,) = undelivered(slack.settings.home)
    assert (entry.key, entry.state, entry.attempts) == ("a", State.PENDING, 1)
    assert entry.error is not None
    assert "503" in entry.error
    assert entry.next_attempt_at - entry.first_attempt_at == sender.FIRST_WAIT


def test_what_did_not_arrive_is_sent_by_the_next_retry_once_it_is_due(slack: RunningSandbox) -> None:
    queue(slack, kind="server_error")
    deliver(slack.settings, told("a"))
    assert [entry.key for entry in retry(slack.settings)] == ["a"]
    due(slack.settings)
    assert retry(slack.settings) == []
    assert channel(slack) == ["a"]


def test_the_next_message_takes_with_it_what_is_due(slack: RunningSandbox) -> None:
    queue(slack, kind="server_error")
    deliver(slack.settings, told("a"))
    due(slack.settings)
    assert deliver(slack.settings, told("b")) is not None
    assert channel(slack) == ["a", "b"]


def test_the_wait_doubles_up_to_its_cap(slack: RunningSandbox) -> None:
    waits = []
    for attempt in range(12):
        queue(slack, kind="server_error", method="chat.postMessage")
        before = wall_now()
        deliver(slack.settings, told("a")) if attempt == 0 else flush(slack.settings)
        waits.append((standing(slack.settings, "a").next_attempt_at - before) // sender.FIRST_WAIT)
    assert waits == [1, 2, 4, 8, *[10] * 8]


def test_the_wait_grows_while_even_the_key_cannot_be_looked_up(slack: RunningSandbox) -> None:
    queue(slack, kind="server_error", times=3)
    deliver(slack.settings, told("a"))
    flush(slack.settings)
    before = wall_now()
    flush(slack.settings)
    entry = standing(slack.settings, "a")
    assert (entry.attempts, entry.is_uncertain) == (3, True)
    assert (entry.next_attempt_at - before) // sender.FIRST_WAIT == 4


def test_a_rate_limit_holds_everything_for_as_long_as_slack_asks(slack: RunningSandbox) -> None:
    queue(slack, kind="rate_limited", retry_after=40)
    before = wall_now()
    assert deliver(slack.settings, told("a")) is None
    assert deliver(slack.settings, told("b")) is None
    assert flush(slack.settings) != []
    assert channel(slack) == []
    held = Outbox(slack.settings.home.alerts).held_until()
    assert held is not None
    assert 40 <= (held - before).total_seconds() < 100
    assert standing(slack.settings, "b").attempts == 0
    due(slack.settings)
    assert retry(slack.settings) == []
    assert channel(slack) == ["a", "b"]


def test_a_short_rate_limit_is_sat_through(slack: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "INLINE_ATTEMPTS", 3)
    queue(slack, kind="rate_limited", retry_after=1)
    assert deliver(slack.settings, told("a")) is not None
    assert channel(slack) == ["a"]


def test_a_caller_in_a_hurry_makes_one_attempt(slack: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "INLINE_ATTEMPTS", 3)
    queue(slack, kind="rate_limited", retry_after=0)
    assert deliver(slack.settings, told("a"), is_patient=False) is None
    assert standing(slack.settings, "a").attempts == 1


def test_a_lost_acknowledgement_does_not_double_the_message(slack: RunningSandbox) -> None:
    queue(slack, kind="lost_acknowledgement")
    assert deliver(slack.settings, told("a")) is None
    assert standing(slack.settings, "a").is_uncertain
    due(slack.settings)
    assert retry(slack.settings) == []
    assert channel(slack) == ["a"]
    entry = standing(slack.settings, "a")
    assert (entry.state, entry.attempts, entry.is_uncertain) == (State.SENT, 2, False)
    assert [m["ts"] for m in thread(slack, entry.ts)] == [entry.ts]


def test_a_lost_acknowledgement_of_a_reply_and_of_its_file_double_nothing(
    slack: RunningSandbox, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"figure")
    files = [Attachment(tmp_path / "a.png", "Curves")]
    queue(slack, kind="lost_acknowledgement", method="chat.postMessage", times=2)
    queue(slack, kind="lost_acknowledgement", method="files.completeUploadExternal")
    deliver(slack.settings, told("a"), "day:2026-02-23", files)
    for _ in range(4):
        due(slack.settings)
        retry(slack.settings)
    assert undelivered(slack.settings.home) == []
    parent, reply, file = thread(slack, standing(slack.settings, "thread:day:2026-02-23").ts)
    assert parent["reply_count"] == 2
    assert reply["text"] == "a"
    assert [shared["title"] for shared in file["files"]] == ["Curves"]


def test_a_thread_keeps_its_order_and_its_first_message_stands_first(slack: RunningSandbox) -> None:
    queue(slack, kind="server_error", times=2)
    assert deliver(slack.settings, told("a"), "day:2026-02-23") is None
    assert deliver(slack.settings, told("b"), "day:2026-02-23") is None
    assert deliver(slack.settings, told("c"), "day:2026-02-23") is not None
    texts = [message["text"] for message in thread(slack, standing(slack.settings, "thread:day:2026-02-23").ts)]
    assert texts[0].startswith("Campaign Phase 4 · Monday 23 Feb 2026 · day 1 of 5")
    assert texts[1:] == ["a", "b", "c"]


def test_another_thread_does_not_wait_for_one_that_is_held_up(slack: RunningSandbox) -> None:
    queue(slack, kind="server_error")
    deliver(slack.settings, told("a"), "day:2026-02-23")
    assert deliver(slack.settings, told("b"), "run:none") is not None
    assert [text for text in channel(slack) if "23 Feb" in text] == []


def test_a_thread_whose_first_message_is_gone_is_begun_anew(slack: RunningSandbox) -> None:
    deliver(slack.settings, told("a"), "day:2026-02-23")
    with sqlite3.connect(slack.settings.home.sandbox / "slack" / "slack.sqlite") as connection:
        connection.execute("DELETE FROM messages")
    assert deliver(slack.settings, told("b"), "day:2026-02-23") is not None
    texts = [message["text"] for message in thread(slack, standing(slack.settings, "thread:day:2026-02-23").ts)]
    assert texts[1:] == ["b"]


@pytest.mark.parametrize("change", ["token", "channel"])
def test_a_refusal_is_loud_stops_nothing_and_is_made_up_for_once_it_is_mended(
    slack: RunningSandbox, change: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = slack.settings.model_copy(update={"slack_channel": "#elsewhere"})
    if change == "token":
        monkeypatch.setenv("PERPETUA_SLACK_TOKEN", "not-a-bot-token")
        broken = load_settings().model_copy(update={"sandbox_port": slack.settings.sandbox_port})
    assert deliver(broken, told("a"), "day:2026-02-23") is None
    assert deliver(broken, told("b"), "day:2026-02-23") is None
    assert {entry.state for entry in undelivered(broken.home)} == {State.REFUSED}
    loud = [record for record in caplog.records if record.levelname == "ERROR" and "Hint:" in record.getMessage()]
    assert loud
    assert deliver(slack.settings, told("c"), "day:2026-02-23") is not None
    assert undelivered(slack.settings.home) == []
    texts = [message["text"] for message in thread(slack, standing(slack.settings, "thread:day:2026-02-23").ts)]
    assert texts[1:] == ["a", "b", "c"]


def test_live_mode_without_a_token_is_a_refusal_too(settings: Settings) -> None:
    live = settings.model_copy(update={"mode": "live"})
    assert deliver(live, told("a")) is None
    (entry,) = undelivered(live.home)
    assert "PERPETUA_SLACK_TOKEN" in str(entry.error)


def test_a_refused_content_holds_nothing_else_up(slack: RunningSandbox) -> None:
    broken = Message(text="a", blocks=({"type": "unheard_of"},), key="a")
    assert deliver(slack.settings, broken, "day:2026-02-23") is None
    assert deliver(slack.settings, told("b"), "day:2026-02-23") is not None
    (entry,) = retry(slack.settings)
    assert (entry.key, entry.state) == ("a", State.REFUSED)
    assert "invalid_blocks" in str(entry.error)


def test_a_file_that_is_gone_is_refused_and_its_message_stands(slack: RunningSandbox, tmp_path: Path) -> None:
    assert deliver(slack.settings, told("a"), files=[Attachment(tmp_path / "none.png", "t")]) is not None
    (entry,) = undelivered(slack.settings.home)
    assert "none.png" in str(entry.error)


def test_an_outbox_that_cannot_be_used_stops_nothing(slack: RunningSandbox, caplog: pytest.LogCaptureFixture) -> None:
    slack.settings.home.alerts.parent.mkdir(parents=True, exist_ok=True)
    slack.settings.home.alerts.write_text("not a database " * 100)
    assert deliver(slack.settings, told("a")) is None
    assert "must be an outbox" in caplog.text


def test_nothing_is_made_by_asking_what_is_undelivered(settings: Settings) -> None:
    assert undelivered(settings.home) == []
    assert not settings.home.alerts.exists()


def test_many_processes_that_tell_the_same_make_one_message(slack: RunningSandbox) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        posted = pool.starmap(
            deliver, [(slack.settings, told(key), "day:2026-02-23") for key in ("a", "b", "a", "b", "a", "b", "a", "b")]
        )
    assert None not in posted
    texts = [message["text"] for message in thread(slack, standing(slack.settings, "thread:day:2026-02-23").ts)]
    assert sorted(texts[1:]) == ["a", "b"]


def test_a_critical_reply_is_broadcast(slack: RunningSandbox) -> None:
    deliver(slack.settings, told("a", is_broadcast=True), "day:2026-02-23")
    assert channel(slack)[1:] == ["a"]


def test_a_chart_that_slack_does_not_take_holds_no_message_up(slack: RunningSandbox, tmp_path: Path) -> None:
    day, figure = "day:2026-02-23", tmp_path / "a.png"
    figure.write_bytes(b"figure")
    queue(slack, kind="server_error", method="files.getUploadURLExternal", times=9)
    assert deliver(slack.settings, told("a"), day, [Attachment(figure, "Curves")]) is not None
    due(slack.settings)
    # the second time its wait is not over: that holds nothing up either
    for key in ("b", "c"):
        assert deliver(slack.settings, told(key, is_broadcast=True), day) is not None
    (left,) = undelivered(slack.settings.home)
    assert (left.kind, left.state, left.attempts) == ("file", State.PENDING, 2)
    httpx.delete(f"{slack.base_url}/sandbox/slack/faults").raise_for_status()
    due(slack.settings)
    assert retry(slack.settings) == []


def test_a_rate_limit_of_files_is_none_of_messages(slack: RunningSandbox, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"figure")
    queue(slack, kind="rate_limited", retry_after=40, method="files.getUploadURLExternal")
    deliver(slack.settings, told("a"), files=[Attachment(tmp_path / "a.png", "Curves")])
    assert deliver(slack.settings, told("b")) is not None
    (left,) = undelivered(slack.settings.home)
    assert (left.next_attempt_at - left.first_attempt_at).total_seconds() >= 39


def test_a_chart_is_dropped_after_a_day(
    slack: RunningSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.png").write_bytes(b"figure")
    queue(slack, kind="server_error", method="files.getUploadURLExternal", times=2)
    deliver(slack.settings, told("a"), files=[Attachment(tmp_path / "a.png", "Curves")])
    with sqlite3.connect(slack.settings.home.alerts) as connection:
        connection.execute("UPDATE outbox SET created_at = created_at - 86400000 WHERE kind = 'file'")
    due(slack.settings)
    assert retry(slack.settings) == []
    assert "is dropped" in caplog.text
    assert channel(slack) == ["a"]


def test_a_row_that_cannot_be_sent_for_an_unexpected_reason_is_refused_and_blocks_nobody(
    slack: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = told("a").model_dump_json()[:-1] + ', "of_a_later_version": 1}'
    Outbox(slack.settings.home.alerts).put([New("a", None, "message", unknown)], wall_now())
    assert deliver(slack.settings, told("b")) is not None
    (left,) = undelivered(slack.settings.home)
    assert (left.key, left.state, left.is_configuration) == ("a", State.REFUSED, False)
    assert "ValidationError" in str(left.error)
    assert "Traceback" in caplog.text


def test_a_token_that_is_not_ascii_is_a_refusal_that_does_not_show_it(
    slack: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    broken = slack.settings.model_copy(update={"slack_token": SecretStr("xoxb-13579…")})
    assert deliver(broken, told("a"), "day:2026-02-23") is None
    left = undelivered(broken.home)
    assert [(entry.state, entry.is_configuration) for entry in left] == [(State.REFUSED, True)] * 2
    assert "13579" not in caplog.text
    assert deliver(slack.settings, told("b"), "day:2026-02-23") is not None
    assert undelivered(slack.settings.home) == []


def test_telling_raises_nothing_whatever_happens(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    # no file, no report: a mistake of whoever tells
    assert deliver(settings, told("a"), files=[None]) is None  # type: ignore[list-item]  # the point
    assert told_before(settings, None, "a", wall_now()) == NOTHING_BEFORE  # type: ignore[arg-type]  # the point
    assert caplog.text.count("Traceback") == 2


@pytest.mark.parametrize("is_patient", [True, False])
def test_a_sender_that_does_not_end_is_not_waited_for_and_the_message_is_kept(
    slack: RunningSandbox, is_patient: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery, "TURN_SECONDS", 0.1)
    with in_turn(slack.settings.home.alerts.with_suffix(".lock"), 1):
        assert deliver(slack.settings, told("a"), is_patient=is_patient) is None
        assert [entry.key for entry in retry(slack.settings)] == ["a"]
    assert "another process is sending" in caplog.text
    assert retry(slack.settings) == []
    assert channel(slack) == ["a"]
