import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.features.drift import FeatureDrift
from include.features.registry import FEATURE_SETS
from include.reporting.feature_facts import FeatureFacts, ReportFacts, gather
from include.reporting.feature_figures import correlation_figure, coverage_figure, drift_figure, histogram_figure
from tests.support import feature_builds as builds


@pytest.fixture
def facts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ReportFacts:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    builds.write_build(settings.home)
    builds.write_dataset(settings.home)
    return gather(settings.home, "market94")


def size_of(png: Path) -> tuple[int, int]:
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def many(facts: ReportFacts, count: int) -> list[FeatureFacts]:
    return [facts.features[number % len(facts.features)] for number in range(count)]


def test_the_histograms_grow_by_rows_of_five(facts: ReportFacts, tmp_path: Path) -> None:
    sizes = [size_of(histogram_figure(many(facts, count), tmp_path / f"{count}.png")) for count in (1, 5, 6, 40)]
    assert {width for width, _ in sizes} == {1380}
    heights = [height for _, height in sizes]
    assert heights[0] == heights[1] < heights[2] < heights[3]


def test_the_newest_candles_are_drawn_beside_training(facts: ReportFacts, tmp_path: Path) -> None:
    steady = facts.features[0]
    assert steady.histogram is not None
    alone = replace(steady, histogram=replace(steady.histogram, recent=None))
    drawn = [histogram_figure([f], tmp_path / f"{i}.png").read_bytes() for i, f in enumerate((steady, alone, steady))]
    assert drawn[0] == drawn[2] != drawn[1]


def test_features_without_a_histogram_still_have_their_place(facts: ReportFacts, tmp_path: Path) -> None:
    width, _ = size_of(histogram_figure(facts.features[3:], tmp_path / "a.png"))
    assert width == 1380


@pytest.mark.parametrize("count", [1, 3, 10, 94])
def test_at_most_ten_features_are_drawn_for_drift(count: int, tmp_path: Path) -> None:
    drifts = [
        FeatureDrift(feature=f"f_x_{i}", psi=9.0 / (i + 1), usual_psi=0.1, highest_psi=0.3, mean_shift=(-1.0) ** i)
        for i in range(count)
    ]
    ten = drift_figure(drifts, tmp_path / "a.png").read_bytes()
    assert ten == drift_figure(drifts[:10], tmp_path / "b.png").read_bytes()
    assert size_of(tmp_path / "a.png")[0] == 1380


def test_no_drift_at_all_and_no_usual_range_can_be_drawn(tmp_path: Path) -> None:
    size_of(drift_figure([FeatureDrift(feature="f_x_1", psi=0.0, mean_shift=0.0)], tmp_path / "a.png"))


def test_the_correlation_map_has_room_for_every_name(facts: ReportFacts, tmp_path: Path) -> None:
    heights = []
    for count in (15, 94, 200):
        wide = ReportFacts(**(vars(facts) | {"features": tuple(many(facts, count)), "correlation": np.eye(count)}))
        width, height = size_of(correlation_figure(wide, tmp_path / "a.png"))
        assert width == 1380
        heights.append(height)
    assert heights[0] < heights[1] < heights[2] <= 2400


def test_a_map_of_features_that_never_vary_can_be_drawn(facts: ReportFacts, tmp_path: Path) -> None:
    still = ReportFacts(**(vars(facts) | {"correlation": np.full((6, 6), np.nan)}))
    assert correlation_figure(still, tmp_path / "a.png") == tmp_path / "a.png"


def test_the_coverage_figure_has_a_row_per_feature(facts: ReportFacts, tmp_path: Path) -> None:
    one = size_of(coverage_figure(facts, [3], tmp_path / "one.png"))
    three = size_of(coverage_figure(facts, [3, 4, 5], tmp_path / "three.png"))
    assert one[1] < three[1]
