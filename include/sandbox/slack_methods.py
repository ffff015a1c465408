"""The methods of the Slack Web API that the sandbox knows, each from its arguments to its answer.

Argument names, answers and error codes are Slack's own; see https://docs.slack.dev/reference/methods.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from include.core.clock import to_ms, wall_now
from include.sandbox.slack_blocks import MAX_MESSAGE_TEXT, BlockError, check_blocks
from include.sandbox.slack_store import BROADCAST, Channel, File, JsonObject, SlackStore

TEAM_ID, USER_ID, BOT_ID, APP_ID = "T0SANDBOX0", "U0PERPETUA", "B0PERPETUA", "A0PERPETUA"
TEAM_NAME, USER_NAME = "Perpetua sandbox", "perpetua"
_TIMESTAMP = re.compile(r"\d{10}\.\d{6}")


class SlackError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: str, *messages: str) -> None:
        super().__init__(code)
        self._code = code
        self._messages = messages

    def answer(self) -> JsonObject:
        """Return the body that Slack sends."""
        body: JsonObject = {"ok": False, "error": self._code}
        if self._messages:
            body["response_metadata"] = {"messages": list(self._messages)}
        return body


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the store, the decoded arguments, and the base URL at which the caller reaches us."""

    store: SlackStore
    arguments: JsonObject
    base_url: str

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return an argument as Slack reads booleans."""
        return self.text(name).lower() in {"1", "true"}

    def channel(self, name: str = "channel") -> Channel:
        """Return the channel that the argument names."""
        channel = self.store.channel(self.text(name))
        if channel is None:
            raise SlackError("channel_not_found")
        return channel


def auth_test(call: Call) -> JsonObject:
    """Say who the token belongs to."""
    return {
        "url": f"{call.base_url}/slack",
        "team": TEAM_NAME,
        "team_id": TEAM_ID,
        "user": USER_NAME,
        "user_id": USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def post_message(call: Call) -> JsonObject:
    """Post a message, or a reply when `thread_ts` is given, which `reply_broadcast` shows in the channel as well."""
    channel = call.channel()
    body = {**_author(call), **_content(call)}
    if call.arguments.get("mrkdwn") in {False, "false", "0"}:
        body["mrkdwn"] = False
    if "metadata" in call.arguments:
        body["metadata"] = call.arguments["metadata"]
    thread = _thread_of(call, channel)
    if thread is not None and call.flag("reply_broadcast"):
        body["subtype"] = BROADCAST
    message = call.store.add_message(channel, body, thread)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def update_message(call: Call) -> JsonObject:
    """Replace text and blocks of a message."""
    channel = call.channel()
    message = _message(call, channel, "ts")
    edited = {"user": USER_ID, "ts": f"{to_ms(wall_now()) // 1000}.000000"}
    kept = {name: value for name, value in message.items() if name not in {"text", "blocks"}}
    message = {**kept, **_content(call), "edited": edited}
    if "metadata" in call.arguments:
        message["metadata"] = call.arguments["metadata"]
    call.store.replace_message(channel, message)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def permalink(call: Call) -> JsonObject:
    """Return the address of a message on the page."""
    channel = call.channel()
    message = _message(call, channel, "message_ts")
    anchor = "p" + message["ts"].replace(".", "")
    return {"channel": channel.id, "permalink": f"{call.base_url}/slack?channel={channel.name}#{anchor}"}


def history(call: Call) -> JsonObject:
    """Return messages of a channel, newest first."""
    return _page(call, call.store.history(call.channel()))


def replies(call: Call) -> JsonObject:
    """Return a thread: the parent and its replies, oldest first."""
    channel = call.channel()
    thread = call.store.thread(channel, call.text("ts"))
    if not thread:
        raise SlackError("thread_not_found")
    return _page(call, thread)


def list_channels(call: Call) -> JsonObject:
    """Return all channels."""
    rows = [
        {"id": c.id, "name": c.name, "created": c.created, "is_channel": True, "is_archived": False, "is_member": True}
        for c in call.store.channels()
    ]
    return {"channels": rows, "response_metadata": {"next_cursor": ""}}


def announce_upload(call: Call) -> JsonObject:
    """Return where the bytes of a file are to be sent."""
    name, length = call.text("filename"), call.text("length")
    if not name or not length.isdecimal() or int(length) == 0:
        raise SlackError("invalid_arguments", "[ERROR] filename and a positive length are required")
    file_id = call.store.announce_file(name, int(length), call.text("alt_txt"))
    return {"file_id": file_id, "upload_url": f"{call.base_url}/slack/upload/v1/{file_id}"}


def complete_upload(call: Call) -> JsonObject:
    """Share uploaded files in a channel, or in a thread of it."""
    wanted = call.arguments.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments", "[ERROR] files must be a list of objects with an id")
    channel = call.channel("channel_id") if call.text("channel_id") else None
    thread_ts = _thread_of(call, channel) if channel else None
    shared = [_share(call, item, channel) for item in wanted]
    if channel:
        body = {**_author(call), "text": call.text("initial_comment"), "files": shared, "upload": True}
        call.store.add_message(channel, body, thread_ts)
    return {"files": shared}


def _share(call: Call, item: Any, channel: Channel | None) -> JsonObject:
    file = call.store.file(str(item.get("id"))) if isinstance(item, dict) else None
    if file is None or not file.content.exists():
        raise SlackError("file_not_found")
    title = str(item.get("title") or file.name)
    call.store.share_file(file, title, channel)
    return _file_object(call, file, title)


def _file_object(call: Call, file: File, title: str) -> JsonObject:
    link = f"{call.base_url}/slack/files/{file.id}"
    return {
        "id": file.id,
        "name": file.name,
        "title": title,
        "size": file.length,
        "alt_txt": file.alt_text,
        "url_private": link,
        "permalink": link,
    }


def _author(call: Call) -> JsonObject:
    name = call.text("username")
    author = {"type": "message", "user": USER_ID, "bot_id": BOT_ID, "app_id": APP_ID, "team": TEAM_ID}
    return {**author, "username": name} if name else author


def _content(call: Call) -> JsonObject:
    text, blocks = call.text("text"), call.arguments.get("blocks")
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > MAX_MESSAGE_TEXT:
        raise SlackError("msg_too_long")
    if not blocks:
        return {"text": text}
    try:
        return {"text": text, "blocks": check_blocks(blocks)}
    except BlockError as error:
        raise SlackError(error.code, str(error)) from error


def _thread_of(call: Call, channel: Channel) -> str | None:
    if not call.text("thread_ts"):
        return None
    parent = _message(call, channel, "thread_ts")
    # a reply to a reply belongs to the same thread
    return str(parent.get("thread_ts", parent["ts"]))


def _message(call: Call, channel: Channel, argument: str) -> JsonObject:
    ts = call.text(argument)
    is_thread = argument == "thread_ts"
    if is_thread and not _TIMESTAMP.fullmatch(ts):
        raise SlackError("invalid_thread_ts", f"[ERROR] {ts} is not a valid thread_ts")
    message = call.store.message(channel, ts)
    if message is None:
        raise SlackError("thread_not_found" if is_thread else "message_not_found")
    return message


def _page(call: Call, messages: list[JsonObject]) -> JsonObject:
    limit = call.text("limit", "100")
    if not limit.isdecimal() or int(limit) == 0:
        raise SlackError("invalid_limit")
    chosen = [message for message in messages if _is_between(call, message["ts"])]
    rest = chosen[_cursor_start(call, chosen) :]
    page = rest[: min(int(limit), 999)]
    answer: JsonObject = {"messages": [_shown(call, message) for message in page], "has_more": len(page) < len(rest)}
    if answer["has_more"]:
        cursor = base64.b64encode(f"next_ts:{page[-1]['ts']}".encode()).decode()
        answer["response_metadata"] = {"next_cursor": cursor}
    return answer


def _shown(call: Call, message: JsonObject) -> JsonObject:
    if call.flag("include_all_metadata"):
        return message
    return {name: value for name, value in message.items() if name != "metadata"}


def _is_between(call: Call, ts: str) -> bool:
    oldest, latest = call.text("oldest", "0"), call.text("latest", "9")
    if call.flag("inclusive") and ts in {oldest, latest}:
        return True
    # ten digits of seconds and six of microseconds: text order is time order
    return oldest < ts < latest


def _cursor_start(call: Call, messages: list[JsonObject]) -> int:
    if not call.text("cursor"):
        return 0
    try:
        last_ts = base64.b64decode(call.text("cursor")).decode().removeprefix("next_ts:")
        return [message["ts"] for message in messages].index(last_ts) + 1
    except ValueError:
        raise SlackError("invalid_cursor") from None


METHODS: dict[str, Callable[[Call], JsonObject]] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "chat.getPermalink": permalink,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.list": list_channels,
    "files.getUploadURLExternal": announce_upload,
    "files.completeUploadExternal": complete_upload,
}
