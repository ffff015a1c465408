"""One candidate judged: backtest, metrics, gates, decision, and all the evidence beside it.

Everything is computed from what is passed in, so that the same inputs give the same verdict on any machine. Reading
runs and ledgers, and how a verdict looks, do not belong here.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from include.core.checks import CheckReport
from include.core.progress import Progress, no_progress
from include.core.seeding import derive_seed
from include.core.timeframes import periods_per_year, timeframe_ms
from include.evaluation.backtest import BacktestResult, backtest_stage
from include.evaluation.baselines import buy_and_hold, flat, momentum
from include.evaluation.bootstrap import SAMPLES, Bound, bootstrap, bounds
from include.evaluation.comparison import Comparison, compare
from include.evaluation.decision import Decision, decide, gates_passed
from include.evaluation.deflation import (
    candles_needed,
    deflated_sharpe_ratio,
    effective_trials,
    probabilistic_sharpe_ratio,
)
from include.evaluation.evidence import Evidence, TrialFacts, criteria, sufficiency
from include.evaluation.gates import evaluate_gates
from include.evaluation.metric_arrays import metric_arrays
from include.evaluation.metrics import Metrics, metrics_of
from include.evaluation.network import Network
from include.evaluation.nulls import NullDistribution, habits_of, random_like, shifted
from include.evaluation.overfitting import Overfitting, backtest_overfitting
from include.evaluation.regimes import regimes
from include.evaluation.replay import Stage
from include.evaluation.replays import as_replays
from include.evaluation.significance import shift_p_value, shifts_of
from include.evaluation.stress import stress
from include.evaluation.trials import Opening, Scored, candle_returns
from include.features.dataset import Dataset

SHIFTS = 499
# signals a week off are other signals
LEAST_SHIFT = 42


@dataclass(frozen=True)
class Rival:
    """The champion, to be compared with on the same window."""

    run_id: str
    network: Network


@dataclass(frozen=True)
class Case:
    """One backtest to be judged, and what it is judged with.

    Attributes
    ----------
    stage : Stage
        What was played: system, rows, terms.
    dataset : Dataset
        Frozen dataset of the stage, its candles before the window too.
    played : BacktestResult
        The candidate's backtest on the stage.
    inactive_features : mapping of str to str
        Features that are constant 0 for the candidate, with the reason.
    draws : int
        Random policies.
    seed : int
        Root of every draw.
    trials : TrialFacts
        From the ledger.
    rival, rival_reason : Rival or None, str
        The champion; why there is none.
    """

    stage: Stage
    dataset: Dataset
    played: BacktestResult
    inactive_features: Mapping[str, str]
    draws: int
    seed: int
    trials: TrialFacts
    rival: Rival | None = None
    rival_reason: str = ""

    @property
    def periods(self) -> float:
        """Candles per year."""
        return periods_per_year(self.stage.system.timeframe, self.stage.system.calendar)


@dataclass(frozen=True)
class Judgement:
    """What `judge` found; `holding`, `idle` and `following` are buy and hold, flat and momentum on the same window."""

    played: BacktestResult
    metrics: Metrics
    gates: CheckReport
    decision: Decision
    nulls: NullDistribution
    evidence: Evidence
    holding: BacktestResult
    idle: BacktestResult
    following: BacktestResult
    champion: BacktestResult | None


def trial_facts(
    scored: tuple[Scored, ...],
    chosen_from: tuple[Scored, ...],
    opening: Opening,
) -> TrialFacts:
    """Return what trials on one window mean for its best one.

    `scored` are those on the sealed window, `chosen_from` those on the validation window.

    Tries on the same candles are as many as their correlation leaves independent; one on other candles of an
    overlapping window counts whole.
    """
    sharpes = [one.trial.sharpe for one in scored if one.trial.sharpe is not None]
    lengths = [len(one.returns) for one in scored]
    same = max(set(lengths), key=lengths.count) if lengths else 0
    together = [one.returns for one in scored if len(one.returns) == same]
    alone = len(scored) - len(together)
    return TrialFacts(
        trials_count=len(scored),
        effective_trials=effective_trials(np.array(together)) + alone if together else 1.0,
        sharpe_variance=_variance(sharpes, len(scored)),
        ledger_sha256=_position((*scored, *chosen_from)),
        opening=opening.number,
        candidates_before=opening.candidates_before,
        contamination=opening.reason,
        selection=_selection(chosen_from),
    )


def _variance(sharpes: Sequence[float], trials: int) -> float | None:
    if len(sharpes) > 1:
        return float(np.var(sharpes, ddof=1))
    # a single try has no luck of choice; of several, one ratio tells nothing about their spread
    return 0.0 if trials <= 1 else None


def _position(scored: tuple[Scored, ...]) -> str:
    return hashlib.sha256("\n".join(one.trial.identity for one in scored).encode()).hexdigest()


def _selection(scored: tuple[Scored, ...]) -> Overfitting:
    length = max((len(one.returns) for one in scored), default=0)
    same = [one.returns for one in scored if len(one.returns) == length]
    return backtest_overfitting(np.array(same).reshape(len(same), length))


def judge(case: Case, progress: Progress = no_progress) -> Judgement:
    """Judge a backtest by the system's gates and weigh its evidence.

    `progress` is called with a label, the number done and the number of all.
    """
    stage, system = case.stage, case.stage.system
    metrics = metrics_of(case.played, case.periods)
    gates = evaluate_gates(metrics, system.gates)
    habits = habits_of(case.played, stage.face.actions)
    nulls = random_like(stage, habits, case.draws, derive_seed(case.seed, "nulls"), progress=progress)
    champion = None if case.rival is None else backtest_stage(stage, case.rival.network)
    return Judgement(
        played=case.played,
        metrics=metrics,
        gates=gates,
        decision=decide(gates, system.decision),
        nulls=nulls,
        evidence=_evidence(case, metrics, gates_passed(gates), nulls, _comparison(case, champion), progress),
        holding=buy_and_hold(system, case.dataset, stage.split),
        idle=backtest_stage(stage, flat),
        following=momentum(system, case.dataset, stage.split),
        champion=champion,
    )


def _evidence(
    case: Case,
    metrics: Metrics,
    passed: int,
    nulls: NullDistribution,
    comparison: Comparison | None,
    progress: Progress,
) -> Evidence:
    system, played, equity = case.stage.system, case.played, case.played.portfolio_equity
    returns = candle_returns(equity)
    p_value, shifts = _p_value(case, metrics, progress)
    variance = case.trials.sharpe_variance
    deflated = None if variance is None else deflated_sharpe_ratio(returns, case.trials.effective_trials, variance)
    report = criteria(
        system.evidence,
        trades=len(played.trades),
        p_value=p_value,
        deflated_sharpe=deflated,
        is_variance_known=variance is not None,
        funding_assumed_share=played.funding_assumed_share,
        inactive_features=case.inactive_features,
        contamination=case.trials.contamination,
    )
    limit = next((gate.limit for gate in system.gates if gate.name == "sharpe"), 0.0)
    is_ruined = equity.min() <= 0.0
    return Evidence(
        sufficiency=sufficiency(report),
        criteria=report,
        bounds=_bounds(case),
        luck=nulls.pass_rates(),
        go_rate=nulls.go_rate,
        gates_rate=nulls.gates_rate(passed),
        p_value=p_value,
        shifts=shifts,
        probabilistic_sharpe=probabilistic_sharpe_ratio(returns),
        deflated_sharpe=deflated,
        candles_needed=candles_needed(returns, limit / math.sqrt(case.periods)),
        trials=case.trials,
        regimes=() if is_ruined else regimes(case.dataset, case.stage.open_time, equity, case.periods),
        stress=stress(case.stage, played),
        comparison=comparison,
        comparison_reason=case.rival_reason,
    )


def _bounds(case: Case) -> tuple[Bound, ...]:
    step = timeframe_ms(case.stage.system.timeframe)
    seed = derive_seed(case.seed, "bootstrap")
    samples = bootstrap(as_replays(case.played), case.stage.open_time, step, case.periods, SAMPLES, seed)
    return bounds(samples, case.stage.system.gates)


def _p_value(case: Case, metrics: Metrics, progress: Progress) -> tuple[float | None, int]:
    candles = len(case.stage.open_time)
    shifts = shifts_of(candles, SHIFTS, LEAST_SHIFT, derive_seed(case.seed, "shifts"))
    if metrics.sharpe is None or not len(shifts):
        return None, len(shifts)
    scores = metric_arrays(shifted(case.stage, case.played, shifts, progress=progress), case.periods)["sharpe"]
    return shift_p_value(metrics.sharpe, scores), len(shifts)


def _comparison(case: Case, champion: BacktestResult | None) -> Comparison | None:
    if champion is None or case.rival is None:
        return None
    ours, theirs = case.played.portfolio_equity, champion.portfolio_equity
    if min(ours.min(), theirs.min()) <= 0.0:
        return None
    seed = derive_seed(case.seed, "comparison")
    return compare(candle_returns(ours), candle_returns(theirs), case.periods, SAMPLES, seed, case.rival.run_id)
