"""How figures look: colours that colour-blind people tell apart (Okabe and Ito, 2008), fonts, grids, saving."""

from datetime import UTC
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DAILY, AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from include.core.files import atomic_path

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8a8f98"
INK, LINE = "#22262e", "#e3e6ea"
DPI = 150
_YEAR = 366.0
# days between two dates of an axis
_DAYS = (1, 2, 3, 5, 7, 10, 14, 21)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` × `height` inches, drawn without a display and without global state."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, title: str, unit: str) -> None:
    """Give `axes` its title, the unit of its values, a quiet grid and no box."""
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=7)
    axes.set_ylabel(unit, fontsize=8.5, color=INK)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#c3c8cf")
    axes.tick_params(colors=INK, labelsize=8.5, length=0)
    axes.margins(x=0.01)


def dates(axes: Axes) -> None:
    """Show the horizontal axis as dates, once all is drawn; over more than a year with the year."""
    # without `interval_multiples` days are counted through: with it every month starts anew, and ticks are uneven
    locator = AutoDateLocator(minticks=4, maxticks=8, interval_multiples=False)
    locator.intervald[DAILY] = list(_DAYS)
    axes.xaxis.set_major_locator(locator)
    first, last = axes.get_xlim()
    axes.xaxis.set_major_formatter(DateFormatter("%b %Y" if last - first > _YEAR else "%-d %b", tz=UTC))


def percentages(axes: Axes) -> None:
    """Show the vertical axis, fractions, as percentages."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}".replace("-", "−") + " %"))


def thousands(axes: Axes) -> None:
    """Show the horizontal axis, steps, in thousands."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:g}k" if value else "0"))


def legend(axes: Axes, *, columns: int = 3) -> None:
    """Show a frameless legend above the axes, at its right."""
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, frameon=False, fontsize=8.5, labelcolor=INK,
        borderaxespad=0.1, handlelength=1.6, columnspacing=1.3,
    )  # fmt: skip


def save(figure: Figure, target: Path) -> Path:
    """Write `figure` to the PNG file `target` atomically and return `target`."""
    with atomic_path(target) as temporary:
        # no date and no program version inside: the same data gives the same bytes
        figure.savefig(temporary, format="png", metadata={"Software": None})
    return target
