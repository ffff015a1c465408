"""Slack's mrkdwn as safe HTML.

Everything that is not markup is escaped here and nowhere else: each function returns `Markup` whose text
parts went through `escape`.
"""

import re
from urllib.parse import urlsplit

from markupsafe import Markup, escape

EMOJI = {
    "alarm_clock": "⏰",
    "arrow_right": "➡️",
    "arrows_counterclockwise": "🔄",
    "bar_chart": "📊",
    "bell": "🔔",
    "black_circle": "⚫",
    "bulb": "💡",
    "calendar": "📆",
    "chart_with_downwards_trend": "📉",
    "chart_with_upwards_trend": "📈",
    "clipboard": "📋",
    "floppy_disk": "💾",
    "gear": "⚙️",
    "heavy_check_mark": "✔️",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ️",
    "large_blue_circle": "🔵",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "mag": "🔍",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "package": "📦",
    "red_circle": "🔴",
    "rocket": "🚀",
    "rotating_light": "🚨",
    "runner": "🏃",
    "trophy": "🏆",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "x": "❌",
}
_MARKUP = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<entity>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^\n]*?[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
    r"|:(?P<emoji>[a-z0-9_+-]+):"
)
_TAGS = {"bold": Markup("<strong>{}</strong>"), "italic": Markup("<em>{}</em>"), "strike": Markup("<s>{}</s>")}
_PRE, _CODE, _P = Markup("<pre>{}</pre>"), Markup("<code>{}</code>"), Markup("<p>{}</p>")
_UL, _LI, _QUOTED = Markup("<ul>{}</ul>"), Markup("<li>{}</li>"), Markup("<blockquote>{}</blockquote>")
_MENTION = Markup('<span class="mention">{}</span>')
_LINK = Markup('<a href="{}" rel="noopener noreferrer">{}</a>')
_FENCE = re.compile(r"```\n?(.*?)\n?```\n?", re.DOTALL)
_BULLET = re.compile(r"^\s*[•-] +")
_QUOTE = re.compile(r"^(?:&gt;|>) ?")
_MENTIONS = {"!here": "@here", "!channel": "@channel", "!everyone": "@everyone"}


def render(text: str) -> Markup:
    """Return mrkdwn `text` as HTML: preformatted blocks, quotes, lists, and inline markup."""
    # split() alternates: text, fenced, text, fenced, …
    pieces = _FENCE.split(text)
    return Markup("").join(
        _PRE.format(_literal(piece)) if index % 2 else _lines(piece.strip("\n")) for index, piece in enumerate(pieces)
    )


def plain(text: str) -> Markup:
    """Return `plain_text` as HTML: emoji only, line breaks kept."""
    parts = re.split(r":([a-z0-9_+-]+):", text)
    shown = [EMOJI.get(part, f":{part}:") if index % 2 else part for index, part in enumerate(parts)]
    return Markup("<br>").join(escape(line) for line in "".join(shown).split("\n"))


def inline(text: str) -> Markup:
    """Return one line of mrkdwn as HTML."""
    html, end = Markup(""), 0
    for match in _MARKUP.finditer(text):
        html += _literal(text[end : match.start()]) + _marked(match)
        end = match.end()
    return html + _literal(text[end:])


def safe_link(url: str) -> str | None:
    """Return `url` when a browser may follow it from the page, None otherwise."""
    return url if urlsplit(url).scheme in {"http", "https", "mailto"} else None


def _lines(text: str) -> Markup:
    html, lines = Markup(""), text.split("\n") if text else []
    while lines:
        kind = _kind(lines[0])
        group = []
        while lines and _kind(lines[0]) == kind:
            group.append(lines.pop(0))
        html += _group(kind, group)
    return html


def _kind(line: str) -> str:
    if _BULLET.match(line):
        return "list"
    return "quote" if _QUOTE.match(line) else "text"


def _group(kind: str, lines: list[str]) -> Markup:
    if kind == "list":
        return _UL.format(Markup("").join(_LI.format(inline(_BULLET.sub("", line))) for line in lines))
    if kind == "quote":
        return _QUOTED.format(Markup("<br>").join(inline(_QUOTE.sub("", line)) for line in lines))
    return _P.format(Markup("<br>").join(inline(line) for line in lines))


def _marked(match: re.Match[str]) -> Markup:
    kind = str(match.lastgroup)
    content = match.group(kind)
    if kind == "code":
        return _CODE.format(_literal(content))
    if kind == "entity":
        return _entity(content)
    if kind == "emoji":
        return escape(EMOJI.get(content, f":{content}:"))
    return _TAGS[kind].format(inline(content))


def _entity(content: str) -> Markup:
    target, _, label = content.partition("|")
    if target.startswith(("!", "@", "#")):
        shown = _MENTIONS.get(target, label or target.lstrip("!"))
        return _MENTION.format(_text(shown))
    if safe_link(target) is None:
        return _literal(f"<{content}>")
    return _LINK.format(_text(target), _text(label or target))


def _literal(text: str) -> Markup:
    return escape(_text(text))


def _text(text: str) -> str:
    # the sender escapes exactly these three, Slack shows them as characters
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
