import json

import pytest

from include.alerts.message import (
    MAX_CHARACTERS,
    bullets,
    buttons,
    code_block,
    compose,
    context,
    divider,
    escape,
    fields,
    header,
    link,
    section,
    truncate,
)
from include.sandbox.slack_blocks import check_blocks


def test_escaping_leaves_no_mention_and_no_link() -> None:
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_truncating_says_so_and_keeps_short_text_whole() -> None:
    assert truncate("abc", 3) == "abc"
    assert truncate("abcdef", 4) == "abc…"


@pytest.mark.parametrize(("text", "longest"), [("ab&amp;cd", 6), ("ab<https://a.b|c> d", 9)])
def test_truncating_halves_neither_escapes_nor_links(text: str, longest: int) -> None:
    assert truncate(text, longest) == "ab…"


def test_a_link_escapes_its_label() -> None:
    assert link("https://a.b/?x=1&y=2", "a|<b>") == "<https://a.b/?x=1&amp;y=2|a¦&lt;b&gt;>"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/var/runs/x", ""])
def test_what_is_no_web_address_is_only_its_label(url: str) -> None:
    assert link(url, "label") == "label"


def test_every_piece_is_cut_to_what_slack_accepts() -> None:
    long = "x" * 5000
    pieces = [
        header(long),
        section(long[:2900]),
        fields({f"label {i}": "v" * 20 for i in range(15)}),
        context("c"),
        divider(),
        buttons({"b" * 100: "https://a.b"}),
    ]
    assert check_blocks(pieces) == pieces
    for piece in (section(long), code_block(long), context(long), bullets([long] * 30), fields({"a": long})):
        assert check_blocks([piece]) == [piece]


def test_empty_values_of_fields_are_shown_as_a_dash() -> None:
    assert fields({"Run": ""})["fields"][0]["text"] == "*Run*\n–"


def test_bullets_count_what_they_leave_out() -> None:
    text = bullets([f"line {i}" for i in range(12)], most=3)["text"]["text"]
    assert text == "• line 0\n• line 1\n• line 2\n• … and 9 more"


def test_a_code_block_is_closed_whatever_is_in_it() -> None:
    text = code_block("a ``` b <c>\n" + "line of text\n" * 400)["text"]["text"]
    assert text.startswith("```\na ''' b &lt;c&gt;\n")
    assert text.endswith("…\n```")
    assert text.count("```") == 2


def test_buttons_without_a_usable_address_are_none() -> None:
    assert buttons({}) is None
    assert buttons({"Run": "/var/runs/x"}) is None


def test_composing_leaves_out_none_and_keeps_order() -> None:
    message = compose("text", [section("a"), None, section("b")], key="k")
    assert [block["text"]["text"] for block in message.blocks] == ["a", "b"]
    assert (message.text, message.key) == ("text", "k")


@pytest.mark.parametrize("block", [section("x" * 2900), divider()], ids=["long", "many"])
def test_a_message_over_the_budget_says_how_much_it_left_out(block: dict[str, object]) -> None:
    message = compose("text", [block] * 60, "k")
    blocks = list(message.blocks)
    assert check_blocks(blocks) == blocks
    assert len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= MAX_CHARACTERS
    left_out = 60 - (len(blocks) - 1)
    assert blocks[-1]["elements"][0]["text"] == f"… {left_out} more parts left out: the message was too long."


def test_a_message_within_the_budget_is_whole() -> None:
    assert len(compose("text", [divider()] * 50, "k").blocks) == 50


def test_the_fallback_text_is_cut_too() -> None:
    assert len(compose("x" * 9000, [], "k").text) == 3000
