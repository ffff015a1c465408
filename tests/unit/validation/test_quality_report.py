import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from include.config.settings import Settings
from include.core.checks import CheckResult, Severity
from include.validation.quality_record import page_of
from include.validation.quality_report import write_batch_page, write_index
from tests.unit.market.batches import batch_info
from tests.unit.validation.facts import covered
from tests.unit.validation.records import FAILS, FINE, VALIDATED, WARNS, record


class Seen(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def index_of(settings: Settings) -> str:
    return write_index(settings).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("results", "word", "text"),
    [
        ((FINE,), "Passed", "Every check passed"),
        ((FINE, WARNS), "Passed with warnings", "1 check warn"),
        ((FINE, WARNS, FAILS), "Stopped", "1 critical check failed; nothing is published."),
    ],
)
def test_the_headline_says_what_the_newest_batch_came_to(
    settings: Settings, results: tuple[CheckResult, ...], word: str, text: str
) -> None:
    write_batch_page(settings, record("b1", *results))
    seen = Seen(index_of(settings)).text
    assert word in seen
    assert text in seen


def test_the_index_shows_checks_coverage_gaps_refusals_and_expectations(settings: Settings) -> None:
    write_batch_page(settings, record("b1", FINE, WARNS))
    text = Seen(index_of(settings)).text
    for expected in ("stale_symbols", "TON stands still", "ETH/USDT:USDT", "1,234", "not_positive"):
        assert expected in text
    assert "2026-01-03 00:00 UTC – 2026-01-03 08:00 UTC (3)" in text


def test_every_batch_is_linked_to_its_own_page_newest_first(settings: Settings) -> None:
    batches = [record("b1"), record("run:2+x", validated_at=VALIDATED + timedelta(hours=4))]
    for one in batches:
        write_batch_page(settings, one)
    index = write_index(settings)
    links = [attrs["href"] for tag, attrs in Seen(index.read_text()).tags if tag == "a"]
    assert [(index.parent / str(href)).resolve() for href in links] == [
        page_of(settings.home, one) for one in reversed(batches)
    ]
    assert all((index.parent / str(href)).exists() for href in links)


def test_text_from_outside_is_escaped(settings: Settings) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    bad = CheckResult(name="symbols_fetched", passed=False, message=evil, severity=Severity.WARNING)
    write_batch_page(
        settings,
        record("b1", bad, refused={evil: 1}, coverage=(covered(evil),), batch=batch_info("b1", symbols=(evil,))),
    )
    for page in settings.home.data_quality.rglob("*.html"):
        tags = {tag for tag, _ in Seen(page.read_text(encoding="utf-8")).tags}
        assert not tags & {"script", "img"}
    assert evil in Seen(index_of(settings)).text


def test_pages_need_nothing_from_anywhere_else(settings: Settings) -> None:
    write_batch_page(settings, record())
    page = index_of(settings)
    seen = Seen(page)
    assert "default-src 'none'" in page
    assert not re.findall(r"https?://", page)
    assert not any("src" in attrs or (tag == "link") for tag, attrs in seen.tags)


def test_an_index_without_any_batch_says_so(settings: Settings) -> None:
    assert "No batch was validated yet." in Seen(index_of(settings)).text


def test_undefined_numbers_are_shown_as_a_dash(settings: Settings) -> None:
    unknown = CheckResult(name="feed_is_fresh", passed=False, observed=None, message="none")
    write_batch_page(settings, record("b1", unknown))
    assert "–" in Seen(index_of(settings)).text
