from typing import Any

import pytest

from include.sandbox.slack_blocks import BlockError, check_blocks


def text(content: str, kind: str = "mrkdwn") -> dict[str, str]:
    return {"type": kind, "text": content}


def section(content: str) -> dict[str, Any]:
    return {"type": "section", "text": text(content)}


BUTTON = {"type": "button", "text": text("Open", "plain_text"), "url": "https://example.org"}
PICTURE = {"type": "image", "image_url": "https://a/b.png", "alt_text": "b"}
VALID = [
    {"type": "header", "text": text("Title", "plain_text")},
    section("x" * 3000),
    {"type": "section", "fields": [text("y" * 2000)] + [text("f")] * 9},
    {
        "type": "context",
        "elements": [text("small"), PICTURE],
    },
    {"type": "actions", "elements": [BUTTON]},
    PICTURE,
    {"type": "divider"},
]


def test_blocks_at_their_limits_are_accepted() -> None:
    assert check_blocks(VALID) == VALID
    assert len(check_blocks([{"type": "divider"}] * 50)) == 50


@pytest.mark.parametrize(
    "block",
    [
        section("x" * 3001),
        section(""),
        {"type": "section"},
        {"type": "section", "fields": [text("f")] * 11},
        {"type": "section", "fields": [text("f" * 2001)]},
        {"type": "header", "text": text("t" * 151, "plain_text")},
        {"type": "header", "text": text("no markup here")},
        {"type": "context", "elements": []},
        {"type": "context", "elements": ["no object"]},
        {"type": "section", "fields": "no list"},
        {"type": "section", "text": text("a"), "accessory": "no object"},
        {"type": "context", "elements": [text("c")] * 11},
        {"type": "actions", "elements": [{**BUTTON, "text": text("b" * 76, "plain_text")}]},
        {"type": "actions", "elements": [{"type": "carousel"}]},
        {"type": "image", "image_url": "https://a/b.png"},
        {"type": "divider", "text": "no"},
        {"type": "unheard_of"},
        {},
    ],
)
def test_a_block_that_breaks_a_rule_is_invalid(block: dict[str, Any]) -> None:
    with pytest.raises(BlockError) as error:
        check_blocks([{"type": "divider"}, block])
    assert error.value.code == "invalid_blocks"
    assert "/blocks/1" in str(error.value)


def test_more_than_fifty_blocks_are_invalid() -> None:
    with pytest.raises(BlockError, match="no more than 50") as error:
        check_blocks([{"type": "divider"}] * 51)
    assert error.value.code == "invalid_blocks"


@pytest.mark.parametrize("blocks", ["text", {"type": "divider"}, ["divider"], 3])
def test_what_is_no_list_of_objects_has_no_format(blocks: Any) -> None:
    with pytest.raises(BlockError) as error:
        check_blocks(blocks)
    assert error.value.code == "invalid_blocks_format"


def test_blocks_that_are_too_long_together_are_refused() -> None:
    with pytest.raises(BlockError) as error:
        check_blocks([section("x" * 2900)] * 5)
    assert error.value.code == "msg_blocks_too_long"
