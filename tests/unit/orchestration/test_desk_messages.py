import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.alerts.delivery import Attachment, deliver
from include.alerts.message import Message
from include.config.settings import Settings, load_settings
from include.core.clock import wall_now
from include.orchestration.desk_messages import unsent

NOW = datetime(2026, 2, 23, 15, 0, tzinfo=UTC)


@pytest.fixture
def down(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose Slack nobody answers for."""
    monkeypatch.setenv("PERPETUA_SLACK_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("include.alerts.delivery.INLINE_ATTEMPTS", 1)
    return load_settings()


def test_a_home_without_an_outbox_owes_nothing(settings: Settings) -> None:
    assert unsent(settings.home, NOW) == []
    assert not settings.home.alerts.exists()


def test_a_message_and_its_file_that_did_not_arrive_are_told_in_their_order(down: Settings, tmp_path: Path) -> None:
    (tmp_path / "curves.png").write_bytes(b"png")
    text = "Morning &lt;standup&gt;\nsecond line"
    deliver(down, Message(text=text, key="one"), files=[Attachment(tmp_path / "curves.png", "Training curves")])
    # what was told this minute and has met no error is on its way
    (refused,) = unsent(down.home, wall_now())
    assert refused.text == "Morning <standup>"
    message, file = unsent(down.home, wall_now() + timedelta(minutes=2))
    assert (message.text, file.text) == ("Morning <standup>", "Training curves")
    assert message.reason.startswith("pending: ")
    assert len(message.reason) > len("pending: ")
    assert message.since.tzinfo is not None


def test_a_long_text_is_cut(down: Settings) -> None:
    deliver(down, Message(text="x" * 500, key="long"))
    (message,) = unsent(down.home, NOW)
    assert (len(message.text), message.text[-1]) == (140, "…")


def test_an_outbox_that_cannot_be_read_is_told(settings: Settings) -> None:
    settings.home.alerts.parent.mkdir(parents=True, exist_ok=True)
    settings.home.alerts.write_bytes(b"this is no database" * 100)
    (told,) = unsent(settings.home, NOW)
    assert told.text == "The outbox cannot be read"
    assert told.reason


def test_reading_sends_nothing(down: Settings) -> None:
    deliver(down, Message(text="words", key="one"))
    before = sqlite3.connect(down.home.alerts).execute("SELECT sum(attempts) FROM outbox").fetchone()
    unsent(down.home, NOW)
    assert sqlite3.connect(down.home.alerts).execute("SELECT sum(attempts) FROM outbox").fetchone() == before
