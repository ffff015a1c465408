import base64
import re
from datetime import UTC, datetime

import pytest

from include.config.settings import Settings
from include.core.errors import MissingInputError
from include.core.paths import Home
from include.features.drift import read_drift
from include.features.registry import FEATURE_SETS
from include.features.spec import FeatureSet
from include.reporting.feature_report import number, write_feature_report
from tests.support import feature_builds as builds
from tests.support.feature_builds import ABSENT, LATE, MOVED, STILL, write_build, write_dataset

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
ATTACK = '<script>alert("x")</script>'


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    return settings.home


def page_of(home: Home) -> str:
    return (home.feature_report("market94") / "index.html").read_text(encoding="utf-8")


def written(home: Home) -> str:
    write_build(home)
    write_dataset(home)
    write_feature_report(home, "market94", NOW)
    return page_of(home)


def test_page_drift_and_its_figure_are_written_and_nothing_else(home: Home) -> None:
    written(home)
    folder = home.feature_report("market94")
    assert sorted(path.name for path in folder.iterdir()) == ["drift.json", "drift.png", "index.html"]
    assert read_drift(folder).measured[0].feature == MOVED
    figure = base64.b64encode((folder / "drift.png").read_bytes()).decode()
    assert f'src="data:image/png;base64,{figure}"' in page_of(home)


def test_writing_it_twice_gives_the_same_page(home: Home) -> None:
    first = written(home)
    write_feature_report(home, "market94", NOW)
    assert page_of(home) == first


def test_before_the_first_build_nothing_is_written(home: Home) -> None:
    with pytest.raises(MissingInputError):
        write_feature_report(home, "market94", NOW)
    assert not home.reports.exists()


def test_the_page_runs_nothing_and_loads_nothing(home: Home) -> None:
    html = written(home)
    assert "<script" not in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)
    assert not re.search(r"\sstyle=|\son\w+=|url\(|@import", html)
    assert "script-src" not in html
    assert "default-src &#39;none&#39;" in html


def test_every_place_that_is_jumped_to_exists(home: Home) -> None:
    html = written(home)
    targets = re.findall(r'href="#([^"]+)"', html)
    assert len(targets) == 8
    assert all(f'id="{target}"' in html for target in targets)


def test_nothing_from_disk_becomes_markup(home: Home) -> None:
    write_build(home, build_id=ATTACK, message=ATTACK)
    write_dataset(home, inactive_features={LATE: ATTACK, ABSENT: ATTACK, STILL: ATTACK}, system=ATTACK)
    write_feature_report(home, "market94", NOW)
    html = page_of(home)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 6


def test_the_page_says_what_a_reader_asks_for(home: Home) -> None:
    html = written(home)
    for part in (
        "Causal: the past keeps its bits.", "3 / 6", "features active", "2 of 4 checks speak up",
        "feature_drift_major", "f_price_moved_7 ", "constant at 0.5 in training", "redundant: r = 0.99990",
        "Smart money (3)", "53.17%", "SOL/USDT:USDT: no candles in the lake", "d" * 16, "candles 3",
        "2025-01-02 16:00 UTC to 2025-05-06 00:00 UTC", "2025-08-01 12:00 UTC", 'title="formula of moved_7"',
        "the other 4 features are complete",
    ):  # fmt: skip
        assert part in html, part


def test_without_a_dataset_the_page_says_what_is_not_known(home: Home) -> None:
    write_build(home)
    write_feature_report(home, "market94", NOW)
    html = page_of(home)
    assert "Not known yet: no dataset is frozen yet" in html
    assert "these would be inactive or redundant" in html
    assert "none of this definition" in html
    assert "older candles" in html
    assert '<div class="banner sound">' in html
    assert "None of 4 checks warns." in html
    assert not (home.feature_report("market94") / "drift.png").exists()


def test_a_set_of_one_family_has_one_section(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    small = FeatureSet("market94", builds.SET.families[:1])
    monkeypatch.setitem(FEATURE_SETS, "market94", small)
    write_build(home, feature_set=small)
    write_feature_report(home, "market94", NOW)
    html = page_of(home)
    assert 'id="family-1"' in html
    assert 'id="family-2"' not in html
    assert "Complete: every candle behind the warm-up has every feature." in html


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), ("word", "word"), (136301, "136,301"), (-0.00012345, "−0.000123"), (0.5, "0.5"), (16.858, "16.9")],
)
def test_numbers_are_shown_short_with_a_real_minus(value: float | str | None, text: str) -> None:
    assert number(value) == text
