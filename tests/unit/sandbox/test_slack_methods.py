from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError

from tests.unit.sandbox.slack_server import SlackServer, refusal, slack_server


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with slack_server(monkeypatch) as server:
        yield server


@pytest.fixture
def channel(slack: SlackServer) -> str:
    return str(slack.client.conversations_list()["channels"][0]["id"])


def test_auth_test_says_who_one_is(slack: SlackServer) -> None:
    answer = slack.client.auth_test()
    assert (answer["user"], answer["team"]) == ("perpetua", "Perpetua sandbox")


def test_the_channel_of_the_settings_exists_from_the_start(slack: SlackServer) -> None:
    assert [c["name"] for c in slack.client.conversations_list()["channels"]] == ["perpetua"]


def test_posting_answers_with_channel_id_ts_and_message(slack: SlackServer, channel: str) -> None:
    answer = slack.client.chat_postMessage(channel="#perpetua", text="hello", username="Desk")
    assert answer["channel"] == channel
    assert answer["message"]["text"] == "hello"
    assert answer["message"]["username"] == "Desk"
    history = slack.client.conversations_history(channel=channel)["messages"]
    assert [message["ts"] for message in history] == [answer["ts"]]


def test_posting_by_id_works_too(slack: SlackServer, channel: str) -> None:
    assert slack.client.chat_postMessage(channel=channel, text="hello")["channel"] == channel


def test_an_unknown_channel_is_not_found(slack: SlackServer) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="#elsewhere", text="hello")
    assert refusal(error) == "channel_not_found"


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing:UserWarning")  # that is what is tested
def test_a_message_without_text_and_blocks_is_refused(slack: SlackServer) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua")
    assert refusal(error) == "no_text"


def test_a_text_of_more_than_40000_characters_is_refused(slack: SlackServer) -> None:
    assert slack.client.chat_postMessage(channel="perpetua", text="x" * 40_000)["ok"]
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="x" * 40_001)
    assert refusal(error) == "msg_too_long"


def test_invalid_blocks_are_refused_with_the_place(slack: SlackServer) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="a", blocks=[{"type": "divider"}] * 51)
    assert refusal(error) == "invalid_blocks"
    assert "[json-pointer:/blocks]" in error.value.response["response_metadata"]["messages"][0]


def test_replies_stay_in_their_thread_even_when_they_answer_a_reply(slack: SlackServer, channel: str) -> None:
    parent = slack.client.chat_postMessage(channel=channel, text="parent")["ts"]
    reply = slack.client.chat_postMessage(channel=channel, text="reply", thread_ts=parent)["ts"]
    slack.client.chat_postMessage(channel=channel, text="reply to the reply", thread_ts=reply)
    thread = slack.client.conversations_replies(channel=channel, ts=parent)["messages"]
    assert [m["text"] for m in thread] == ["parent", "reply", "reply to the reply"]
    assert {m["thread_ts"] for m in thread} == {parent}
    assert len(slack.client.conversations_history(channel=channel)["messages"]) == 1


@pytest.mark.parametrize(("ts", "code"), [("0", "invalid_thread_ts"), ("1600000000.000100", "thread_not_found")])
def test_a_thread_that_does_not_exist_is_refused(slack: SlackServer, ts: str, code: str) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_postMessage(channel="perpetua", text="a", thread_ts=ts)
    assert refusal(error) == code


def test_an_update_replaces_text_and_blocks_and_says_so(slack: SlackServer, channel: str) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "old"}}]
    ts = slack.client.chat_postMessage(channel=channel, text="old", blocks=blocks)["ts"]
    slack.client.chat_update(channel=channel, ts=ts, text="new")
    (message,) = slack.client.conversations_history(channel=channel)["messages"]
    assert (message["text"], message["ts"]) == ("new", ts)
    assert "edited" in message
    assert "blocks" not in message
    with pytest.raises(SlackApiError) as error:
        slack.client.chat_update(channel=channel, ts="1600000000.000100", text="new")
    assert refusal(error) == "message_not_found"


def test_metadata_is_returned_only_when_asked_for(slack: SlackServer, channel: str) -> None:
    metadata = {"event_type": "perpetua_message", "event_payload": {"key": "k1"}}
    slack.client.chat_postMessage(channel=channel, text="a", metadata=metadata)
    assert "metadata" not in slack.client.conversations_history(channel=channel)["messages"][0]
    answer = slack.client.conversations_history(channel=channel, include_all_metadata=True)
    assert answer["messages"][0]["metadata"] == metadata


def test_history_pages_lead_through_all_messages_even_while_new_ones_come(slack: SlackServer, channel: str) -> None:
    posted = [slack.client.chat_postMessage(channel=channel, text=str(i))["ts"] for i in range(7)]
    seen: list[str] = []
    for page in slack.client.conversations_history(channel=channel, limit=3):
        seen += [message["ts"] for message in page["messages"]]
        slack.client.chat_postMessage(channel=channel, text="late")
    assert seen == posted[::-1]


def test_history_between_two_instants(slack: SlackServer, channel: str) -> None:
    stamps = [slack.client.chat_postMessage(channel=channel, text=str(i))["ts"] for i in range(4)]
    assert all(earlier < later for earlier, later in pairwise(stamps))
    bounds = {"oldest": stamps[0], "latest": stamps[2]}
    between = slack.client.conversations_history(channel=channel, **bounds)["messages"]
    inclusive = slack.client.conversations_history(channel=channel, **bounds, inclusive=True)["messages"]
    assert [m["text"] for m in between] == ["1"]
    assert [m["text"] for m in inclusive] == ["2", "1", "0"]


@pytest.mark.parametrize(("arguments", "code"), [({"limit": 0}, "invalid_limit"), ({"cursor": "??"}, "invalid_cursor")])
def test_a_bad_page_is_refused(slack: SlackServer, channel: str, arguments: dict[str, str], code: str) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.conversations_history(channel=channel, **arguments)
    assert refusal(error) == code


def test_a_permalink_leads_to_the_message_on_the_page(slack: SlackServer, channel: str) -> None:
    ts = slack.client.chat_postMessage(channel=channel, text="find me")["ts"]
    link = str(slack.client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"])
    page, _, anchor = link.removeprefix(slack.base_url).partition("#")
    assert f'id="{anchor}"' in slack.get(page).text


def test_the_upload_pair_of_the_sdk_shares_a_file_in_a_thread(slack: SlackServer, channel: str, tmp_path: Path) -> None:
    picture = tmp_path / "equity.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n not really")
    parent = slack.client.chat_postMessage(channel=channel, text="parent")["ts"]
    answer = slack.client.files_upload_v2(file=str(picture), title="Equity", channel=channel, thread_ts=parent)
    (file,) = slack.client.conversations_replies(channel=channel, ts=parent)["messages"][1]["files"]
    assert (file["id"], file["title"], file["name"]) == (answer["files"][0]["id"], "Equity", "equity.png")
    assert slack.get(f"/slack/files/{file['id']}").content == picture.read_bytes()


@pytest.mark.parametrize("arguments", [{"filename": "a.png", "length": 0}, {"filename": "", "length": 3}])
def test_an_upload_needs_a_name_and_a_length(slack: SlackServer, arguments: dict[str, object]) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.client.api_call("files.getUploadURLExternal", params=arguments)
    assert refusal(error) == "invalid_arguments"


def test_a_file_that_was_never_sent_cannot_be_shared(slack: SlackServer, channel: str) -> None:
    file_id = slack.client.files_getUploadURLExternal(filename="a.png", length=3)["file_id"]
    for wanted in ([{"id": file_id}], [{"id": "F999"}]):
        with pytest.raises(SlackApiError) as error:
            slack.client.files_completeUploadExternal(files=wanted, channel_id=channel)
        assert refusal(error) == "file_not_found"


def test_a_broadcast_reply_stands_in_the_channel_and_in_its_thread(slack: SlackServer) -> None:
    channel = slack.client.conversations_list()["channels"][0]["id"]
    parent = slack.client.chat_postMessage(channel=channel, text="parent")["ts"]
    for number, is_broadcast in enumerate((False, True)):
        slack.client.chat_postMessage(
            channel=channel, text=f"reply {number}", thread_ts=parent, reply_broadcast=is_broadcast
        )
    shown = slack.client.conversations_history(channel=channel)["messages"]
    assert [(m["text"], m.get("subtype")) for m in shown] == [("reply 1", "thread_broadcast"), ("parent", None)]
    thread = slack.client.conversations_replies(channel=channel, ts=parent)["messages"]
    assert [m["text"] for m in thread] == ["parent", "reply 0", "reply 1"]
    assert thread[0]["reply_count"] == 2
