import re
from pathlib import Path

import pytest

from include.sandbox.slack_store import Channel, SlackStore


@pytest.fixture
def store(tmp_path: Path) -> SlackStore:
    return SlackStore(tmp_path)


@pytest.fixture
def channel(store: SlackStore) -> Channel:
    return store.ensure_channel("#perpetua")


def body(text: str) -> dict[str, str]:
    return {"type": "message", "user": "U1", "text": text}


def test_a_channel_is_found_by_name_with_or_without_the_sign_and_by_id(store: SlackStore, channel: Channel) -> None:
    assert channel.name == "perpetua"
    assert channel.id.startswith("C")
    assert store.channel("perpetua") == store.channel("#perpetua") == store.channel(channel.id) == channel
    assert store.channel("elsewhere") is None


def test_ensuring_a_channel_twice_makes_one(store: SlackStore, channel: Channel) -> None:
    assert store.ensure_channel("perpetua") == channel
    assert store.channels() == [channel]


def test_message_times_look_like_slack_s_are_unique_and_increase(store: SlackStore, channel: Channel) -> None:
    stamps = [store.add_message(channel, body(str(i)))["ts"] for i in range(50)]
    assert all(re.fullmatch(r"\d{10}\.\d{6}", ts) for ts in stamps)
    assert stamps == sorted(set(stamps))


def test_history_is_newest_first_and_leaves_replies_to_their_thread(store: SlackStore, channel: Channel) -> None:
    first = store.add_message(channel, body("first"))
    store.add_message(channel, body("second"))
    store.add_message(channel, body("reply"), first["ts"])
    assert [message["text"] for message in store.history(channel)] == ["second", "first"]


def test_a_parent_counts_its_replies(store: SlackStore, channel: Channel) -> None:
    parent = store.add_message(channel, body("parent"))
    replies = [store.add_message(channel, body(f"reply {i}"), parent["ts"]) for i in range(2)]
    shown = store.history(channel)[0]
    assert shown["reply_count"] == 2
    assert shown["latest_reply"] == replies[-1]["ts"]
    assert shown["reply_users"] == ["U1"]
    assert [m["text"] for m in store.thread(channel, parent["ts"])] == ["parent", "reply 0", "reply 1"]
    assert store.thread(channel, "1.000000") == []


def test_a_replaced_message_keeps_its_place(store: SlackStore, channel: Channel) -> None:
    first = store.add_message(channel, body("first"))
    store.add_message(channel, body("second"))
    store.replace_message(channel, {**first, "text": "changed"})
    assert [message["text"] for message in store.history(channel)] == ["second", "changed"]


def test_a_file_goes_from_announced_to_filled_to_shared(store: SlackStore, channel: Channel) -> None:
    file_id = store.announce_file("a.png", 3, "a picture")
    announced = store.file(file_id)
    assert announced is not None
    assert not announced.content.exists()
    store.fill_file(announced, b"abc")
    store.share_file(announced, "Title", channel)
    shared = store.file(file_id)
    assert shared is not None
    assert shared.content.read_bytes() == b"abc"
    assert (shared.title, shared.channel, shared.alt_text) == ("Title", channel.id, "a picture")


@pytest.mark.parametrize("file_id", ["", "F", "Fzz", "../../etc/passwd", "F0000000000"])
def test_an_unknown_file_is_none(store: SlackStore, file_id: str) -> None:
    store.announce_file("a.png", 3, "")
    assert store.file(file_id) is None


def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    before = SlackStore(tmp_path)
    channel = before.ensure_channel("perpetua")
    message = before.add_message(channel, body("kept"))
    file_id = before.announce_file("a.png", 1, "")
    after = SlackStore(tmp_path)
    assert after.channels() == [channel]
    assert after.history(channel) == [message]
    assert after.file(file_id) == before.file(file_id)
    assert after.add_message(channel, body("later"))["ts"] > message["ts"]
