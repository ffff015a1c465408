"""Slack's rules for Block Kit: which blocks a message may hold and how long they may be.

Source of the limits: Slack's Block Kit reference; the total was measured (13,200 characters of JSON
are refused although no documented limit is reached).
"""

import json
from typing import Any

from include.sandbox.slack_store import JsonObject

MAX_BLOCKS = 50
MAX_CHARACTERS = 13_200
MAX_MESSAGE_TEXT = 40_000
_SECTION_TEXT, _FIELD_TEXT, _HEADER_TEXT, _BUTTON_TEXT, _BUTTON_URL = 3000, 2000, 150, 75, 3000
_FIELDS, _CONTEXT_ELEMENTS, _ACTIONS_ELEMENTS = 10, 10, 25


class BlockError(Exception):
    """Blocks that Slack refuses: `code` is its error code, the text one of its messages."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"[ERROR] {message}")
        self.code = code


def check_blocks(blocks: Any) -> list[JsonObject]:
    """Return `blocks` when Slack would accept them.

    Raises
    ------
    BlockError
        `invalid_blocks_format` when it is not a list of objects, `msg_blocks_too_long` over the total,
        `invalid_blocks` for any other broken rule.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise BlockError("invalid_blocks_format", "must provide a list of objects [json-pointer:/blocks]")
    _require(len(blocks) <= MAX_BLOCKS, f"no more than {MAX_BLOCKS} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        _check_block(block, f"/blocks/{index}")
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MAX_CHARACTERS:
        raise BlockError("msg_blocks_too_long", "blocks submitted with this message are too long")
    return blocks


def _check_block(block: JsonObject, where: str) -> None:
    check = _CHECKS.get(str(block.get("type")))
    if check is None:
        raise BlockError("invalid_blocks", f"unsupported type: {block.get('type')} [json-pointer:{where}/type]")
    check(block, where)


def _check_section(block: JsonObject, where: str) -> None:
    _require("text" in block or block.get("fields"), "either text or fields must be given", where)
    if "text" in block:
        _check_text(block["text"], f"{where}/text", _SECTION_TEXT)
    fields = block.get("fields", [])
    _require(isinstance(fields, list), "must be a list", f"{where}/fields")
    _require(len(fields) <= _FIELDS, f"no more than {_FIELDS} items allowed", f"{where}/fields")
    for index, field in enumerate(fields):
        _check_text(field, f"{where}/fields/{index}", _FIELD_TEXT)
    if "accessory" in block:
        _check_element(block["accessory"], f"{where}/accessory")


def _check_header(block: JsonObject, where: str) -> None:
    _check_text(block.get("text"), f"{where}/text", _HEADER_TEXT)
    _require(block["text"]["type"] == "plain_text", "must be plain_text", f"{where}/text/type")


def _check_context(block: JsonObject, where: str) -> None:
    elements = _elements(block, where, _CONTEXT_ELEMENTS)
    for index, element in enumerate(elements):
        if element.get("type") == "image":
            _check_image(element, f"{where}/elements/{index}")
        else:
            _check_text(element, f"{where}/elements/{index}", _FIELD_TEXT)


def _check_actions(block: JsonObject, where: str) -> None:
    for index, element in enumerate(_elements(block, where, _ACTIONS_ELEMENTS)):
        _check_element(element, f"{where}/elements/{index}")


def _check_element(element: Any, where: str) -> None:
    _require(isinstance(element, dict), "must be an object", where)
    if element.get("type") == "image":
        _check_image(element, where)
        return
    _require(element.get("type") == "button", "only button and image are supported here", f"{where}/type")
    _check_text(element.get("text"), f"{where}/text", _BUTTON_TEXT)
    _require(len(str(element.get("url", ""))) <= _BUTTON_URL, f"must be less than {_BUTTON_URL + 1} characters", where)


def _check_image(block: JsonObject, where: str) -> None:
    _require(block.get("image_url") or block.get("slack_file"), "image_url or slack_file is missing", where)
    _require(block.get("alt_text"), "missing required field: alt_text", where)


def _check_divider(block: JsonObject, where: str) -> None:
    _require(set(block) <= {"type", "block_id"}, "no more keys allowed", where)


def _elements(block: JsonObject, where: str, most: int) -> list[JsonObject]:
    elements, place = block.get("elements"), f"{where}/elements"
    _require(isinstance(elements, list) and 1 <= len(elements) <= most, f"must hold 1 to {most} items", place)
    found = list(elements or [])
    _require(all(isinstance(element, dict) for element in found), "must hold objects", place)
    return found


def _check_text(text: Any, where: str, longest: int) -> None:
    _require(isinstance(text, dict) and text.get("type") in {"mrkdwn", "plain_text"}, "must be a text object", where)
    content = text.get("text")
    _require(isinstance(content, str) and content != "", "must be more than 0 characters", f"{where}/text")
    _require(len(content) <= longest, f"must be less than {longest + 1} characters", f"{where}/text")


def _require(rule: Any, message: str, where: str) -> None:
    if not rule:
        raise BlockError("invalid_blocks", f"{message} [json-pointer:{where}]")


_CHECKS = {
    "section": _check_section,
    "header": _check_header,
    "context": _check_context,
    "actions": _check_actions,
    "image": _check_image,
    "divider": _check_divider,
}
