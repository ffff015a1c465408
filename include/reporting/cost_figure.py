"""The figure of worse terms: what is left of the return as costs, funding and delay grow."""

from pathlib import Path

from matplotlib.axes import Axes

from include.evaluation.stress import Stress
from include.reporting.style import BLUE, GREEN, GREY, INK, ORANGE, dress, legend, new_figure, percentages, save


def cost_figure(stress: Stress, target: Path) -> Path:
    """Draw the total return over the factor on costs and on funding, and that of decisions a candle late.

    Parameters
    ----------
    stress : Stress
        The candidate's.
    target : Path
        PNG file, written atomically.
    """
    figure = new_figure(9.2, 3.0)
    axes = figure.add_subplot()
    _line(axes, [(point.factor, point.total_return) for point in stress.costs], BLUE, "Fees and slippage × factor")
    _line(axes, [(point.factor, point.total_return) for point in stress.funding], GREEN, "Funding × factor")
    axes.plot([1.0], [100 * stress.late.total_return], "D", color=ORANGE, markersize=6, label="A candle late")
    axes.axhline(0.0, color="#aeb4bc", linewidth=0.9)
    axes.axvline(1.0, color=GREY, linewidth=0.8, linestyle=":")
    dress(axes, _title(stress), "total return")
    axes.margins(x=0.03, y=0.12)
    axes.set_xlabel("factor; 1 are the costs of the verdict", fontsize=8.5, color=INK)
    percentages(axes)
    legend(axes)
    return save(figure, target)


def _line(axes: Axes, points: list[tuple[float, float]], colour: str, label: str) -> None:
    ordered = sorted(points)
    axes.plot(
        [factor for factor, _ in ordered],
        [100 * gained for _, gained in ordered],
        color=colour, linewidth=1.8, marker="o", markersize=4, label=label,
    )  # fmt: skip


def _title(stress: Stress) -> str:
    if stress.break_even_fee_bps is None:
        return "No fee breaks even"
    return f"Breaks even at a fee of {stress.break_even_fee_bps:.1f} bps a side"
