"""The figure of a cross-validation: every path against buy and hold, and the ratio on each tested window."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from include.reporting.style import BLUE, GREY, INK, ORANGE, dates, dress, legend, new_figure, percentages, save

Values = NDArray[np.float64]


@dataclass(frozen=True)
class PathCurves:
    """Portfolio equity of all paths through the same tested windows.

    Attributes
    ----------
    open_time : int64 (T,)
        Candles of all windows, UTC epoch milliseconds.
    paths : float64 (n, T)
        Portfolio equity of each path, any currency.
    buy_and_hold : float64 (T,)
        The same windows bought and held.
    starts : int64 (w,)
        First candle of each window.
    sharpes : tuple of tuple of float or None, length w
        Annual Sharpe ratio of every model that was tested on the window.
    """

    open_time: NDArray[np.int64]
    paths: Values
    buy_and_hold: Values
    starts: NDArray[np.int64]
    sharpes: tuple[tuple[float | None, ...], ...]


def path_figure(curves: PathCurves, title: str, target: Path) -> Path:
    """Draw the return of every path and the Sharpe ratio on every window, into the PNG file `target`."""
    figure = new_figure(9.2, 5.8)
    figure.suptitle(title, x=0.012, ha="left", fontsize=12.5, fontweight="bold", color=INK)
    grid = figure.add_gridspec(2, 1, height_ratios=(2.1, 1.0))
    upper = figure.add_subplot(grid[0])
    lower = figure.add_subplot(grid[1], sharex=upper)
    _draw_paths(upper, curves)
    _draw_ratios(lower, curves)
    for axes in (upper, lower):
        dates(axes)
        for start in _moments(curves.starts)[1:]:
            axes.axvline(start, color=GREY, linewidth=0.7, linestyle=":")
        axes.axhline(0.0, color="#aeb4bc", linewidth=0.9)
    upper.tick_params(labelbottom=False)
    return save(figure, target)


def _draw_paths(axes: Axes, curves: PathCurves) -> None:
    times, count = _moments(curves.open_time), len(curves.paths)
    axes.plot(times, _returns(curves.buy_and_hold), color=ORANGE, linewidth=1.3, label="Buy and hold")
    for number, path in enumerate(curves.paths):
        label = None if number else ("Out of sample" if count == 1 else f"{count} paths")
        axes.plot(times, _returns(path), color=BLUE, linewidth=1.9 if count == 1 else 1.1, alpha=0.85, label=label)
    dress(axes, "Return since the first tested candle; dotted: a window begins", "% of start")
    percentages(axes)
    legend(axes)


def _draw_ratios(axes: Axes, curves: PathCurves) -> None:
    ends = np.append(curves.starts[1:], curves.open_time[-1])
    middles = _moments((curves.starts + ends) // 2)
    for middle, ratios in zip(middles, curves.sharpes, strict=True):
        known = [ratio for ratio in ratios if ratio is not None]
        axes.plot([middle] * len(known), known, "o", color=BLUE, markersize=5, alpha=0.7)
    dress(axes, "Sharpe ratio of each model on each window", "per year")
    axes.margins(x=0.01, y=0.12)


def _moments(milliseconds: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return milliseconds.astype("datetime64[ms]")


def _returns(equity: Values) -> Values:
    gained: Values = 100 * (equity / equity[0] - 1.0)
    return gained
