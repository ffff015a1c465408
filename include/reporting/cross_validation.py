"""What all folds of a cross-validation say together: paths through the history, their metrics, the report.

A path goes once through all tested windows, each played by a model that did not see it. Planning and running folds is
in `training/fold_plan.py` and `training/fold_run.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from include.config.settings import Settings
from include.core.clock import format_utc, wall_now
from include.core.files import atomic_directory, write_json, write_text
from include.core.timeframes import periods_per_year
from include.evaluation.backtest import BacktestResult
from include.evaluation.baselines import buy_and_hold
from include.evaluation.chaining import chained, read_replays
from include.evaluation.cross_validation import parts_of_paths
from include.evaluation.decision import decide
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import Metrics, metrics_of_all
from include.evaluation.replays import Replays
from include.features.dataset import Window, load_dataset
from include.reporting import words
from include.reporting.cross_validation_result import (
    FIGURE_FILE,
    MARKDOWN_FILE,
    PAGE_FILE,
    RESULT_FILE,
    SCHEMES,
    SHOWN,
    CrossValidationResult,
    PathResult,
    sentence,
    spread_of,
)
from include.reporting.page import content_security_policy, data_uri, stylesheet, template
from include.reporting.path_figure import PathCurves, path_figure
from include.training.fold_records import FoldResult, Plan, read_fold, read_plan, result_file
from include.training.fold_run import replay_of, tested_on


@dataclass(frozen=True)
class _Path:
    folds: tuple[int, ...]
    replay: Replays


def collect(settings: Settings, plan_id: str) -> CrossValidationResult:
    """Chain the tests of all folds into paths, judge each, and write the report to `home.cross_validation_report(id)`.

    Raises
    ------
    MissingInputError
        There is no such plan, or a fold has no result yet; its number is named.
    """
    planned = read_plan(settings, plan_id)
    folds = [read_fold(settings, plan_id, fold.number) for fold in planned.folds]
    dataset = load_dataset(settings.home.dataset(planned.dataset_id))
    windows = _windows(planned)
    held = [buy_and_hold(planned.system, tested_on(dataset, window), "test") for window in windows]
    holding = chained([replay_of(one, dataset) for one in held])
    paths = _paths(planned, [read_replays(_played(settings, planned, fold.number)) for fold in planned.folds])
    result = _result(planned, folds, windows, paths, holding)
    _write(settings.home.cross_validation_report(plan_id), result, _curves(result, paths, held, holding))
    return result


def _windows(planned: Plan) -> tuple[Window, ...]:
    tested = {window.start: window for fold in planned.folds for window in fold.tests}
    return tuple(tested[start] for start in sorted(tested))


def _paths(planned: Plan, played: Sequence[tuple[Replays, ...]]) -> list[_Path]:
    if planned.groups is None or planned.tested is None:
        places: tuple[tuple[tuple[int, int], ...], ...] = (tuple((fold.number, 0) for fold in planned.folds),)
    else:
        places = parts_of_paths(planned.groups, planned.tested)
    return [
        _Path(tuple(fold for fold, _ in path), chained([played[fold][place] for fold, place in path]))
        for path in places
    ]


def _result(
    planned: Plan,
    folds: Sequence[FoldResult],
    windows: tuple[Window, ...],
    paths: Sequence[_Path],
    holding: Replays,
) -> CrossValidationResult:
    system = planned.system
    periods = periods_per_year(system.timeframe, system.calendar)
    judged = [_judged(planned, number, path, periods) for number, path in enumerate(paths)]
    (held,) = metrics_of_all(holding, periods)
    return CrossValidationResult(
        id=planned.id,
        scheme=planned.scheme,
        system=system.name,
        timeframe=system.timeframe,
        dataset_id=planned.dataset_id,
        seed=system.training.seed,
        total_timesteps=system.training.total_timesteps,
        history=planned.history,
        candles=planned.candles,
        purge_candles=planned.purge_candles,
        embargo_candles=planned.embargo_candles,
        validation_candles=planned.validation_candles,
        windows=windows,
        folds=tuple(folds),
        paths=tuple(judged),
        sharpe=spread_of([path.metrics["sharpe"] for path in judged]),
        total_return=spread_of([path.metrics["total_return"] for path in judged]),
        decisions=dict(Counter(path.decision for path in judged)),
        holding=held.values(),
        holding_reasons=held.reasons,
        created_at=wall_now(),
    )


def _judged(planned: Plan, number: int, path: _Path, periods: float) -> PathResult:
    metrics: Metrics
    (metrics,) = metrics_of_all(path.replay, periods)
    gates = evaluate_gates(metrics, planned.system.gates)
    return PathResult(
        number=number,
        folds=path.folds,
        metrics=metrics.values(),
        metric_reasons=metrics.reasons,
        gates=gates,
        decision=decide(gates, planned.system.decision),
    )


def _played(settings: Settings, planned: Plan, number: int) -> Path:
    return result_file(settings, planned.id, number).with_suffix(".npz")


def _curves(
    result: CrossValidationResult, paths: Sequence[_Path], held: Sequence[BacktestResult], holding: Replays
) -> PathCurves:
    times = np.concatenate([held[0].open_time[:1], *(one.open_time[1:] for one in held)])
    return PathCurves(
        open_time=times,
        paths=np.concatenate([path.replay.equity for path in paths]),
        buy_and_hold=holding.equity[0],
        starts=np.array([one.open_time[0] for one in held]),
        sharpes=tuple(_sharpes_on(result, window) for window in result.windows),
    )


def _sharpes_on(result: CrossValidationResult, window: Window) -> tuple[float | None, ...]:
    tests = [test for fold in result.folds for test in fold.tests if test.window == window]
    return tuple(test.metrics["sharpe"] for test in tests)


def _write(folder: Path, result: CrossValidationResult, curves: PathCurves) -> None:
    with atomic_directory(folder) as target:
        write_json(target / RESULT_FILE, result.model_dump(mode="json"))
        path_figure(curves, f"{result.system} · {SCHEMES[result.scheme]}", target / FIGURE_FILE)
        style = stylesheet("report.css")
        shown = {
            "r": result, "words": words, "utc": format_utc, "shown": SHOWN, "title": SCHEMES[result.scheme],
            "sentence": sentence(result),
        }  # fmt: skip
        write_text(target / MARKDOWN_FILE, template("cross_validation.md").render(**shown))
        page = template("cross_validation.html").render(
            **shown,
            # our own file, and the policy lets no other style through
            style=Markup(style),  # noqa: S704
            policy=content_security_policy(style),
            figure=data_uri(target / FIGURE_FILE),
        )
        write_text(target / PAGE_FILE, page)
