import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from include.sandbox.slack_store import SlackStore
from tests.unit.sandbox.slack_server import SlackServer, slack_server

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154789c6360000000020001e221bc33"
    "0000000049454e44ae426082"
)  # fmt: skip


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with slack_server(monkeypatch) as server:
        yield server


def page(slack: SlackServer) -> str:
    answer = slack.get("/slack")
    assert answer.status_code == 200
    return answer.text


def upload(slack: SlackServer, name: str, content: bytes, **arguments: Any) -> str:
    channel = slack.client.conversations_list()["channels"][0]["id"]
    answer = slack.client.files_upload_v2(filename=name, content=content, channel=channel, **arguments)
    return str(answer["files"][0]["id"])


def test_an_empty_channel_says_so(slack: SlackServer) -> None:
    assert "No messages yet" in page(slack)


def test_text_is_read_as_mrkdwn_unless_the_sender_says_otherwise(slack: SlackServer) -> None:
    slack.client.chat_postMessage(channel="perpetua", text="*loud* :bell:")
    slack.client.chat_postMessage(channel="perpetua", text="*quiet*", mrkdwn=False)
    html = page(slack)
    assert "<strong>loud</strong> 🔔" in html
    assert "<p>*quiet*</p>" in html


def test_every_block_is_shown(slack: SlackServer) -> None:
    mrkdwn = {"type": "mrkdwn", "text": "*a section*"}
    link = {"type": "button", "text": {"type": "plain_text", "text": "Report"}, "url": "https://example.org/r"}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "A header"}},
        {"type": "section", "text": mrkdwn, "fields": [{"type": "plain_text", "text": "field one"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "in small"}]},
        {"type": "actions", "elements": [link, {**link, "url": "javascript:alert(1)"}]},
        {"type": "image", "image_url": "https://elsewhere.example/a.png", "alt_text": "a picture from elsewhere"},
    ]
    slack.client.chat_postMessage(channel="perpetua", text="fallback text", blocks=blocks)
    html = page(slack)
    for shown in ("<h3>A header</h3>", "<strong>a section</strong>", "field one", "<hr>", "in small", "from elsewhere"):
        assert shown in html
    assert html.count('href="https://example.org/r"') == 1
    assert "fallback text" not in html
    assert "javascript:" not in html
    assert "elsewhere.example" not in html


def test_replies_stand_under_their_parent(slack: SlackServer) -> None:
    parent = slack.client.chat_postMessage(channel="perpetua", text="parent message")["ts"]
    slack.client.chat_postMessage(channel="perpetua", text="other message")
    slack.client.chat_postMessage(channel="perpetua", text="the reply", thread_ts=parent)
    html = page(slack)
    assert html.index("parent message") < html.index("the reply") < html.index("other message")
    assert "1 reply" in html


def test_a_broadcast_reply_is_one_line_in_the_channel_that_leads_to_its_thread(slack: SlackServer) -> None:
    parent = slack.client.chat_postMessage(channel="perpetua", text="the day")["ts"]
    post = slack.client.chat_postMessage
    reply = post(channel="perpetua", text="<b>critical</b>", thread_ts=parent, reply_broadcast=True)["ts"]
    html = page(slack)
    anchor = "p" + reply.replace(".", "")
    assert html.count(f'id="{anchor}"') == 1
    assert f'in the thread <a href="#{anchor}">the day</a>' in html
    assert html.count("&lt;b&gt;critical&lt;/b&gt;") == 2
    assert "<b>critical" not in html


def test_only_the_threads_of_the_newest_day_are_open(slack: SlackServer) -> None:
    store = SlackStore(slack.settings.home.sandbox / "slack")
    channel = store.channel("perpetua")
    assert channel is not None
    for ts in ("1700000000.000100", "1700100000.000100"):
        with sqlite3.connect(slack.settings.home.sandbox / "slack" / "slack.sqlite") as database:
            body = {"text": "parent", "ts": ts, "user": "U"}
            database.execute("INSERT INTO messages VALUES (?, ?, NULL, ?)", (channel.id, ts, json.dumps(body)))
        store.add_message(channel, {"text": "reply", "user": "U"}, ts)
    html = page(slack)
    assert html.count('<details class="thread"') == 2
    assert html.count('<details class="thread" open') == 1
    assert html.index('<details class="thread" data-ts="1700000000') < html.index('<details class="thread" open')


def test_uploaded_images_are_shown_and_served_as_images(slack: SlackServer) -> None:
    file_id = upload(slack, "figure.png", PIXEL, title="A <figure>", alt_txt='drawn "so"')
    html = page(slack)
    assert f'<img src="/slack/files/{file_id}" alt="drawn &#34;so&#34;">' in html
    assert "A &lt;figure&gt;" in html
    answer = slack.get(f"/slack/files/{file_id}")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == PIXEL


@pytest.mark.parametrize("name", ["notes.txt", "page.html", "drawing.svg"])
def test_other_files_are_downloads_that_no_browser_runs(slack: SlackServer, name: str) -> None:
    file_id = upload(slack, name, b"<script>alert(1)</script>")
    answer = slack.get(f"/slack/files/{file_id}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert f'<a class="attachment" href="/slack/files/{file_id}">' in page(slack)


def test_no_text_of_a_message_becomes_markup(slack: SlackServer) -> None:
    attack = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    text = {"type": "plain_text", "text": attack}
    blocks = [
        {"type": "header", "text": text},
        {"type": "section", "text": {**text, "type": "mrkdwn"}, "fields": [text]},
        {"type": "context", "elements": [text]},
        {"type": "actions", "elements": [{"type": "button", "text": text, "url": f"https://a.b/{attack}"}]},
        {"type": "image", "image_url": f"https://a.b/{attack}", "alt_text": attack},
    ]
    slack.client.chat_postMessage(channel="perpetua", text=attack, username=attack)
    slack.client.chat_postMessage(channel="perpetua", text="a", blocks=blocks)
    upload(slack, f"{attack.replace('/', '')}.png", PIXEL, title=attack, alt_txt=attack)
    html = page(slack)
    assert re.findall(r"<script[^>]*>", html) == ['<script src="/slack/assets/slack.js" defer>']
    assert "onerror=alert(1)>" not in html
    assert html.count("&lt;script&gt;") >= 8


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(slack: SlackServer) -> None:
    slack.client.chat_postMessage(channel="perpetua", text="hello")
    answer = slack.get("/slack")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert not re.search(r"<style|style=|\son\w+=", answer.text)
    for asset in re.findall(r"/slack/assets/[\w.]+", answer.text):
        assert slack.get(asset).status_code == 200


def test_a_channel_is_chosen_by_the_address(slack: SlackServer) -> None:
    assert slack.get("/slack?channel=perpetua").status_code == 200
    assert slack.get("/slack?channel=elsewhere").status_code == 404


@pytest.mark.parametrize("path", ["/slack/files/F999", "/slack/assets/..%2Fslack.html", "/slack/assets/slack.html"])
def test_what_is_not_there_is_not_found(slack: SlackServer, path: str) -> None:
    assert slack.get(path).status_code == 404


def test_the_state_changes_with_messages_replies_and_edits(slack: SlackServer) -> None:
    channel = slack.client.conversations_list()["channels"][0]["id"]

    def state() -> str:
        return str(httpx.get(f"{slack.base_url}/slack/state", params={"channel": channel}).json()["state"])

    states = [state()]
    parent = slack.client.chat_postMessage(channel=channel, text="one")["ts"]
    states.append(state())
    slack.client.chat_postMessage(channel=channel, text="reply", thread_ts=parent)
    states.append(state())
    slack.client.chat_update(channel=channel, ts=parent, text="changed")
    states.append(state())
    assert len(set(states)) == 4
    assert f'data-state="{states[-1]}"' in page(slack)
