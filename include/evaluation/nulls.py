"""What luck reaches on the same window: random policies with the candidate's habits, its own signals at other times.

Both go through the same accounts, costs and gates as the candidate. Baselines with an opinion are in `baselines.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.progress import Progress, no_progress
from include.core.seeding import derive_seed
from include.core.timeframes import periods_per_year
from include.environments.phase4.actions import HOLD
from include.evaluation.backtest import BacktestResult, collect
from include.evaluation.decision import Decision, decide
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import Metrics, metric_names, metrics_of
from include.evaluation.replay import Stage
from include.evaluation.replays import Replays, replay_many
from include.evaluation.significance import Rate, rate_of
from include.evaluation.turn import Turn

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Habits:
    """How often a policy chooses each action, of those it can choose at that moment.

    Attributes
    ----------
    flat, invested : float64 (a,)
        Shares of the actions chosen without and with a position; they sum to 1.
    """

    flat: Doubles
    invested: Doubles


@dataclass(frozen=True)
class NullDistribution:
    """What policies without skill reach on the same window through the same code.

    Attributes
    ----------
    metrics : tuple of Metrics
        One per draw.
    decisions : tuple of Decision
        What each draw would have been given.
    gates : bool (draws, gates)
        Which gates each passed, in the system's order.
    equity : float64 (draws, T)
        Portfolio equity of each draw at each close, USD.
    """

    metrics: tuple[Metrics, ...]
    decisions: tuple[Decision, ...]
    gates: NDArray[np.bool_]
    equity: Doubles

    @cached_property
    def go_rate(self) -> Rate:
        """Share of the draws that would be GO: how often the gates alone pass luck."""
        return rate_of([decision == "GO" for decision in self.decisions])

    def gates_rate(self, passed: int) -> Rate:
        """Return how often luck passes at least `passed` gates: the p-value of their number."""
        return rate_of(self.gates.sum(axis=1) >= passed)

    def pass_rates(self) -> tuple[Rate, ...]:
        """Return how often luck passes each gate, in the system's order."""
        return tuple(rate_of(column) for column in self.gates.T)

    def mean(self) -> dict[str, float | None]:
        """Return the mean of each metric over the draws that define it, None where none does."""
        return {name: _mean([getattr(metrics, name) for metrics in self.metrics]) for name in metric_names()}

    def band(self) -> Doubles:
        """Return the 5 % and 95 % quantiles of the draws' equity at each close, (2, T), USD."""
        return np.asarray(np.quantile(self.equity, [0.05, 0.95], axis=0))


def habits_of(played: BacktestResult, actions: int) -> Habits:
    """Return the habits of a policy from what it decided; one that never was in a state holds there.

    Parameters
    ----------
    played : BacktestResult
        Its backtest.
    actions : int
        Number of actions of the system.
    """
    decided, invested = played.actions >= 0, played.exposure_usd != 0.0
    return Habits(
        _shares(played.actions[decided & ~invested], actions), _shares(played.actions[decided & invested], actions)
    )


def random_like(
    stage: Stage, habits: Habits, draws: int, seed: int, *, progress: Progress = no_progress
) -> NullDistribution:
    """Play `draws` random policies with given habits and judge each by the system's gates.

    A draw decides by lot at every candle, with the chances of `habits`, whatever the market does: it trades as often
    as the candidate, holds as long and leans to the same side, but knows nothing.

    Parameters
    ----------
    stage : Stage
        What is played.
    habits : Habits
        From `habits_of`.
    draws : int
        Number of policies, at least 1.
    seed : int
        Root seed; draw i depends on `seed` and i alone.
    progress : callable
        Called with "null draws", draws done, draws in all.
    """
    results = []
    for draw in range(draws):
        results.append(_drawn(stage, habits, derive_seed(seed, "null", draw)))
        progress("null draws", draw + 1, draws)
    return judged(stage.system, results)


def judged(system: SystemConfig, results: Sequence[BacktestResult]) -> NullDistribution:
    """Return the metrics, gates and decisions of backtests of policies without skill."""
    periods = periods_per_year(system.timeframe, system.calendar)
    metrics = tuple(metrics_of(result, periods) for result in results)
    reports = [evaluate_gates(found, system.gates) for found in metrics]
    return NullDistribution(
        metrics=metrics,
        decisions=tuple(decide(report, system.decision) for report in reports),
        gates=np.array([[result.passed for result in report.results] for report in reports]),
        equity=np.array([result.portfolio_equity for result in results]),
    )


def shifted(
    stage: Stage, played: BacktestResult, shifts: NDArray[np.int64], *, progress: Progress = no_progress
) -> Replays:
    """Play a policy's own decisions at other times: rolled around the window, one shift for all symbols.

    What the decisions have in common with each other and with those of other symbols stays; what they have to do with
    the market they were made in goes. A shift of 0 gives the policy's own result.

    Parameters
    ----------
    stage : Stage
        What was played.
    played : BacktestResult
        The policy's backtest on it.
    shifts : int64 (n,)
        Candles by which the decisions come later; from `significance.shifts_of`.
    progress : callable
        Called with "shifted signals", replays done, replays in all.
    """
    return replay_many(
        stage,
        lambda number: np.roll(played.actions, int(shifts[number]), axis=0),
        len(shifts),
        progress=progress,
        label="shifted signals",
    )


def _drawn(stage: Stage, habits: Habits, seed: int) -> BacktestResult:
    generator = np.random.default_rng(seed)
    flat, invested = np.cumsum(habits.flat), np.cumsum(habits.invested)
    last = len(flat) - 1

    def choose(turn: Turn) -> NDArray[np.int64]:
        lots = generator.random(len(turn))
        # a sum of shares may end a rounding below 1
        outside = np.minimum(np.searchsorted(flat, lots, side="right"), last)
        inside = np.minimum(np.searchsorted(invested, lots, side="right"), last)
        return np.where(turn.quantity == 0.0, outside, inside)

    return collect(stage, stage.play(choose))


def _shares(chosen: NDArray[np.int8], actions: int) -> Doubles:
    counts = np.bincount(chosen, minlength=actions).astype(np.float64)
    if not len(chosen):
        counts[HOLD] = 1.0
    return np.asarray(counts / counts.sum())


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
