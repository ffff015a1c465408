"""The Slack boundary: the only code that talks to Slack, and the place where its errors are translated.

What messages say is in `messages.py`. Keeping undelivered messages does not belong here.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import RateLimitErrorRetryHandler
from slack_sdk.http_retry.builtin_handlers import ServerErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web import SlackResponse

from include.alerts.message import Message
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
RETRIES = 2
LONGEST_WAIT_SECONDS = 30

_CONFIGURATION_ERRORS = {
    "account_inactive": "the app was removed from the workspace: install it again",
    "channel_not_found": "create the channel and invite the app: /invite @perpetua",
    "invalid_auth": "set PERPETUA_SLACK_TOKEN to the app's bot token (xoxb-…)",
    "is_archived": "unarchive the channel or name another",
    "missing_scope": "give the app the scopes chat:write, files:write, channels:read, channels:history",
    "not_authed": "set PERPETUA_SLACK_TOKEN to the app's bot token (xoxb-…)",
    "not_in_channel": "invite the app to the channel: /invite @perpetua",
    "restricted_action": "the workspace does not let the app post there: ask its administrator",
    "token_expired": "issue a new bot token",
    "token_revoked": "issue a new bot token",
}
_TRANSIENT_ERRORS = {"fatal_error", "internal_error", "request_timeout", "service_unavailable"}


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: channel id, its `ts` (the name of its thread), its address when Slack gave one."""

    channel: str
    ts: str
    permalink: str | None


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
            retry_handlers=[
                _ShortRateLimitHandler(max_retry_count=RETRIES),
                ServerErrorRetryHandler(max_retry_count=RETRIES),
            ],
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
            Slack asked for a longer wait than is worth sitting through here.
        TransientError
            Slack could not be reached or failed. It may still have taken the message.
        InvalidInputError
            Slack refused the content.
        """
        arguments: dict[str, Any] = {"channel": self._channel, "text": message.text, "unfurl_links": False}
        if message.blocks:
            arguments["blocks"] = list(message.blocks)
        if message.key is not None:
            arguments["metadata"] = {"event_type": "perpetua_message", "event_payload": {"key": message.key}}
        with _translated(self._channel):
            answer = self._client.chat_postMessage(thread_ts=thread, **arguments)
        self._channel_id = str(answer["channel"])
        return Posted(self._channel_id, str(answer["ts"]), self._permalink(str(answer["ts"])))

    def upload(self, path: Path, title: str, thread: str | None = None, alt_text: str | None = None) -> str:
        """Upload a file into the channel, or into a thread of it, and return Slack's file id.

        Raises
        ------
        MissingInputError
            There is no file at `path`.
        ConfigurationError, RateLimitedError, TransientError, InvalidInputError
            As `post`.
        """
        if not path.is_file():
            raise MissingInputError(f"`path` must be a file, was {path}.")
        with _translated(self._channel):
            answer = self._client.files_upload_v2(
                file=str(path),
                filename=path.name,
                title=title,
                alt_txt=alt_text or title,
                channel=self._id(),
                thread_ts=thread,
            )
        return str(answer["files"][0]["id"])

    def _id(self) -> str:
        # uploads need the channel's id; posting answers with it, otherwise it is looked up once
        if self._channel_id is None:
            self._channel_id = self._lookup(self._channel.removeprefix("#"))
        return self._channel_id

    def _lookup(self, name: str) -> str:
        for page in self._client.conversations_list(limit=200, exclude_archived=True):
            for channel in page["channels"]:
                if name in {channel["name"], channel["id"]}:
                    return str(channel["id"])
        raise _configuration_error(self._channel, "channel_not_found")

    def _permalink(self, ts: str) -> str | None:
        # the message is out: failing here would make a caller post it twice
        try:
            with _translated(self._channel):
                return str(self._client.chat_getPermalink(channel=str(self._channel_id), message_ts=ts)["permalink"])
        except PerpetuaError as error:
            logger.warning("No permalink for the message %s: %s", ts, error)
            return None


class _ShortRateLimitHandler(RateLimitErrorRetryHandler):
    """Sit through short waits; a longer one is the caller's to schedule."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if not super()._can_retry(state=state, request=request, response=response, error=error):
            return False
        waits = [
            value for name, value in (response.headers if response else {}).items() if name.lower() == "retry-after"
        ]
        return not waits or int(waits[0][0]) <= LONGEST_WAIT_SECONDS


def _token(settings: Settings) -> str:
    token = settings.slack_token.get_secret_value() or (SANDBOX_TOKEN if settings.is_sandbox else "")
    if not token:
        raise ConfigurationError(
            "`PERPETUA_SLACK_TOKEN` must be set in live mode, was empty. Hint: use the bot token (xoxb-…) of your app."
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
    code = str(response.get("error", ""))
    if response.status_code == 429 or code == "ratelimited":
        headers = {name.lower(): value for name, value in response.headers.items()}
        return RateLimitedError("Slack asked to wait.", float(headers.get("retry-after", 1)))
    if response.status_code >= 500 or code in _TRANSIENT_ERRORS:
        return TransientError(f"Slack failed with status {response.status_code}, error {code!r}.")
    if code in _CONFIGURATION_ERRORS:
        return _configuration_error(channel, code)
    details = "; ".join((response.get("response_metadata") or {}).get("messages", []))
    return InvalidInputError(f"Slack refused the request: {code}. {details}".strip())


def _configuration_error(channel: str, code: str) -> ConfigurationError:
    return ConfigurationError(f"Slack refused the channel {channel!r}: {code}. Hint: {_CONFIGURATION_ERRORS[code]}.")
