"""The figures: learning curves against the rule, the martingale, the positive control, what helps against noise."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.learning.trial import Result, Verdict
from include.reporting.style import BLUE, GREEN, GREY, INK, ORANGE, RED, dress, new_figure, save, thousands

SEED_COLOURS = (BLUE, GREEN, ORANGE)
NET = "net profit of an episode, % of balance"


def draw(results: Sequence[Result], folder: Path) -> Iterator[Path]:
    """Write the figure of each group of `results` into `folder` and yield the files."""
    for group, figure in FIGURES.items():
        members = [result for result in results if group in result.case.groups]
        if members:
            yield figure(members, folder / f"learning-{group}.png")


def _planted(results: Sequence[Result], target: Path) -> Path:
    rows = (len(results) + 1) // 2
    figure = new_figure(8.6, 0.4 + 3.0 * rows)
    _head(figure, "PPO on a planted edge: 250 validation episodes of 200 candles")
    panels = figure.subplots(rows, 2, sharey=True, squeeze=False).flat
    for place, (result, axes) in enumerate(zip(results, panels, strict=False)):
        _curves(axes, result)
        _level(axes, result.rule_validation, "best threshold rule", "-")
        _level(axes, 0.8 * result.rule_validation, "80 % of it", ":")
        dress(axes, result.case.name, NET if place % 2 == 0 else "")
        if place == 0:
            axes.legend(loc="lower right", frameon=False, fontsize=8, labelcolor=INK)
    return save(figure, target)


def _leak(results: Sequence[Result], target: Path) -> Path:
    figure = new_figure(6.4, 3.9)
    axes = figure.add_subplot()
    for result in results:
        _curves(axes, result)
        _level(axes, result.rule_validation, "best threshold rule on the leaked column", "-")
    _head(figure, "Positive control: one feature is the next candle's return")
    dress(axes, "Validation episodes of a martingale", NET)
    axes.legend(loc="lower right", frameon=False, fontsize=8, labelcolor=INK)
    return save(figure, target)


def _martingale(results: Sequence[Result], target: Path) -> Path:
    figure = new_figure(9.6, 3.9)
    curves, verdicts = figure.subplots(1, 2)
    _head(figure, "A martingale pays nobody: PPO on prices without an edge")
    _curves(curves, results[0])
    _level(curves, 0.0, "never trading", "-")
    dress(curves, "Validation episodes, with costs", NET)
    curves.legend(loc="lower center", frameon=False, fontsize=8, labelcolor=INK)
    width = max(len(result.trials) for result in results) + 1
    for place, result in enumerate(results):
        for offset, (trial, colour) in enumerate(zip(result.trials, _colours(len(result.trials)), strict=True)):
            _interval(verdicts, place * width + offset, trial.final, colour)
    verdicts.axhline(0.0, color=GREY, linewidth=1.0)
    middles = [place * width + (len(result.trials) - 1) / 2 for place, result in enumerate(results)]
    verdicts.set_xticks(middles, [result.case.name for result in results])
    dress(verdicts, "1,250 fresh episodes, ± 3 standard errors", "gross profit of an episode, % of balance")
    verdicts.margins(x=0.12, y=0.14)
    return save(figure, target)


def _interval(axes: Axes, place: int, verdict: Verdict, colour: str) -> None:
    reach = 3 * verdict.gross_error
    axes.errorbar(place, verdict.gross, yerr=reach, fmt="o", capsize=4, color=colour)
    axes.annotate(
        f"{verdict.trades:.0f} trades", (place, verdict.gross + reach), xytext=(0, 5), textcoords="offset points",
        fontsize=7.5, color=INK, ha="center",
    )  # fmt: skip


def _bars(results: Sequence[Result], target: Path, title: str) -> Path:
    figure = new_figure(8.4, 1.1 + 0.36 * len(results))
    axes = figure.add_subplot()
    _head(figure, title)
    for place, result in enumerate(results):
        shares = [100.0 * (trial.best.share or 0.0) for trial in result.trials]
        mean = float(np.mean(shares))
        axes.barh(place, mean, height=0.62, color=BLUE if mean >= 80.0 else "#a9c7dd", zorder=1)
        axes.plot(shares, [place] * len(shares), "o", color=INK, markersize=3.5, zorder=3)
        axes.annotate(
            f"{mean:.0f} %", (0.0, place), xytext=(6, 0), textcoords="offset points", fontsize=8, va="center",
            color="white" if mean >= 80.0 else INK, clip_on=False,
        )  # fmt: skip
    axes.axvline(80.0, color=RED, linestyle=":", linewidth=1.2)
    axes.axvline(100.0, color=GREY, linewidth=1.2)
    axes.set_yticks(range(len(results)), [result.case.name for result in results])
    axes.set_ylim(len(results) - 0.4, -0.6)
    axes.set_xlim(0.0, 112.0)
    dress(axes, "", "")
    axes.grid(visible=False)
    axes.set_xlabel(
        "% of the best threshold rule's net profit; bars are means, dots single seeds", fontsize=8.5, color=INK
    )
    return save(figure, target)


def _curves(axes: Axes, result: Result) -> None:
    for trial, colour in zip(result.trials, _colours(len(result.trials)), strict=True):
        steps, nets = zip(*trial.curve, strict=True)
        axes.plot(steps, nets, color=colour, linewidth=1.4, label=f"PPO, seed {trial.seed}")
    thousands(axes)
    axes.set_xlabel("environment steps", fontsize=8.5, color=INK)


def _colours(count: int) -> list[str]:
    return [SEED_COLOURS[place % len(SEED_COLOURS)] for place in range(count)]


def _level(axes: Axes, value: float, name: str, style: str) -> None:
    axes.axhline(value, color=RED if style == ":" else GREY, linestyle=style, linewidth=1.2, label=name)


def _head(figure: Figure, text: str) -> None:
    figure.suptitle(text, x=0.012, ha="left", fontsize=11.5, fontweight="bold", color=INK)


FIGURES: dict[str, Callable[[Sequence[Result], Path], Path]] = {
    "planted": _planted,
    "noise": partial(_bars, title="94 features, 86 of them noise: share of the rule's net profit"),
    "strength": partial(_bars, title="8 active features, edges of three strengths: share of the rule's net profit"),
    "martingale": _martingale,
    "leak": _leak,
}
