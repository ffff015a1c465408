"""One fold of a cross-validation: its training in a home of its own, and its tests.

The runs of folds are nobody's latest run, and their checkpoints are in a ledger of their own; what is tested is entered
in the ledger of the home.
"""

import time

from include.config.cross_validation import Scheme
from include.config.settings import MLFLOW_OFF, Settings
from include.config.system import SystemConfig
from include.core.clock import to_ms, wall_now
from include.core.errors import InvalidInputError, StoppedError
from include.core.files import write_json
from include.core.progress import Progress, no_progress
from include.core.timeframes import periods_per_year, timeframe_ms
from include.evaluation.backtest import BacktestResult, backtest
from include.evaluation.chaining import among, write_replays
from include.evaluation.decision import decide, gates_passed
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import metrics_of
from include.evaluation.replays import Replays, as_replays
from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import Purpose, ScoredModel, ScoredWindow, trial_of
from include.features.dataset import Dataset, Window, load_dataset
from include.features.fold import write_fold
from include.training.fold_records import FoldPlan, FoldResult, Plan, TestedWindow, read_fold, read_plan, result_file
from include.training.identity import shaping_sha256
from include.training.policy import Policy, load_policy
from include.training.train import train

_PURPOSES: dict[Scheme, Purpose] = {"walk_forward": "walk_forward", "combinatorial": "cross_validation"}


def run_fold(
    settings: Settings, plan_id: str, number: int, *, dies_with_parent: bool = False, progress: Progress = no_progress
) -> FoldResult:
    """Train fold `number` of a plan, play its best model on each of its tests and keep the result.

    A fold that has a result is not trained again; one that was cut short goes on from its last checkpoint. Each tested
    window is entered in the trial ledger.

    Raises
    ------
    InvalidInputError
        No such fold.
    MissingInputError
        No such plan, or its dataset is gone.
    DataQualityError
        No symbol has enough candles in the fold.
    StoppedError
        The training was asked to end; it kept its last step.
    """
    planned = read_plan(settings, plan_id)
    if not 0 <= number < len(planned.folds):
        raise InvalidInputError(f"`number` must be 0 to {len(planned.folds) - 1}, was {number}.")
    file = result_file(settings, plan_id, number)
    if file.is_file():
        return read_fold(settings, plan_id, number)
    began, fold, system = time.monotonic(), planned.folds[number], planned.system
    dataset = load_dataset(settings.home.dataset(planned.dataset_id))
    own = _own(settings, plan_id)
    frozen = write_fold(own.home, dataset, fold.train, fold.validation, _least(planned, fold))
    label = f"fold {number + 1} of {len(planned.folds)}"
    summary = train(
        own,
        system,
        load_dataset(own.home.dataset(frozen.id)),
        steps=system.training.total_timesteps,
        dies_with_parent=dies_with_parent,
        progress=lambda _, done, total: progress(label, done, total),
    )
    if summary.status != "finished":
        raise StoppedError(
            f"Fold {number + 1} of {len(planned.folds)} was stopped at step {summary.timesteps:,} of "
            f"{summary.total_timesteps:,}. Hint: run it again and it goes on from there."
        )
    policy = load_policy(own.home.run(summary.run_id), "best")
    played = [backtest(system, tested_on(dataset, window), "test", policy.network) for window in fold.tests]
    _count(settings, planned, policy, fold, played)
    write_replays(file.with_suffix(".npz"), [replay_of(one, dataset) for one in played])
    result = FoldResult(
        plan_id=plan_id,
        number=number,
        run_id=summary.run_id,
        dataset_id=frozen.id,
        model_sha256=policy.sha256,
        timestep=policy.timestep,
        timesteps=summary.timesteps,
        symbols=len(frozen.symbols),
        dropped_symbols=frozen.dropped_symbols,
        tests=tuple(_tested(system, window, one) for window, one in zip(fold.tests, played, strict=True)),
        seconds=round(time.monotonic() - began, 3),
    )
    # last: a fold with a result is whole
    write_json(file, result.model_dump(mode="json"))
    return result


def tested_on(dataset: Dataset, window: Window) -> Dataset:
    """Return `dataset` with `window` as its test split and the symbols that have rows there; the rows are shared.

    Money waits for no symbol that is listed only later.
    """
    info = dataset.info.model_copy(update={"splits": {"test": window}})
    listed = tuple(Dataset(info, dataset.series).split("test"))
    return Dataset(info.model_copy(update={"symbols": listed}), {symbol: dataset.series[symbol] for symbol in listed})


def replay_of(played: BacktestResult, dataset: Dataset) -> Replays:
    """Return what was played on `tested_on(dataset, …)` as a portfolio among all symbols of `dataset`."""
    places = [dataset.info.symbols.index(symbol) for symbol in played.symbols]
    return among(as_replays(played), places, len(dataset.info.symbols))


def _least(planned: Plan, fold: FoldPlan) -> int:
    # short folds are asked for on purpose: half of one is enough where the system's own minimum cannot be met
    step = timeframe_ms(planned.system.timeframe)
    candles = sum(to_ms(window.end) - to_ms(window.start) for window in fold.train) // step
    return min(planned.system.splits.min_train_candles, max(1, candles // 2))


def _own(settings: Settings, plan_id: str) -> Settings:
    home = settings.home.cross_validation(plan_id) / "home"
    return settings.model_copy(update={"home_path": home, "mlflow_url": MLFLOW_OFF})


def _count(settings: Settings, planned: Plan, policy: Policy, fold: FoldPlan, played: list[BacktestResult]) -> None:
    ledger, system = TrialLedger(settings.home.trials), planned.system
    model = ScoredModel(
        candidate=policy.sha256, run_id=policy.run_id, seed=system.training.seed, timestep=policy.timestep
    )
    for window, one in zip(fold.tests, played, strict=True):
        scored = ScoredWindow(system=system.name, timeframe=system.timeframe, start=window.start, end=window.end)
        purpose, sha256 = _PURPOSES[planned.scheme], shaping_sha256(system)
        ledger.record(*trial_of(purpose, scored, planned.dataset_id, model, sha256, one.portfolio_equity, wall_now()))


def _tested(system: SystemConfig, window: Window, played: BacktestResult) -> TestedWindow:
    metrics = metrics_of(played, periods_per_year(system.timeframe, system.calendar))
    gates = evaluate_gates(metrics, system.gates)
    return TestedWindow(
        window=window,
        candles=len(played.open_time),
        symbols=len(played.symbols),
        metrics=metrics.values(),
        metric_reasons=metrics.reasons,
        gates_passed=gates_passed(gates),
        decision=decide(gates, system.decision),
    )
