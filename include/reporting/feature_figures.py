"""Figures of the feature report: small histograms of a family, drift of the worst ten, correlation map, coverage.

What is drawn comes in as facts (`feature_facts.py`); nothing is computed about features here.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from include.features.drift import MAJOR_PSI, MODERATE_PSI, FeatureDrift
from include.reporting.feature_facts import FeatureFacts, Histogram, ReportFacts
from include.reporting.style import BLUE, GREEN, GREY, INK, LINE, ORANGE, RED, dress, legend, new_figure, save

WORST = 10
_COLUMNS = 5
_WIDTH = 9.2
_CELL = (0.90, 0.50)  # of the distance between two cells; the rest is for its texts
_LEAST_PSI = 0.01
_PSI_TICKS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RANGE_LABEL = "30 days of training, median to highest"
_COVERED = LinearSegmentedColormap.from_list("red-yellow-green", [RED, "#f3d9a4", GREEN])
_ABSENT = "#eceef1"
_DIVERGING = LinearSegmentedColormap.from_list("blue-white-red", [BLUE, "#ffffff", RED]).with_extremes(bad=_ABSENT)

Values = NDArray[np.float64]


def histogram_figure(features: Sequence[FeatureFacts], target: Path) -> Path:
    """Draw one small histogram per feature, training filled and the newest candles as a line.

    Parameters
    ----------
    features : sequence of FeatureFacts
        Of one family.
    target : Path
        PNG file, written atomically.
    """
    rows = -(-len(features) // _COLUMNS)
    figure = new_figure(_WIDTH, 1.06 * rows + 0.12)
    axes = figure.add_subplot()
    axes.set(xlim=(-0.01, _COLUMNS - 0.09), ylim=(-rows + 0.12, 0.06))
    axes.axis("off")
    filled, lines, bases = [], [], []
    for number, feature in enumerate(features):
        row, column = divmod(number, _COLUMNS)
        x, y = float(column), -row - 0.75
        _texts(axes, feature, x, y)
        bases.append([(x, y), (x + _CELL[0], y)])
        if feature.histogram is None:
            continue
        top = _highest(feature.histogram)
        filled.append(_steps(feature.histogram.training, x, y, top))
        if feature.histogram.recent is not None:
            lines.append(_steps(feature.histogram.recent, x, y, top)[1:-1])
    axes.add_collection(LineCollection(bases, colors="#c3c8cf", linewidths=0.7))
    axes.add_collection(PolyCollection(filled, facecolors=BLUE, alpha=0.30, linewidths=0))
    axes.add_collection(LineCollection(lines, colors=ORANGE, linewidths=1.15))
    return save(figure, target)


def drift_figure(drifts: Sequence[FeatureDrift], target: Path) -> Path:
    """Draw the ten features that moved farthest: index now, its range within training, and the shift of the mean.

    Parameters
    ----------
    drifts : sequence of FeatureDrift
        Measured ones, farthest first.
    target : Path
        PNG file, written atomically.
    """
    worst = list(drifts[:WORST])
    places = np.arange(len(worst))[::-1]
    figure = new_figure(_WIDTH, 0.34 * max(len(worst), 3) + 1.0)
    index, shift = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1.0))
    _draw_index(index, worst, places)
    _draw_shift(shift, worst, places)
    index.set_yticks(places, [drift.feature.removeprefix("f_") for drift in worst], fontsize=8.5)
    index.set_ylim(-0.6, max(len(worst), 3) - 0.4)
    return save(figure, target)


def correlation_figure(facts: ReportFacts, target: Path) -> Path:
    """Draw the correlation of every feature with every other, families set apart by lines; grey does not vary."""
    names = [feature.short_name for feature in facts.features]
    # taller than wide where there are many: a row must have room for its name
    figure = new_figure(_WIDTH, float(np.clip(0.118 * len(names) + 0.4, 4.0, 16.0)))
    axes = figure.add_subplot()
    image = axes.imshow(facts.correlation, cmap=_DIVERGING, vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
    axes.set_yticks(range(len(names)), names, fontsize=6.2 if len(names) > 30 else 8.0, color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    _separate(axes, [feature.family for feature in facts.features])
    bar = figure.colorbar(image, ax=axes, shrink=0.4, aspect=22, pad=0.015, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    bar.ax.tick_params(labelsize=8, length=0, colors=INK)
    bar.outline.set_visible(False)
    return save(figure, target)


def coverage_figure(facts: ReportFacts, columns: Sequence[int], target: Path) -> Path:
    """Draw the coverage by month of the features in `columns`; grey months have no warm candle."""
    names = [facts.features[column].name.removeprefix("f_") for column in columns]
    months = facts.survey.months
    figure = new_figure(_WIDTH, 0.22 * len(names) + 0.55)
    axes = figure.add_subplot()
    values = facts.month_coverage[:, list(columns)].T
    image = axes.imshow(values, cmap=_COVERED, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axes.set_yticks(range(len(names)), names, fontsize=7.5, color=INK)
    shown = range(0, len(months), max(1, -(-len(months) // 12)))
    axes.set_xticks(list(shown), [months[place] for place in shown], fontsize=7.5, color=INK)
    axes.set_xticks(np.arange(1, len(months)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, aspect=12, pad=0.015, ticks=[0, 0.5, 1])
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    bar.ax.tick_params(labelsize=8, length=0, colors=INK)
    bar.outline.set_visible(False)
    return save(figure, target)


def _texts(axes: Axes, feature: FeatureFacts, x: float, y: float) -> None:
    axes.text(x, y + _CELL[1] + 0.05, feature.short_name, fontsize=7.0, color=INK, va="bottom")
    if feature.histogram is None:
        word = "inactive" if feature.inactive else "no two values"
        axes.text(x + _CELL[0] / 2, y + 0.2, word, ha="center", fontsize=7.5, color=GREY, style="italic")
        return
    for place, value, side in ((x, feature.histogram.low, "left"), (x + _CELL[0], feature.histogram.high, "right")):
        axes.text(place, y - 0.03, _short(value), fontsize=5.8, color="#707884", va="top", ha=side)
    psi = feature.drift.psi
    if psi is not None and psi > MODERATE_PSI:
        colour = RED if psi > MAJOR_PSI else "#9a6200"
        middle = x + _CELL[0] / 2
        axes.text(middle, y - 0.03, f"PSI {psi:.2f}", fontsize=6.2, color=colour, va="top", ha="center", weight="bold")


def _highest(histogram: Histogram) -> float:
    tallest = [histogram.training.max()] + ([] if histogram.recent is None else [histogram.recent.max()])
    return float(max(tallest))


def _steps(shares: Values, x: float, y: float, top: float) -> Values:
    edges = np.repeat(np.linspace(x, x + _CELL[0], len(shares) + 1), 2)
    heights = np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])
    return np.column_stack([edges, y + _CELL[1] * heights / top])


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _draw_index(axes: Axes, worst: Sequence[FeatureDrift], places: NDArray[np.int64]) -> None:
    now = np.maximum([drift.psi or 0.0 for drift in worst], _LEAST_PSI)
    colours = [RED if value > MAJOR_PSI else ORANGE if value > MODERATE_PSI else BLUE for value in now]
    known = [(place, drift) for place, drift in zip(places, worst, strict=True) if drift.usual_psi is not None]
    if known:
        usual = np.maximum([drift.usual_psi or 0.0 for _, drift in known], _LEAST_PSI)
        highest = np.maximum([drift.highest_psi or 0.0 for _, drift in known], _LEAST_PSI)
        axes.hlines([place for place, _ in known], usual, highest, color="#b9bfc8", linewidth=5.5, label=_RANGE_LABEL)
    # hollow: not farther than training's own stretches are
    inside = [drift.highest_psi is not None and (drift.psi or 0.0) <= drift.highest_psi for drift in worst]
    filled = ["white" if within else colour for within, colour in zip(inside, colours, strict=True)]
    axes.scatter(now, places, c=filled, edgecolors=colours, linewidths=1.6, s=44, zorder=3)
    for value, place in zip(now, places, strict=True):
        _beside(axes, f"{value:.2f}", value, place, 6)
    axes.set_xscale("log")
    axes.set_xticks(_PSI_TICKS)
    axes.minorticks_off()
    axes.set_xlim(min(_LEAST_PSI * 3, float(now.min(initial=1.0)) / 2), max(1.0, float(now.max(initial=1.0))) * 2.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for limit, colour in ((MODERATE_PSI, ORANGE), (MAJOR_PSI, RED)):
        axes.axvline(limit, color=colour, linewidth=1.0, linestyle="--", zorder=1)
    _dress_sideways(axes, "PSI now")
    if known:
        legend(axes, columns=1)


def _draw_shift(axes: Axes, worst: Sequence[FeatureDrift], places: NDArray[np.int64]) -> None:
    shifts = [drift.mean_shift or 0.0 for drift in worst]
    axes.barh(places, shifts, height=0.5, color=BLUE)
    axes.axvline(0.0, color="#aeb4bc", linewidth=0.9)
    for value, place in zip(shifts, places, strict=True):
        _beside(axes, f"{value:+.2f}".replace("-", "−"), value, place, 4 if value >= 0 else -4)
    reach = 1.35 * max([abs(value) for value in shifts] + [0.1])
    axes.set_xlim(-reach, reach)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    _dress_sideways(axes, "Shift of the mean, deviations")


def _beside(axes: Axes, text: str, x: float, y: float, points: int) -> None:
    axes.annotate(
        text, (x, y), xytext=(points, 0), textcoords="offset points",
        ha="left" if points > 0 else "right", va="center", fontsize=8, color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
    )  # fmt: skip


def _dress_sideways(axes: Axes, title: str) -> None:
    dress(axes, title, "")
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    axes.tick_params(which="both", length=0)


def _separate(axes: Axes, families: Sequence[str]) -> None:
    starts = [0]
    for family, members in groupby(families):
        starts.append(starts[-1] + len(list(members)))
        middle = (starts[-2] + starts[-1] - 1) / 2
        axes.text(
            middle, -0.8, family.replace("_", " "), ha="center", va="bottom", fontsize=8.5, fontweight="bold", color=INK
        )
    for _, edge in pairwise(starts[:-1]):
        axes.axhline(edge - 0.5, color=INK, linewidth=0.8)
        axes.axvline(edge - 0.5, color=INK, linewidth=0.8)
