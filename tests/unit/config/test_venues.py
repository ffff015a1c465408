from pathlib import Path
from typing import get_args

import pytest

from include.config.settings import Settings
from include.config.venues import VENUES, load_venues, venue_facts
from include.core.errors import ConfigurationError

VALID = VENUES.read_text(encoding="utf-8")


def test_the_settings_offer_exactly_the_venues_that_have_facts() -> None:
    assert set(get_args(Settings.model_fields["venue"].annotation)) == set(load_venues())


@pytest.mark.parametrize(
    ("venue", "family", "limit", "seconds"),
    [
        ("binanceusdm", "weight", 2_400, 60),
        ("binanceusdm", "funding", 500, 300),
        ("binanceusdm", "statistics", 1_000, 300),
        ("bybit", "requests", 600, 5),
    ],
)
def test_limits_are_those_the_venues_publish_and_not_all_of_them_is_used(
    venue: str, family: str, limit: int, seconds: float
) -> None:
    found = venue_facts(venue).families[family]
    assert (found.limit, found.window_seconds) == (limit, seconds)
    assert found.usable < found.limit


def test_an_even_pace_uses_a_window_up_exactly() -> None:
    family = venue_facts("binanceusdm").families["weight"]
    assert family.usable * family.seconds_per_weight == pytest.approx(60)
    assert family.burst_seconds == pytest.approx(0.3 / 0.9 * 60)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("burst: 0.3", "burst: 0.95", "`burst` must not exceed `share`"),
        ("opening: {family: weight", "opening: {family: nothing", "`opening.family` must be one of weight"),
        ("limit: 2400", "limit: 0", "greater than 0"),
        ("concurrency: 8", "concurrent: 8", "concurrent"),
    ],
)
def test_facts_that_break_a_rule_are_refused_by_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "venues.yaml"
    file.write_text(VALID.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        load_venues(file)
