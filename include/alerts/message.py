"""A message to people and the Block Kit pieces it is built of: escaped, cut to Slack's budgets, no I/O.

What is said is in `messages.py`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

Block = dict[str, Any]

MAX_BLOCKS = 50
MAX_TEXT = 3000
MAX_HEADER = 150
MAX_FIELD = 2000
MAX_FIELDS = 10
MAX_URL = 3000
MAX_KEY = 500
MAX_CHARACTERS = 12_000
"""JSON of all blocks; Slack refuses about 13,200 although no documented limit is reached."""


class Message(BaseModel):
    """One message.

    Parameters
    ----------
    text : str
        What notifications and screen readers show; the whole message when there are no blocks.
    blocks : tuple of dict
        Block Kit, at most 50.
    key : str
        Identity of the event that is told: the same event makes the same key, and is told once. Sent as metadata.
    is_broadcast : bool
        A reply that is also shown in the channel, so that nobody has to open the thread to see it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    blocks: tuple[Block, ...] = ()
    key: str = Field(min_length=1, max_length=MAX_KEY)
    is_broadcast: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: channel id, its `ts` (what its replies name), its address when Slack gave one."""

    channel: str
    ts: str
    permalink: str | None


def compose(text: str, blocks: Iterable[Block | None], key: str, *, is_broadcast: bool = False) -> Message:
    """Return a message of `blocks` (None is left out), cut to Slack's budgets with a word on what was left out.

    `text` is escaped here, what the blocks say by whoever makes them. A key that is too long is cut, and told apart by
    its digest.
    """
    kept = _within_budget([block for block in blocks if block is not None])
    return Message(
        text=truncate(escape(_sendable(text)), MAX_TEXT) or "–",
        blocks=tuple(json.loads(_sendable(json.dumps(kept, ensure_ascii=False)))),
        key=_short(_sendable(key)),
        is_broadcast=is_broadcast,
    )


def escape(text: object) -> str:
    """Return `text` so that Slack shows it and reads no mention, link or channel in it."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def truncate(text: str, longest: int) -> str:
    """Return `text` cut to `longest` characters, escaped characters and links never in half."""
    if len(text) <= longest:
        return text
    return re.sub(r"(&[a-z]*|<[^<>]*)$", "", text[: longest - 1]) + "…"


def link(url: str, label: str) -> str:
    """Return a link; only the escaped label when `url` is not one a browser may follow."""
    shown = escape(label).replace("|", "¦")
    if not _is_web(url):
        return shown
    address = "".join(_address_character(character) for character in url)
    return f"<{escape(address)}|{shown}>"


def header(text: str) -> Block:
    """Return a heading; `text` is plain, emoji shortcodes are read."""
    return {"type": "header", "text": {"type": "plain_text", "text": truncate(text, MAX_HEADER) or "–", "emoji": True}}


def section(text: str) -> Block:
    """Return a paragraph of mrkdwn."""
    return {"type": "section", "text": _mrkdwn(text, MAX_TEXT)}


def fields(pairs: Mapping[str, str]) -> Block:
    """Return up to ten label and value pairs in two columns; values are mrkdwn."""
    shown = list(pairs.items())[:MAX_FIELDS]
    return {
        "type": "section",
        "fields": [_mrkdwn(f"*{escape(label)}*\n{value or '–'}", MAX_FIELD) for label, value in shown],
    }


def bullets(lines: Sequence[str], most: int = 10) -> Block:
    """Return a list of mrkdwn lines, the rest counted."""
    shown = [f"• {truncate(line, 400)}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"• … and {len(lines) - most} more")
    return section("\n".join(shown))


def code_block(text: str) -> Block:
    """Return preformatted text; whole lines are left out when it is too long."""
    lines = escape(text).replace("```", "'''").split("\n")
    kept = list(lines)
    while len("\n".join(kept)) > MAX_TEXT - 20:
        kept.pop()
    if len(kept) < len(lines):
        kept.append("…")
    return section("```\n" + "\n".join(kept) + "\n```")


def context(text: str) -> Block:
    """Return a small grey line of mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(text, MAX_FIELD)]}


def divider() -> Block:
    """Return a horizontal rule."""
    return {"type": "divider"}


def buttons(links: Mapping[str, str]) -> Block | None:
    """Return a row of link buttons, label → address; None when no address is one a browser may follow."""
    usable = {label: url for label, url in links.items() if _is_web(url) and len(url) <= MAX_URL}
    if not usable:
        return None
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": truncate(label, 75) or "Open"},
                "url": url,
                "action_id": f"open_{i}",
            }
            for i, (label, url) in enumerate(list(usable.items())[:5])
        ],
    }


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        # such as https://[
        return False


def _address_character(character: str) -> str:
    is_safe = character.isprintable() and not character.isspace() and character not in "|<>"
    return character if is_safe else quote(character, errors="replace")


def _sendable(text: str) -> str:
    # a path or an error of the system may hold what UTF-8 cannot carry
    return text.encode("utf-8", "replace").decode()


def _short(key: str) -> str:
    if len(key) <= MAX_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key[: MAX_KEY - len(digest) - 1]}:{digest}"


def _mrkdwn(text: str, longest: int) -> Block:
    # Slack refuses an empty text
    return {"type": "mrkdwn", "text": truncate(text, longest) or "–"}


def _within_budget(blocks: list[Block]) -> list[Block]:
    for count in range(len(blocks), -1, -1):
        left_out = len(blocks) - count
        notice = [context(f"… {left_out} more parts left out: the message was too long.")] if left_out else []
        kept = [*blocks[:count], *notice]
        if len(kept) <= MAX_BLOCKS and _size(kept) <= MAX_CHARACTERS:
            break
    return kept


def _size(blocks: list[Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
