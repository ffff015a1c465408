"""Judge a trained model: the five steps of the operations checklist, ending in a written report.

Backtest, metrics, gates and decision are `evaluation`'s; how the result looks is `revalidation.py`'s.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.clock import wall_now
from include.core.errors import IntegrityError, MissingInputError
from include.core.progress import Progress, no_progress
from include.core.seeding import derive_seed
from include.core.timeframes import periods_per_year
from include.environments.statistics import max_drawdown, win_rate
from include.evaluation.backtest import BacktestResult, backtest
from include.evaluation.baselines import NullDistribution, buy_and_hold, flat, null_distribution
from include.evaluation.decision import decide
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import Metrics, metrics_of, recorded_metrics
from include.features.dataset import Dataset, Split, load_dataset
from include.reporting.figures import EquityCurves, equity_figure, training_figure
from include.reporting.notes import notes_of
from include.reporting.revalidation import EQUITY_FIGURE, TRAINING_FIGURE, write_report
from include.reporting.verdict import (
    RESULT_FILE,
    RevalidationResult,
    SymbolResult,
    Totals,
    read_result,
    revalidation_id,
)
from include.training.ownership import is_locked
from include.training.policy import Policy, load_policy, require_features
from include.training.runs import RunInfo, read_config, read_run

logger = logging.getLogger(__name__)

SPLIT: Split = "test"
STEPS = 5
_SEED_NAME = "revalidation"
_OF_TODAY = ("account", "gates", "has_owner_limits", "decision", "recorded_baseline")


@dataclass(frozen=True)
class _Candidate:
    run: RunInfo
    system: SystemConfig
    policy: Policy


@dataclass(frozen=True)
class _Judged:
    metrics: Metrics
    nulls: NullDistribution
    holding: BacktestResult
    idle: BacktestResult


def revalidate(settings: Settings, run_folder: Path, *, progress: Progress = no_progress) -> RevalidationResult:
    """Backtest the best model of a run on its test window, judge it by the gates and write the report.

    Account, gates, decision table and recorded baseline are those of the system today, whatever the run was
    trained with. The same run on the same dataset gives the same id and the same result, times apart.

    Parameters
    ----------
    settings : Settings
        Names the home and, by its profile, the number of random draws.
    run_folder : Path
        A finished run.
    progress : callable
        Called with the documented labels, "[1/5] Load trained model…" to "[5/5] Generate report…".

    Returns
    -------
    RevalidationResult
        As written to `home.revalidation(id)`.

    Raises
    ------
    MissingInputError
        The run, its model or its dataset does not exist, or it is still in training.
    IntegrityError
        A file differs from its checksum.
    InvalidInputError
        The dataset has other features than the model was trained on.
    """
    steps = _Steps(progress)
    with steps.step("Load trained model…"):
        candidate = _load_candidate(run_folder)
    with steps.step("Load backtest data…"):
        dataset = load_dataset(settings.home.dataset(candidate.run.dataset_id))
        require_features(candidate.policy, dataset.info)
    with steps.step("Run backtest with trained model…") as inner:
        played = backtest(candidate.system, dataset, SPLIT, candidate.policy.network, progress=inner)
    with steps.step(f"Calculate {len(candidate.system.gates)} risk gates…") as inner:
        judged = _judge(candidate.system, dataset, played, settings.profile.null_draws, inner)
    with steps.step("Generate report…"):
        result = _result(candidate, dataset, played, judged, steps.seconds)
        folder = settings.home.revalidation(result.id)
        _draw(result, played, judged, folder)
        training_figure(run_folder, folder / TRAINING_FIGURE)
    # the last step's own time belongs into the result, so it is written after the step has ended
    result = _standing(result.model_copy(update={"steps_seconds": dict(steps.seconds)}), folder)
    write_report(result, folder)
    return result


def _standing(result: RevalidationResult, folder: Path) -> RevalidationResult:
    # an approval is bound to the file's checksum, so the same result found again keeps its first times
    if not (folder / RESULT_FILE).is_file():
        return result
    try:
        before = read_result(folder)
    except IntegrityError:
        logger.warning("The result in %s cannot be read and is written anew", folder)
        return result
    times = {"created_at": before.created_at, "steps_seconds": before.steps_seconds}
    return before if result.model_copy(update=times) == before else result


@dataclass
class _Steps:
    """The numbered steps: announced, timed, their inner progress shown under their label."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, words: str) -> Iterator[Progress]:
        label = f"[{len(self.seconds) + 1}/{STEPS}] {words}"
        started = time.monotonic()
        self.progress(label, 0, 1)
        yield lambda _, done, total: self.progress(label, done, total)
        self.seconds[words.rstrip("…")] = round(time.monotonic() - started, 3)
        self.progress(label, 1, 1)


def _load_candidate(run_folder: Path) -> _Candidate:
    run = read_run(run_folder)
    if run.status == "running" and is_locked(run_folder):
        raise MissingInputError(f"Run `{run.run_id}` is still in training, nothing to revalidate yet.")
    today = load_system(run.system)
    # costs and limits are the owner's, not the run's: a model trained without fees is not judged without them
    judged_by = {name: getattr(today, name) for name in _OF_TODAY}
    return _Candidate(run, read_config(run_folder).model_copy(update=judged_by), load_policy(run_folder, "best"))


def _judge(system: SystemConfig, dataset: Dataset, played: BacktestResult, draws: int, progress: Progress) -> _Judged:
    seed = derive_seed(system.training.seed, _SEED_NAME)
    return _Judged(
        metrics=metrics_of(played, _periods(system)),
        nulls=null_distribution(system, dataset, SPLIT, draws, seed, progress),
        holding=buy_and_hold(system, dataset, SPLIT),
        idle=backtest(system, dataset, SPLIT, flat),
    )


def _result(
    candidate: _Candidate, dataset: Dataset, played: BacktestResult, judged: _Judged, seconds: dict[str, float]
) -> RevalidationResult:
    run, system, policy = candidate.run, candidate.system, candidate.policy
    gates = evaluate_gates(judged.metrics, system.gates, subject=f"risk gates of {run.run_id}")
    window = dataset.info.splits[SPLIT]
    return RevalidationResult(
        id=revalidation_id(
            run.run_id,
            policy.sha256,
            dataset.info.id,
            SPLIT,
            len(judged.nulls.decisions),
            system.account.model_dump_json(),
            *(gate.model_dump_json() for gate in system.gates),
            system.decision.model_dump_json(),
        ),
        system=system.name,
        timeframe=system.timeframe,
        run_id=run.run_id,
        dataset_id=dataset.info.id,
        split=SPLIT,
        model_sha256=policy.sha256,
        decision=decide(gates, system.decision),
        gates=gates,
        gate_definitions=system.gates,
        metrics=judged.metrics.values(),
        metric_reasons=judged.metrics.reasons,
        baselines=_baselines(system, judged),
        null_draws=len(judged.nulls.decisions),
        null_go_rate=judged.nulls.go_share,
        symbols=played.symbols,
        symbol_results=tuple(_symbol_result(played, column) for column in range(len(played.symbols))),
        window_start=window.start,
        window_end=window.end,
        candles=len(played.open_time),
        trades=len(played.trades),
        totals=_totals(played),
        action_counts=played.action_counts,
        inactive_features=policy.inactive_features,
        notes=notes_of(system, run, dataset.info, played, judged.nulls),
        created_at=wall_now(),
        steps_seconds=dict(seconds),
    )


def _baselines(system: SystemConfig, judged: _Judged) -> dict[str, dict[str, float | None]]:
    periods = _periods(system)
    return {
        "random": judged.nulls.mean(),
        "buy_and_hold": metrics_of(judged.holding, periods).values(),
        "flat": metrics_of(judged.idle, periods).values(),
        "recorded_phase3": recorded_metrics(system.recorded_baseline).values(),
    }


def _totals(played: BacktestResult) -> Totals:
    equity = played.portfolio_equity
    return Totals(
        initial_balance_usd=float(equity[0]),
        final_equity_usd=float(equity[-1]),
        fees_usd=played.fees_usd,
        slippage_usd=played.slippage_usd,
        funding_usd=played.funding_usd,
        funding_assumed_share=played.funding_assumed_share,
    )


def _symbol_result(played: BacktestResult, column: int) -> SymbolResult:
    symbol, equity = played.symbols[column], played.equity[:, column]
    trades = played.trades[played.trades["symbol"] == symbol]
    return SymbolResult(
        symbol=symbol,
        trades=len(trades),
        win_rate=win_rate(trades["net_usd"].tolist()),
        pnl_usd=float(equity[-1] - equity[0]),
        fees_usd=float(trades["fees_usd"].sum()),
        funding_usd=float(trades["funding_usd"].sum()),
        total_return=float(equity[-1] / equity[0] - 1.0),
        max_drawdown=max_drawdown(equity),
    )


def _draw(result: RevalidationResult, played: BacktestResult, judged: _Judged, folder: Path) -> None:
    curves = EquityCurves(
        played.open_time, played.portfolio_equity, judged.holding.portfolio_equity, judged.nulls.equity
    )
    days = f"{result.window_start:%-d %b %Y} to {result.window_end:%-d %b %Y}"
    equity_figure(curves, f"{result.system} · {len(result.symbols)} symbols · {days}", folder / EQUITY_FIGURE)


def _periods(system: SystemConfig) -> float:
    return periods_per_year(system.timeframe, system.calendar)
