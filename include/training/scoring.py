"""The validation score that decides which model of a run is its best.

The score is the portfolio's total return on the validation split, after all costs. Not the Sharpe
ratio: 200 candles are a month, on which the ratio of a policy that hardly trades is undefined or
huge, while the return of a policy that does nothing is a plain 0 that a better one must beat.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.timeframes import periods_per_year
from include.evaluation.backtest import backtest
from include.evaluation.decision import Decision, decide, gates_passed
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import Metrics, metrics_of
from include.features.dataset import Dataset
from include.training.policy import Policy


@dataclass(frozen=True, slots=True)
class ValidationScore:
    """Total return of the portfolio (a fraction), the gates it passed, what they would decide, and all metrics.

    `equity` is the portfolio's at each close, float64 (T,), USD.
    """

    total_return: float
    gates_passed: int
    decision: Decision
    metrics: Metrics
    equity: NDArray[np.float64] = field(compare=False)


def validation_score(system: SystemConfig, dataset: Dataset, policy: Policy) -> ValidationScore:
    """Return what `policy` reaches on the validation split, deterministic, by the code of the revalidation."""
    result = backtest(system, dataset, "validation", policy.network)
    equity = result.portfolio_equity
    metrics = metrics_of(result, periods_per_year(system.timeframe, system.calendar))
    gates = evaluate_gates(metrics, system.gates)
    total_return = float(equity[-1] / equity[0] - 1.0)
    return ValidationScore(total_return, gates_passed(gates), decide(gates, system.decision), metrics, equity)
