"""The Slack boundary: the only code that talks to Slack, and the place where its errors are translated.

Every call is one attempt: trying again belongs to `sender.py`, which knows whether that could say a thing twice.
What messages say is in `messages.py`.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from include.alerts.message import Message, Posted
from include.config.settings import Settings
from include.core.errors import (
    ConfigurationError,
    InvalidInputError,
    MissingInputError,
    PerpetuaError,
    RateLimitedError,
    TransientError,
)

logger = logging.getLogger(__name__)

SANDBOX_TOKEN = "xoxb-sandbox"  # noqa: S105 (no secret: the sandbox accepts any bot token)
TIMEOUT_SECONDS = 15
LONGEST_WAIT_SECONDS = 86_400.0
EVENT_TYPE = "perpetua_message"

SCOPES = ("chat:write", "files:write", "channels:read", "channels:history")

_CONFIGURATION_ERRORS = {
    "account_inactive": "the app was removed from the workspace: install it again",
    "channel_not_found": "create the channel and invite the app: /invite @perpetua",
    "ekm_access_denied": "the workspace's encryption keys keep the app out: ask its administrator",
    "invalid_auth": "set PERPETUA_SLACK_TOKEN to the app's bot token (xoxb-…)",
    "is_archived": "unarchive the channel or name another",
    "missing_scope": f"give the app the scopes {', '.join(SCOPES)}",
    "no_permission": "let the app post there: ask the administrator of the workspace",
    "not_authed": "set PERPETUA_SLACK_TOKEN to the app's bot token (xoxb-…)",
    "not_in_channel": "invite the app to the channel: /invite @perpetua",
    "org_login_required": "the workspace moves into an organization: install the app again afterwards",
    "restricted_action": "the workspace does not let the app post there: ask its administrator",
    "token_expired": "issue a new bot token",
    "token_revoked": "issue a new bot token",
}
_TRANSIENT_ERRORS = {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
_RATE_LIMITS = {"ratelimited", "rate_limited"}


class ThreadGoneError(InvalidInputError):
    """The message that a reply was meant for does not stand in the channel."""


class SlackChannel:
    """The channel of the settings.

    Parameters
    ----------
    settings : Settings
        Mode, token, channel and, when set, the base URL of Slack.

    Raises
    ------
    ConfigurationError
        Live mode without a token.
    """

    def __init__(self, settings: Settings) -> None:
        self._channel = settings.slack_channel
        self._channel_id: str | None = None
        base_url = settings.endpoint("slack")
        self._client = WebClient(
            token=_token(settings),
            base_url=f"{base_url.rstrip('/')}/api/" if base_url else WebClient.BASE_URL,
            timeout=TIMEOUT_SECONDS,
            # the SDK's own would repeat a message whose acknowledgement was lost
            retry_handlers=[],
        )
        if settings.is_sandbox:
            # the SDK would send even loopback requests through a proxy of the environment
            self._client.proxy = None

    def post(self, message: Message, thread: str | None = None) -> Posted:
        """Post `message`, in the thread `thread` (the `ts` of its parent) when given, and say where it stands.

        Raises
        ------
        ConfigurationError
            The token or the channel is wrong. Trying again cannot help.
        RateLimitedError
            Slack took nothing and asked to wait.
        TransientError
            Slack could not be reached or failed. It may still have taken the message.
        ThreadGoneError
            There is no message `thread` in the channel.
        InvalidInputError
            Slack refused the content.
        """
        arguments: dict[str, Any] = {"channel": self._channel, "text": message.text, "unfurl_links": False}
        if message.blocks:
            arguments["blocks"] = list(message.blocks)
        arguments["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"key": message.key}}
        if thread is not None:
            arguments |= {"thread_ts": thread, "reply_broadcast": message.is_broadcast}
        with _translated(self._channel):
            answer = self._client.chat_postMessage(**arguments)
        self._channel_id = str(answer["channel"])
        return Posted(self._channel_id, str(answer["ts"]), self._permalink(str(answer["ts"])))

    def upload(self, path: Path, title: str, thread: str | None = None, alt_text: str | None = None) -> Posted:
        """Upload a file into the channel, or into a thread of it; `ts` of what is returned is Slack's id of the file.

        Raises
        ------
        MissingInputError
            There is no file at `path`.
        ConfigurationError, RateLimitedError, TransientError, InvalidInputError
            As `post`; InvalidInputError also when the file cannot be read.
        """
        if not path.is_file():
            raise MissingInputError(f"`path` must be a file, was {path}.")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"`path` must be a file that can be read, was {path}: {error}.") from error
        with _translated(self._channel):
            answer = self._client.files_upload_v2(
                file=content,
                filename=path.name,
                title=title,
                alt_txt=alt_text or title,
                channel=self._id(),
                thread_ts=thread,
            )
        file = answer["files"][0]
        return Posted(self._id(), str(file["id"]), file.get("permalink"))

    def find(self, key: str, thread: str | None, since: datetime) -> Posted | None:
        """Return where the message with `key` stands, None when it was not posted since `since`.

        Raises
        ------
        ConfigurationError, RateLimitedError, TransientError
            As `post`; whether the message stands there is then not known.
        """
        for message in self._messages(thread, since):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == EVENT_TYPE and metadata["event_payload"].get("key") == key:
                ts = str(message["ts"])
                return Posted(self._id(), ts, self._permalink(ts))
        return None

    def find_file(self, title: str, thread: str | None, since: datetime) -> Posted | None:
        """Return the file with `title` that was shared since `since`, as `upload` does; errors as `find`."""
        for message in self._messages(thread, since):
            for file in message.get("files", ()):
                if file.get("title") == title:
                    return Posted(self._id(), str(file["id"]), file.get("permalink"))
        return None

    def require_access(self) -> str:
        """Return in a sentence who posts where, after asking Slack; nothing is posted.

        Raises
        ------
        ConfigurationError
            The token or the channel is wrong, the app lacks a scope, or is not in the channel.
        RateLimitedError, TransientError
            As `post`.
        """
        with _translated(self._channel):
            who = self._client.auth_test()
        headers = {name.lower(): value for name, value in who.headers.items()}
        granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
        missing = [scope for scope in SCOPES if scope not in granted]
        if missing:
            raise _configuration_error(self._channel, "missing_scope", ", ".join(missing))
        with _translated(self._channel):
            channel = self._lookup(self._channel.removeprefix("#"))
        if not channel["is_member"]:
            raise _configuration_error(self._channel, "not_in_channel")
        return f"{who['user']} of {who['team']} posts into {self._channel}, with every scope it needs."

    def _messages(self, thread: str | None, since: datetime) -> Iterator[dict[str, Any]]:
        arguments: dict[str, Any] = {"oldest": f"{since.timestamp():.6f}", "include_all_metadata": True, "limit": 200}
        with _translated(self._channel):
            channel = self._id()
            if thread is None:
                pages = self._client.conversations_history(channel=channel, **arguments)
            else:
                pages = self._client.conversations_replies(channel=channel, ts=thread, **arguments)
            for page in pages:
                yield from page["messages"]

    def _id(self) -> str:
        # uploads need the channel's id; posting answers with it, otherwise it is looked up once
        if self._channel_id is None:
            self._channel_id = str(self._lookup(self._channel.removeprefix("#"))["id"])
        return self._channel_id

    def _lookup(self, name: str) -> dict[str, Any]:
        for page in self._client.conversations_list(limit=200, exclude_archived=True):
            for channel in page["channels"]:
                if name in {channel["name"], channel["id"]}:
                    return dict(channel)
        raise _configuration_error(self._channel, "channel_not_found")

    def _permalink(self, ts: str) -> str | None:
        # the message is out: failing here would make a caller post it twice
        try:
            with _translated(self._channel):
                return str(self._client.chat_getPermalink(channel=str(self._channel_id), message_ts=ts)["permalink"])
        except PerpetuaError as error:
            logger.warning("No permalink for the message %s: %s", ts, error)
            return None


def _token(settings: Settings) -> str:
    token = settings.slack_token.get_secret_value() or (SANDBOX_TOKEN if settings.is_sandbox else "")
    if not token:
        raise ConfigurationError(
            "`PERPETUA_SLACK_TOKEN` must be set in live mode, was empty. Hint: use the bot token (xoxb-…) of your app."
        )
    # the token itself belongs into no log
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            "`PERPETUA_SLACK_TOKEN` must be plain ASCII without spaces, was not. Hint: copy the whole bot token of "
            "your app; … stands for the part that is left out."
        )
    return token


@contextmanager
def _translated(channel: str) -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        raise _from_answer(channel, error.response) from error
    except (OSError, HTTPException, SlackClientError) as error:
        raise TransientError(
            f"Slack could not be reached: {error}. Hint: in sandbox mode, is the sandbox up?"
        ) from error


def _from_answer(channel: str, response: SlackResponse) -> PerpetuaError:
    code = str(response.data.get("error", "")) if isinstance(response.data, dict) else ""
    if response.status_code == 429 or code in _RATE_LIMITS:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return RateLimitedError("Slack asked to wait.", _seconds(str(headers.get("retry-after", 1))))
    # without a code of Slack's own somebody else answered: a proxy, a page on maintenance
    is_from_slack = re.fullmatch("[a-z0-9_]+", code) is not None
    if response.status_code >= 500 or response.status_code == 408 or code in _TRANSIENT_ERRORS or not is_from_slack:
        return TransientError(f"Slack failed with status {response.status_code}, error {code[:200]!r}.")
    if code in _CONFIGURATION_ERRORS:
        return _configuration_error(channel, code, response.get("needed"))
    if code == "thread_not_found":
        return ThreadGoneError(f"The channel {channel!r} does not hold the thread's first message any more.")
    details = "; ".join((response.get("response_metadata") or {}).get("messages", []))
    return InvalidInputError(f"Slack refused the request: {code}. {details}".strip())


def _seconds(text: str) -> float | None:
    return min(float(text), LONGEST_WAIT_SECONDS) if text.isdecimal() else None


def _configuration_error(channel: str, code: str, needed: str | None = None) -> ConfigurationError:
    named = f"{code}, needed {needed}" if needed else code
    return ConfigurationError(f"Slack refused the channel {channel!r}: {named}. Hint: {_CONFIGURATION_ERRORS[code]}.")
