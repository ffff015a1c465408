import pytest

from include.sandbox.slack_mrkdwn import EMOJI, inline, plain, render, safe_link


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold*", "<strong>bold</strong>"),
        ("_italic_", "<em>italic</em>"),
        ("~gone~", "<s>gone</s>"),
        ("`a*b*c`", "<code>a*b*c</code>"),
        ("*bold _both_*", "<strong>bold <em>both</em></strong>"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        (":white_check_mark: done", "✅ done"),
        (":no_such_emoji:", ":no_such_emoji:"),
        ("10:30:45", "10:30:45"),
        ("a &amp; b &lt; c", "a &amp; b &lt; c"),
        ("a & b", "a &amp; b"),
        ("&amp;lt;", "&amp;lt;"),
        (
            "<https://example.org/?a=1&amp;b=2|the page>",
            '<a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer">the page</a>',
        ),
        ("<http://a.b>", '<a href="http://a.b" rel="noopener noreferrer">http://a.b</a>'),
        ("<!channel>", '<span class="mention">@channel</span>'),
        ("<!date^1^{date}|soon>", '<span class="mention">soon</span>'),
    ],
)
def test_inline_markup(text: str, html: str) -> None:
    assert inline(text) == html


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "*<img src=x onerror=alert(1)>*",
        "`<svg onload=alert(1)>`",
        "```<script>alert(1)</script>```",
        "<javascript:alert(1)|click>",
        '<https://a.b/"onmouseover="alert(1)|x>',
        "> <iframe>",
        "• <b>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        ":<script>:",
    ],
)
def test_nothing_of_an_attack_becomes_markup(attack: str) -> None:
    for html in (render(attack), plain(attack)):
        lowered = html.lower()
        assert "<script" not in lowered
        assert "<img" not in lowered
        assert "<svg" not in lowered
        assert "<iframe" not in lowered
        assert "<b>" not in lowered
        assert 'href="javascript' not in lowered
        assert '"onmouseover' not in lowered


def test_a_fence_keeps_its_lines_and_reads_no_markup() -> None:
    html = render("before\n```\n a  *b*\n:x:\n```\nafter")
    assert html == "<p>before</p><pre> a  *b*\n:x:</pre><p>after</p>"


def test_lines_become_lists_quotes_and_paragraphs() -> None:
    html = render("one\ntwo\n• first\n• *second*\n> quoted\n&gt; again")
    assert html == (
        "<p>one<br>two</p><ul><li>first</li><li><strong>second</strong></li></ul>"
        "<blockquote>quoted<br>again</blockquote>"
    )


def test_plain_text_reads_emoji_and_nothing_else() -> None:
    assert plain("*a* :x:\n<b>") == f"*a* {EMOJI['x']}<br>&lt;b&gt;"


@pytest.mark.parametrize("url", ["https://a.b", "http://a.b", "mailto:a@b.c"])
def test_an_address_that_a_browser_may_follow_is_a_link(url: str) -> None:
    assert safe_link(url) == url


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc", "/x"])
def test_any_other_address_is_none(url: str) -> None:
    assert safe_link(url) is None
