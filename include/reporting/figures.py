"""Figures of reports and messages: equity and drawdown, training curves.

What is drawn comes in as arrays or is read from a run's log files; nothing is computed about trading here
beyond a drawdown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

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
    thousands,
)
from include.training.logs import CONVERGENCE, LOGS, UPDATES, Columns, read_log
from include.training.runs import read_config, read_run

Values = NDArray[np.float64]
Times = NDArray[np.datetime64]
_SMOOTHED = 10
# quantiles at each close between which random policies are shaded
BAND = (0.05, 0.95)


@dataclass(frozen=True)
class EquityCurves:
    """Portfolio equity of a candidate and of what it is compared with, at the same closes.

    Attributes
    ----------
    open_time : int64 (T,)
        Candles, UTC epoch milliseconds.
    candidate, buy_and_hold : float64 (T,)
        Portfolio equity, any currency.
    random : float64 (draws, T)
        Portfolio equity of random policies.
    """

    open_time: NDArray[np.int64]
    candidate: Values
    buy_and_hold: Values
    random: Values


def equity_figure(curves: EquityCurves, title: str, target: Path) -> Path:
    """Draw return and drawdown of the candidate against buy and hold and the middle 90 % of random policies.

    Parameters
    ----------
    curves : EquityCurves
        What is drawn.
    title : str
        Said above the figure.
    target : Path
        PNG file, written atomically.

    Returns
    -------
    Path
        `target`.
    """
    figure = new_figure(9.2, 5.6)
    figure.suptitle(title, x=0.012, ha="left", fontsize=12.5, fontweight="bold", color=INK)
    grid = figure.add_gridspec(2, 1, height_ratios=(2.1, 1.0))
    upper = figure.add_subplot(grid[0])
    lower = figure.add_subplot(grid[1], sharex=upper)
    times = curves.open_time.astype("datetime64[ms]")
    _draw_compared(upper, times, curves, _returns)
    dress(upper, "Return since the start of the test window", "% of start")
    upper.axhline(0.0, color="#aeb4bc", linewidth=0.9)
    legend(upper)
    _draw_compared(lower, times, curves, lambda equity: -100 * drawdowns(equity))
    dress(lower, "Drawdown from the running peak", "%")
    for axes in (upper, lower):
        percentages(axes)
        dates(axes)
    upper.tick_params(labelbottom=False)
    return save(figure, target)


def training_figure(run_folder: Path, target: Path) -> Path:
    """Draw reward, KL divergence, losses and entropy of a run over its steps, from its log files.

    Parameters
    ----------
    run_folder : Path
        A run, in training or ended.
    target : Path
        PNG file, written atomically.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    MissingInputError
        There is no run, or it has no log files yet.
    """
    info, limits = read_run(run_folder), read_config(run_folder).alerts
    progress, updates = read_log(run_folder / LOGS, CONVERGENCE), read_log(run_folder / LOGS, UPDATES)
    figure = new_figure(9.2, 5.6)
    figure.suptitle(
        f"Training of {info.run_id}  ·  {info.timesteps:,} steps",
        x=0.012, ha="left", fontsize=12.5, fontweight="bold", color=INK,
    )  # fmt: skip
    (reward, divergence), (losses, entropy) = figure.subplots(2, 2)
    _draw_reward(reward, progress)
    _draw_divergence(divergence, progress, (limits.kl_warning, limits.kl_critical))
    _draw_losses(losses, updates)
    _line(entropy, progress["timestep"], progress["policy_entropy"], BLUE)
    dress(entropy, "Policy entropy", "nats")
    for axes in (reward, divergence, losses, entropy):
        thousands(axes)
        axes.set_xlabel("steps", fontsize=8.5, color=INK)
    return save(figure, target)


def drawdowns(equity: Values) -> Values:
    """Return the fall from the running peak at each point, positive fractions, along the last axis."""
    peaks = np.maximum.accumulate(equity, axis=-1)
    fallen: Values = 1.0 - equity / peaks
    return fallen


def _returns(equity: Values) -> Values:
    gained: Values = 100 * (equity / equity[..., :1] - 1.0)
    return gained


def _draw_compared(axes: Axes, times: Times, curves: EquityCurves, value: Callable[[Values], Values]) -> None:
    shown = value(curves.random)
    draws = len(curves.random)
    low, high = np.quantile(shown, BAND, axis=0)
    label = f"90 % of {draws} random policies"
    axes.fill_between(times, low, high, color=GREY, alpha=0.25, linewidth=0, label=label)
    axes.plot(times, value(curves.buy_and_hold), color=ORANGE, linewidth=1.3, label="Buy and hold")
    axes.plot(times, value(curves.candidate), color=BLUE, linewidth=1.9, label="Candidate")


def _draw_reward(axes: Axes, progress: Columns) -> None:
    steps, rewards = progress["timestep"], progress["reward"]
    axes.plot(steps, rewards, color=BLUE, alpha=0.3, linewidth=1.0)
    _line(axes, steps, _smoothed(rewards), BLUE)
    dress(axes, f"Reward (bold: mean of {_SMOOTHED} updates)", "episode reward")


def _draw_divergence(axes: Axes, progress: Columns, limits: Sequence[float]) -> None:
    _line(axes, progress["timestep"], progress["kl_divergence"], BLUE)
    for limit, colour, word in zip(limits, (ORANGE, RED), ("warning", "alert"), strict=True):
        axes.axhline(limit, color=colour, linewidth=1.1, linestyle="--", label=f"{word} {limit:g}")
    dress(axes, "KL divergence", "approximate")
    legend(axes, columns=2)


def _draw_losses(axes: Axes, updates: Columns) -> None:
    _line(axes, updates["timestep"], updates["value_loss"], GREEN, "value")
    _line(axes, updates["timestep"], updates["policy_loss"], BLUE, "policy")
    axes.set_yscale("symlog", linthresh=1e-2)
    dress(axes, "Losses", "symmetric log")
    legend(axes, columns=2)


def _line(axes: Axes, steps: Values, values: Values, colour: str, label: str | None = None) -> None:
    if not np.isfinite(values).any():
        axes.text(0.5, 0.5, "no values yet", transform=axes.transAxes, ha="center", color=GREY, fontsize=9)
    axes.plot(steps, values, color=colour, linewidth=1.7, label=label, marker="o" if len(values) < 30 else "", ms=2.6)


def _smoothed(values: Values) -> Values:
    if not len(values):
        return values
    # trailing mean over what is there: no value from the future, NaN left out
    known = np.isfinite(values)
    window = np.ones(_SMOOTHED)
    sums = np.convolve(np.where(known, values, 0.0), window)[: len(values)]
    counts = np.convolve(known.astype(np.float64), window)[: len(values)]
    means: Values = np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0)
    return means
