"""The figure of one episode: price with entries and exits, exposure, equity, drawdown, reward components."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from include.core.clock import from_ms
from include.environments.phase4.account import Trade
from include.environments.render import Episode, EpisodeRecorder
from include.environments.statistics import win_rate
from include.features.dataset import Dataset
from include.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    RED,
    dates,
    dress,
    legend,
    new_figure,
    percentages,
    save,
)

_SHORT_DAYS = 3
_DAY_MS = 86_400_000
# from here on digits are easier to read in groups of three
_LARGE = 10_000.0
_COMPONENT_COLOURS = (BLUE, GREEN, RED, ORANGE, GREY)
_INITIAL = "#aeb4bc"

Times = NDArray[np.datetime64]


class RenderedEnv(EpisodeRecorder):
    """One of our environments with `render()` as Gymnasium means it: an image of the episode played so far.

    Parameters
    ----------
    env : Env
        Made by `make_env`.
    dataset : Dataset
        What it plays.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(self, env: gymnasium.Env[Any, Any], dataset: Dataset) -> None:
        super().__init__(env, dataset)

    @property
    def render_mode(self) -> str:  # type: ignore[override]  # a property in Gymnasium's own wrapper too
        """Always `rgb_array`."""
        return "rgb_array"

    def render(self) -> Any:
        """Return the figure of the episode played so far as uint8 (height, width, 3)."""
        return episode_image(self.episode)


def episode_figure(episode: Episode, target: Path) -> Path:
    """Draw `episode` into a PNG file.

    Parameters
    ----------
    episode : Episode
        What is drawn.
    target : Path
        PNG file, written atomically.

    Returns
    -------
    Path
        `target`.
    """
    return save(_drawn(episode), target)


def episode_image(episode: Episode) -> NDArray[np.uint8]:
    """Return the figure of `episode` as uint8 (height, width, 3)."""
    canvas = FigureCanvasAgg(_drawn(episode))
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba(), dtype=np.uint8)
    return np.ascontiguousarray(pixels[:, :, :3])


def _drawn(episode: Episode) -> Figure:
    figure = new_figure(9.2, 10.4)
    figure.suptitle(_title(episode), x=0.012, ha="left", fontsize=11.5, fontweight="bold", color=INK)
    grid = figure.add_gridspec(5, 1, height_ratios=(2.4, 0.8, 1.1, 0.8, 1.3))
    price = figure.add_subplot(grid[0])
    panels = [price, *(figure.add_subplot(grid[row], sharex=price) for row in range(1, 5))]
    times = _closes(episode)
    _draw_price(price, times, episode)
    _draw_exposure(panels[1], times, episode)
    _draw_equity(panels[2], times, episode)
    _draw_drawdown(panels[3], times, episode)
    _draw_components(panels[4], times, episode)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    _date(panels[-1], episode)
    return figure


def _title(episode: Episode) -> str:
    nets = [trade.net_usd for trade in episode.trades]
    won = win_rate(nets)
    gained = episode.equity[-1] / episode.equity[0] - 1.0
    trades = f"{len(nets)} closed trade{'' if len(nets) == 1 else 's'}"
    share = "" if won is None else f", {won:.0%} won"
    steps = len(episode.equity) - 1
    first = from_ms(int(episode.candles.open_time[0]))
    what = f"{episode.system} · {episode.symbol} · {first:%-d %b %Y}"
    return f"{what} · {_signed(gained)} in {steps:,} steps · {trades}{share}"


def _signed(share: float) -> str:
    return f"{share:+.2%}".replace("-", "−")


def _closes(episode: Episode) -> Times:
    return (episode.candles.open_time + episode.candle_ms).astype("datetime64[ms]")


def _draw_price(axes: Axes, times: Times, episode: Episode) -> None:
    candles = episode.candles
    axes.fill_between(times, candles.low, candles.high, color=GREY, alpha=0.25, linewidth=0)
    axes.plot(times, candles.close, color=INK, linewidth=1.0)
    for trade in episode.trades:
        ends = np.array([trade.entry_time, trade.exit_time]).astype("datetime64[ms]")
        colour = GREEN if trade.net_usd > 0.0 else RED
        axes.plot(ends, [trade.entry_price, trade.exit_price], color=colour, linewidth=1.4, alpha=0.8)
    _mark(axes, episode, 1, "^", BLUE, "long entry")
    _mark(axes, episode, -1, "v", ORANGE, "short entry")
    won = [trade for trade in episode.trades if trade.net_usd > 0.0]
    lost = [trade for trade in episode.trades if trade.net_usd <= 0.0]
    for trades, colour, label in ((won, GREEN, "exit, won"), (lost, RED, "exit, lost")):
        _scatter(axes, [(trade.exit_time, trade.exit_price) for trade in trades], "x", colour, label)
    dress(axes, "Price: close, and range of each candle", "quote per base")
    _thousands(axes)
    legend(axes, columns=4)


def _mark(axes: Axes, episode: Episode, side: int, marker: str, colour: str, label: str) -> None:
    points = [(trade.entry_time, trade.entry_price) for trade in _of_side(episode.trades, side)]
    if episode.open_entry is not None and np.sign(episode.quantity[-1]) == side:
        row, price = episode.open_entry
        points.append((int(episode.candles.open_time[row]), price))
    _scatter(axes, points, marker, colour, label)


def _of_side(trades: tuple[Trade, ...], side: int) -> list[Trade]:
    return [trade for trade in trades if trade.side == side]


def _scatter(axes: Axes, points: list[tuple[int, float]], marker: str, colour: str, label: str) -> None:
    times = np.array([time for time, _ in points], dtype=np.int64).astype("datetime64[ms]")
    axes.scatter(times, [price for _, price in points], marker=marker, color=colour, s=34, zorder=3, label=label)


def _draw_exposure(axes: Axes, times: Times, episode: Episode) -> None:
    # a position holds from the close before to the close at which it is seen
    for is_side, colour, label in ((episode.exposure > 0, BLUE, "long"), (episode.exposure < 0, ORANGE, "short")):
        axes.fill_between(
            times, 0.0, np.where(is_side, episode.exposure, 0.0), step="pre", color=colour, linewidth=0, label=label
        )
    dress(axes, "Exposure", "× equity")
    legend(axes, columns=2)


def _draw_equity(axes: Axes, times: Times, episode: Episode) -> None:
    axes.plot(times, episode.equity, color=BLUE, linewidth=1.6)
    axes.axhline(float(episode.equity[0]), color=_INITIAL, linewidth=0.9)
    dress(axes, "Equity at the close", "USD")
    _thousands(axes)


def _draw_drawdown(axes: Axes, times: Times, episode: Episode) -> None:
    axes.fill_between(times, -100.0 * episode.drawdown, 0.0, color=RED, alpha=0.55, linewidth=0)
    dress(axes, "Drawdown from the running peak", "of the equity")
    percentages(axes)


def _draw_components(axes: Axes, times: Times, episode: Episode) -> None:
    for (name, values), colour in zip(episode.components.items(), _COMPONENT_COLOURS, strict=False):
        axes.plot(times[1:], np.cumsum(values), color=colour, linewidth=1.5, label=name)
    axes.axhline(0.0, color=_INITIAL, linewidth=0.9)
    dress(axes, "Reward components, summed", "reward")
    legend(axes, columns=len(episode.components))


def _thousands(axes: Axes) -> None:
    if axes.get_ylim()[1] >= _LARGE:
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _date(axes: Axes, episode: Episode) -> None:
    dates(axes)
    if len(episode.equity) * episode.candle_ms < _SHORT_DAYS * _DAY_MS:
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=4, maxticks=8))
        axes.xaxis.set_major_formatter(DateFormatter("%-d %b %H:%M"))
