"""Every goal that is measured, and the one way to run them.

A new goal is a module with `measure(progress)`, which yields figures, and its line here.
"""

from collections.abc import Iterator
from importlib import import_module

from bench.figure import Figure
from include.core.errors import InvalidInputError
from include.core.progress import Progress

GOALS = {
    "P1": "bench.p1_training",
    "P2": "bench.p2_environments",
    "P3": "bench.p3_backtest",
    "P4": "bench.smart_money",
    "P5": "bench.features",
    "P7": "bench.p7_ingestion",
    "P8": "bench.dag_parsing",
}


def chosen(only: str | None) -> list[str]:
    """Return the goals in `only`, ids separated by commas; all of them when there is none."""
    if not only:
        return list(GOALS)
    names = [name.strip().upper() for name in only.split(",")]
    for name in names:
        if name not in GOALS:
            raise InvalidInputError(f"`--only` must name goals of {', '.join(GOALS)}, was {name!r}. Hint: P4,P5.")
    return names


def run(only: str | None, progress: Progress) -> list[Figure]:
    """Measure the goals in `only` one after the other and return their figures."""
    return list(_measured(chosen(only), progress))


def _measured(names: list[str], progress: Progress) -> Iterator[Figure]:
    for place, name in enumerate(names):
        progress("goals", place, len(names))
        yield from import_module(GOALS[name]).measure(progress)
    progress("goals", len(names), len(names))
