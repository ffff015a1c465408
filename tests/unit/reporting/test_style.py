from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from include.reporting.style import BLUE, GREEN, ORANGE, RED, dates, dress, new_figure, percentages, save, thousands


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2, an independent measure of how dark a colour prints."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_the_colours_of_one_axes_differ_in_brightness_too() -> None:
    for one, other in ((BLUE, ORANGE), (BLUE, GREEN), (ORANGE, RED)):
        assert abs(luminance(one) - luminance(other)) > 0.08


def test_axes_have_title_and_unit() -> None:
    axes = new_figure(3, 2).subplots()
    dress(axes, "Return", "%")
    assert axes.get_title(loc="left") == "Return"
    assert axes.get_ylabel() == "%"


def test_axis_values_are_written_as_people_read_them() -> None:
    axes = new_figure(3, 2).subplots()
    percentages(axes)
    thousands(axes)
    assert axes.yaxis.get_major_formatter()(-2.5, 0) == "−2.5 %"
    assert axes.xaxis.get_major_formatter()(20_480, 0) == "20.48k"
    assert axes.xaxis.get_major_formatter()(0, 0) == "0"


def test_dates_are_days_and_months() -> None:
    axes = new_figure(3, 2).subplots()
    axes.plot(np.array(["2025-07-03", "2025-09-24"], dtype="datetime64[ms]"), [0, 1])
    dates(axes)
    assert axes.xaxis.get_major_formatter()(20_272.0) == "3 Jul"  # 20,272 days after 1970-01-01


@pytest.mark.parametrize("days", [5, 12, 33, 50, 66, 90])
def test_dates_stand_at_even_distances_across_the_end_of_a_month(days: int) -> None:
    axes = new_figure(3, 2).subplots()
    start = np.datetime64("2025-09-14T16:00")
    axes.plot(np.array([start, start + np.timedelta64(days, "D")]), [0, 1])
    dates(axes)
    ticks = axes.xaxis.get_major_locator()()
    assert 4 <= len(ticks) <= 9
    assert len(set(np.diff(ticks).tolist())) == 1


def test_saving_is_atomic_and_repeatable(tmp_path: Path) -> None:
    def drawn(name: str) -> bytes:
        figure = new_figure(3, 2)
        figure.subplots().plot([0, 1], [0, 1])
        return save(figure, tmp_path / "deep" / name).read_bytes()

    assert drawn("a.png") == drawn("b.png")
    assert drawn("a.png").startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["a.png", "b.png"]


def test_no_global_figure_is_left_behind() -> None:
    new_figure(3, 2)
    assert plt.get_fignums() == []
