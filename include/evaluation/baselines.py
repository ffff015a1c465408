"""Policies without skill, played through the same accounts: flat, buy and hold, random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.config.system import AccountConfig, SystemConfig
from include.core.progress import Progress, no_progress
from include.core.seeding import derive_seed
from include.core.timeframes import periods_per_year
from include.environments.phase4.account import BPS
from include.environments.phase4.actions import HOLD, N_ACTIONS, OPEN_LONG
from include.evaluation.backtest import BacktestResult, Predict, collect
from include.evaluation.decision import Decision, decide
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import Metrics, metric_names, metrics_of
from include.evaluation.replay import Stage
from include.evaluation.turn import Turn
from include.features.dataset import Dataset, Split


def flat(observations: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return HOLD for each of the observations (n, d): an account that never trades."""
    return np.full(len(observations), HOLD, np.int64)


def random_policy(seed: int, n_actions: int = N_ACTIONS) -> Predict:
    """Return a policy that draws every action with equal chance; the same seed draws the same actions."""
    generator = np.random.default_rng(seed)

    def predict(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        return generator.integers(n_actions, size=len(observations))

    return predict


def buy_and_hold(
    system: SystemConfig, dataset: Dataset, split: Split, *, progress: Progress = no_progress
) -> BacktestResult:
    """Buy every symbol at its first open after the start and hold it to the end, 1× and without stops.

    Entry and exit pay fee and slippage, the position pays and receives funding. Where rows are missing it
    is sold at the last close and bought again after the break, with costs.
    """
    stage = Stage(system, dataset, split).under(account=_unlevered(system.account))

    def choose(turn: Turn) -> NDArray[np.int64]:
        return np.where(turn.quantity == 0.0, OPEN_LONG, HOLD)

    return collect(stage, stage.play(choose, progress=progress, label="buy and hold"))


def _unlevered(account: AccountConfig) -> AccountConfig:
    # the whole balance buys, and pays the fee of doing so; no price stops it
    share = 1.0 / (1.0 + account.fee_bps * BPS)
    exits = dict.fromkeys(("risk_per_trade", "stop_atr", "take_profit_atr"))
    return account.model_copy(update={**exits, "max_leverage": share})


@dataclass(frozen=True)
class NullDistribution:
    """What policies without skill reach on the same window through the same code.

    Attributes
    ----------
    metrics : tuple of Metrics
        One per draw.
    decisions : tuple of Decision
        What each draw would have been given.
    equity : float64 (draws, T)
        Portfolio equity of each draw at each close, USD.
    """

    metrics: tuple[Metrics, ...]
    decisions: tuple[Decision, ...]
    equity: NDArray[np.float64]

    @property
    def go_share(self) -> float:
        """Share of the draws that would be GO: the rate of false verdicts of the gates alone."""
        return self.decisions.count("GO") / len(self.decisions)

    def mean(self) -> dict[str, float | None]:
        """Return the mean of each metric over the draws that define it, None where none does."""
        return {name: _mean([getattr(metrics, name) for metrics in self.metrics]) for name in metric_names()}


def null_distribution(
    system: SystemConfig,
    dataset: Dataset,
    split: Split,
    draws: int,
    seed: int,
    progress: Progress = no_progress,
) -> NullDistribution:
    """Play `draws` random policies over a split and judge each by the system's gates.

    Parameters
    ----------
    system : SystemConfig
        Rules, gates and decision table.
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows to play.
    draws : int
        Number of policies, at least 1.
    seed : int
        Root seed; draw i depends on `seed` and i alone.
    progress : callable
        Called with "null draws", draws done, draws in all.
    """
    stage = Stage(system, dataset, split)
    periods = periods_per_year(system.timeframe, system.calendar)
    metrics: list[Metrics] = []
    decisions: list[Decision] = []
    equity: list[NDArray[np.float64]] = []
    for draw in range(draws):
        played = _random_draw(stage, derive_seed(seed, "null", draw))
        equity.append(played.portfolio_equity)
        metrics.append(metrics_of(played, periods))
        decisions.append(decide(evaluate_gates(metrics[-1], system.gates), system.decision))
        progress("null draws", draw + 1, draws)
    return NullDistribution(tuple(metrics), tuple(decisions), np.array(equity))


def _random_draw(stage: Stage, seed: int) -> BacktestResult:
    generator = np.random.default_rng(seed)

    def choose(turn: Turn) -> NDArray[np.int64]:
        return generator.integers(stage.face.actions, size=len(turn))

    return collect(stage, stage.play(choose))


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
