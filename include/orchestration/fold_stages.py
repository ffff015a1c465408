"""The stages of a cross-validation: plan, one fold, all folds together, tell; other stages are in `stages.py`.

Heavy imports stand inside the functions: Airflow's workers import this module.
"""

from typing import Any

from include.config.cross_validation import CrossValidationRequest
from include.config.model import parse
from include.config.settings import Settings
from include.config.system import load_system
from include.core.clock import format_utc
from include.core.errors import StoppedError
from include.core.progress import Progress, no_progress
from include.orchestration import stages
from include.orchestration.links import Links
from include.orchestration.termination import noting_sigterm
from include.orchestration.training_stages import InterruptedTrainingError

_STEPS, _SEED = "training.total_timesteps", "training.seed"
_SHOWN = ("sharpe", "max_drawdown", "win_rate", "profit_factor", "consecutive_losses", "calmar")


def plan(
    settings: Settings,
    system: str,
    request: CrossValidationRequest,
    *,
    dataset_id: str | None = None,
    preset: str | None = None,
    overrides: dict[str, Any] | None = None,
    steps: int | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Cut the history of a frozen dataset into folds; without one the newest features are frozen."""
    from include.features.dataset import load_dataset
    from include.training.fold_plan import plan as plan_folds

    asked = {_STEPS: steps, _SEED: seed}
    profile = settings.profile.total_timesteps
    changes = ({} if profile is None else {_STEPS: profile}) | (overrides or {})
    changes |= {key: value for key, value in asked.items() if value is not None}
    frozen = dataset_id or stages.freeze_dataset(settings, system, preset, changes)["id"]
    planned = plan_folds(
        settings, load_system(system, preset, changes), load_dataset(settings.home.dataset(frozen)), request
    )
    return {
        "id": planned.id,
        "scheme": planned.scheme,
        "dataset_id": frozen,
        "candles": planned.candles,
        "folds": len(planned.folds),
        "steps": planned.system.training.total_timesteps,
    }


def jobs(settings: Settings, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Plan what the form of `cross_validate` asks for; return plan and number of each of its folds.

    Raises
    ------
    ConfigurationError
        A field that is not for the scheme, or out of range.
    """
    system, dataset_id = params.pop("system"), params.pop("dataset")
    steps, seed = params.pop("steps"), params.pop("seed")
    request = parse(CrossValidationRequest, params, "cross_validate")
    planned = plan(settings, system, request, dataset_id=dataset_id, steps=steps, seed=seed)
    return [{"plan": planned["id"], "number": number} for number in range(planned["folds"])]


def run_fold(
    settings: Settings,
    plan_id: str,
    number: int,
    *,
    dies_with_parent: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train one fold and play its tests, or return what it gave before.

    Raises
    ------
    InterruptedTrainingError
        SIGTERM came; the last step is kept.
    StoppedError
        A person stopped the training.
    """
    from include.training.fold_run import run_fold as run

    with noting_sigterm() as notice:
        try:
            result = run(settings, plan_id, number, dies_with_parent=dies_with_parent, progress=progress)
        except StoppedError as error:
            if notice.came:
                raise InterruptedTrainingError(str(error)) from error
            raise
    return {
        "number": number,
        "run_id": result.run_id,
        "tests": [
            {
                "start": format_utc(test.window.start),
                "sharpe": test.metrics["sharpe"],
                "decision": test.decision,
            }
            for test in result.tests
        ],
    }


def collect(settings: Settings, plan_id: str) -> dict[str, Any]:
    """Chain the tests of all folds into paths, judge them and write the report."""
    from include.reporting.cross_validation import collect as collect_folds
    from include.reporting.cross_validation_result import PAGE_FILE, sentence

    result = collect_folds(settings, plan_id)
    return {
        "id": result.id,
        "scheme": result.scheme,
        "summary": sentence(result),
        "paths": [
            {"path": path.number + 1, "decision": path.decision, **{name: path.metrics[name] for name in _SHOWN}}
            for path in result.paths
        ],
        "buy_and_hold_sharpe": result.holding["sharpe"],
        "page": str(settings.home.cross_validation_report(plan_id) / PAGE_FILE),
        "report": Links(settings).cross_validation(plan_id),
    }


def announce(settings: Settings, plan_id: str) -> dict[str, Any]:
    """Tell what the cross-validation found, with its paths drawn in the thread."""
    from include.alerts.delivery import Attachment, deliver
    from include.alerts.messages import cross_validation
    from include.reporting.cross_validation_result import FIGURE_FILE, read_cross_validation

    folder = settings.home.cross_validation_report(plan_id)
    message = cross_validation(read_cross_validation(folder), Links(settings).cross_validation(plan_id))
    paths = Attachment(folder / FIGURE_FILE, "Out of sample, window after window")
    posted = deliver(settings, message, files=[paths])
    return {"ts": posted.ts if posted else None}
