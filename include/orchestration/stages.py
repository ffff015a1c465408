"""Every stage of the way of the data as one plain function, called by the DAGs and by the command line alike.

A stage takes settings and small values, and returns a small JSON-able document: ids, counts and
verdicts, never frames. It raises once, at its end. Airflow is not imported here.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from include.config.settings import Settings
from include.config.system import load_system, with_settings
from include.config.universe import select
from include.core.checks import CheckReport
from include.core.clock import parse_utc, wall_now
from include.core.errors import DataQualityError, MissingInputError, PerpetuaError, TransientError
from include.core.progress import Progress, no_progress
from include.orchestration.links import Links

log = logging.getLogger(__name__)

STOP_WAIT_SECONDS = 30.0


def fetch_market_data(
    settings: Settings,
    batch_id: str,
    *,
    symbols: str = "all",
    timeframe: str = "4h",
    start: str | None = None,
    end: str | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Fetch candles, funding, sentiment and macro into the batch `batch_id`; return what was staged."""
    from include.lake.origin import claim_home
    from include.market.ingest import fetch

    chosen = select(settings.universe, symbols)
    first, last = instant(start, "start"), instant(end, "end")
    claim_home(settings)
    batch = fetch(
        settings,
        batch_id,
        symbols=chosen,
        timeframe=timeframe,
        start=first,
        end=last,
        progress=progress,
    )
    return batch.model_dump(mode="json")


def validate_market_data(settings: Settings, batch_id: str) -> dict[str, Any]:
    """Validate a staged batch and write its quality pages; a failed critical check raises."""
    from include.validation.batch import validate_batch

    report = validate_batch(settings, batch_id)
    _require_passed(report, f"Batch `{batch_id}`")
    return {"batch_id": batch_id, "checks": len(report.results), "failures": [f.message for f in report.failures]}


def validate_lake(settings: Settings) -> CheckReport:
    """Judge everything that stands in the lake and write the page on it; nothing is changed, and nothing is raised."""
    from include.validation.lake_page import write_lake_page
    from include.validation.lake_report import validate_lake as judge

    now, unknown = _market_clock(settings)
    report = judge(settings, now, unknown)
    write_lake_page(settings, now)
    return report


def report_lake(settings: Settings) -> Path:
    """Write the page on the lake; return where it lies."""
    from include.validation.lake_page import write_lake_page

    return write_lake_page(settings, _market_clock(settings)[0])


def market_status(settings: Settings) -> list[dict[str, Any]]:
    """Return what every table of the lake holds, and how old its newest record is by the exchange's clock."""
    from include.market.status import status

    now, _ = _market_clock(settings)
    return status(settings, now)


def _market_clock(settings: Settings) -> tuple[datetime | None, str]:
    """Return the exchange's clock, or None and why it is not known."""
    from include.market.clock import market_now

    try:
        return market_now(settings), ""
    except PerpetuaError as error:
        return None, str(error)


def publish_market_data(settings: Settings, batch_id: str) -> dict[str, Any]:
    """Merge a validated batch into the lake and write the page on the lake; return what changed per table."""
    from include.market.publish import publish
    from include.market.staging import read_batch
    from include.validation.lake_page import write_lake_page

    published = publish(settings, batch_id)
    write_lake_page(settings, read_batch(settings.home, batch_id).market_now)
    return published.model_dump(mode="json")


def maintain_lake(settings: Settings) -> list[dict[str, Any]]:
    """Compact the lake's tables and remove what neither readers nor datasets need; return what was done per table."""
    from include.features.pins import pinned_versions
    from include.lake.lake import Lake
    from include.lake.maintenance import maintain

    return [asdict(done) for done in maintain(Lake.of(settings), pinned_versions(settings.home))]


def prune_staging(settings: Settings) -> list[str]:
    """Forget the staged batches that were published long ago; return their ids."""
    from include.market.pruning import prune_staging as prune

    return prune(settings.home, wall_now())


def prune_home(settings: Settings, *, is_dry: bool = False) -> dict[str, Any]:
    """Remove old checkpoints, reports, notes and sent messages, never a champion's; return what was, or would be."""
    from include.alerts.outbox import Outbox
    from include.config.retention import load_retention
    from include.reporting.retention import prune

    keep, now = load_retention(), wall_now()
    old = prune(settings.home, keep, now, is_dry=is_dry)
    messages = 0
    if settings.home.alerts.exists() and not is_dry:
        messages = Outbox(settings.home.alerts).forget_sent(now - timedelta(days=keep.messages))
    return {
        "removed": [f"{one.kind} {one.path.relative_to(settings.home.root)}" for one in old],
        "bytes": sum(one.bytes for one in old),
        "messages": messages,
        "is_dry": is_dry,
    }


def stage_features(settings: Settings, system: str, progress: Progress = no_progress) -> str:
    """Compute the feature set of `system` beside the published one; return the build's id."""
    from include.features.build import stage

    config = load_system(system)
    return stage(settings, config.feature_set, config.timeframe, progress)


def check_features(settings: Settings, build_id: str) -> dict[str, Any]:
    """Hold a staged build against the feature checks; a failed critical check raises."""
    from include.features.build import check as check_build

    report = check_build(settings, build_id)
    _require_passed(report, f"Build `{build_id}`")
    return {"build_id": build_id, "checks": len(report.results), "failures": [f.message for f in report.failures]}


def publish_features(settings: Settings, build_id: str) -> dict[str, Any]:
    """Put a checked build in the place of the published features."""
    from include.features.build import publish

    return asdict(publish(settings, build_id))


def report_features(settings: Settings, system: str) -> dict[str, Any]:
    """Write the report on the published features of `system`; return where it is and how far features have moved."""
    from include.features.drift import drift_checks
    from include.reporting.feature_report import write_feature_report

    feature_set = load_system(system).feature_set
    drift = write_feature_report(settings.home, feature_set, wall_now())
    return {
        "feature_set": feature_set,
        "report": Links(settings).features(feature_set),
        "dataset_id": drift.dataset_id,
        "worst": [feature.model_dump(mode="json") for feature in drift.measured[:10]],
        "failures": list(dict.fromkeys(failure.message for failure in drift_checks(drift).failures)),
    }


def build_features(settings: Settings, system: str, progress: Progress = no_progress) -> dict[str, Any]:
    """Compute, check and publish the feature set of `system`, and write the report on it."""
    build_id = stage_features(settings, system, progress)
    checked = check_features(settings, build_id)
    published = publish_features(settings, build_id)
    reported = report_features(settings, system)
    return {**published, "report": reported["report"], "failures": [*checked["failures"], *reported["failures"]]}


def freeze_dataset(
    settings: Settings,
    system: str,
    preset: str | None = None,
    overrides: dict[str, Any] | None = None,
    accept_inactive: Sequence[str] = (),
) -> dict[str, Any]:
    """Freeze the training data of `system`; the same content yields the same id."""
    from include.features.freeze import freeze

    info = freeze(settings, load_system(system, preset, overrides), accept_inactive)
    # what is inactive in the dataset, and drift against it, belong on the page that people read
    report_features(settings, system)
    return info.model_dump(mode="json")


def freeze_candles(
    settings: Settings,
    system: str,
    candles: Path,
    *,
    preset: str | None = None,
    symbols: str | None = None,
    accept_inactive: Sequence[str] = (),
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Freeze the candles of a file into training data of `system`.

    `symbols`: `all` of the file, or symbols in either spelling with commas between; None: those of the system.
    """
    from include.features.freeze_file import freeze_file

    config = load_system(system, preset)
    if symbols == "all":
        config = config.model_copy(update={"symbols": None})
    elif symbols is not None:
        config = config.model_copy(update={"symbols": tuple(part.strip() for part in symbols.split(","))})
    return freeze_file(settings, config, candles, accept_inactive, progress).model_dump(mode="json")


def export_dataset(settings: Settings, dataset_id: str, split: str, target: Path) -> dict[str, Any]:
    """Write one split of a frozen dataset to a file, `.csv` or `.parquet`."""
    from include.features.dataset import load_dataset
    from include.features.export import export_split

    rows = export_split(load_dataset(settings.home.dataset(dataset_id)), split, target)  # type: ignore[arg-type]  # checked there
    return {"output": str(target), "dataset": dataset_id, "split": split, "rows": rows}


def train(
    settings: Settings,
    system: str,
    dataset_id: str,
    *,
    preset: str | None = None,
    overrides: dict[str, Any] | None = None,
    steps: int | None = None,
    episodes: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    output: str | None = None,
    engine: str | None = None,
    device: str = "auto",
    dies_with_parent: bool = False,
    progress: Progress = no_progress,
    started: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Train on a frozen dataset, or go on with that training; return the run's summary."""
    from include.features.dataset import load_dataset
    from include.training.train import train as train_run

    summary = train_run(
        settings,
        load_system(system, preset, overrides),
        load_dataset(settings.home.dataset(dataset_id)),
        steps=steps,
        episodes=episodes,
        minutes=minutes,
        seed=seed,
        output=output,
        engine=engine,
        device=device,
        preset=preset,
        dies_with_parent=dies_with_parent,
        progress=progress,
        started=started,
    )
    return summary.model_dump(mode="json")


def resume_training(
    settings: Settings,
    run_id: str,
    *,
    system: str | None = None,
    dataset_id: str | None = None,
    preset: str | None = None,
    overrides: dict[str, Any] | None = None,
    steps: int | None = None,
    episodes: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    engine: str | None = None,
    device: str | None = None,
    dies_with_parent: bool = False,
    progress: Progress = no_progress,
    started: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Go on with an unfinished run: its dataset, its configuration, its seed, to its last step.

    Whatever is named beside the run must be what it was started with, or is refused with the difference.
    """
    from include.features.dataset import load_dataset
    from include.training.runs import read_config, read_run
    from include.training.train import train as train_run

    folder = settings.home.run(run_id)
    run = read_run(folder)
    is_named = system is not None or preset is not None
    base = load_system(system or run.system, preset) if is_named else read_config(folder)
    summary = train_run(
        settings,
        with_settings(base, overrides or {}),
        load_dataset(settings.home.dataset(dataset_id or run.dataset_id)),
        steps=steps,
        episodes=episodes,
        minutes=minutes,
        seed=seed,
        engine=engine,
        resume=run_id,
        preset=run.preset,
        device=device or run.device,
        dies_with_parent=dies_with_parent,
        progress=progress,
        started=started,
    )
    return summary.model_dump(mode="json")


def stop_training(settings: Settings, run_id: str) -> dict[str, Any]:
    """Have the trainer of a run keep its last step and end, and return where it ended.

    Raises
    ------
    InvalidInputError
        Nothing trains the run.
    TransientError
        It still trains after half a minute.
    """
    from include.training.ownership import is_locked
    from include.training.runs import read_run
    from include.training.stopping import request_stop

    folder = settings.home.run(run_id)
    request_stop(folder)
    deadline = time.monotonic() + STOP_WAIT_SECONDS
    while is_locked(folder):
        if time.monotonic() > deadline:
            raise TransientError(f"Run `{run_id}` has not ended within {STOP_WAIT_SECONDS:g} s. Hint: it will, soon.")
        time.sleep(0.1)
    run = read_run(folder)
    return {"run_id": run_id, "status": run.status, "timesteps": run.timesteps}


def announce_start(settings: Settings, run_id: str) -> None:
    """Begin the thread of a run with the start of its training; one that goes on was told of before."""
    from include.alerts.delivery import deliver
    from include.alerts.messages import training_started
    from include.alerts.threads import run_thread
    from include.training.runs import read_run

    run = read_run(settings.home.run(run_id))
    # the training must not wait for Slack
    deliver(settings, training_started(run, Links(settings).run(run_id)), run_thread(run_id), is_patient=False)


def announce_training(settings: Settings, run_id: str) -> dict[str, Any]:
    """Tell how a run ended, with its curves, in the thread of the run."""
    from include.alerts.delivery import Attachment, deliver
    from include.alerts.messages import training_summary
    from include.alerts.threads import run_thread
    from include.reporting.figures import training_figure
    from include.training.runs import read_config, read_run
    from include.training.watch import evaluate_run

    folder = settings.home.run(run_id)
    run = read_run(folder)
    report = evaluate_run(folder, read_config(folder), wall_now())
    figure = folder / "training.png"
    training_figure(folder, figure)
    message = training_summary(run, report, Links(settings).run(run_id))
    curves = Attachment(figure, f"Training curves of {run_id} at step {run.timesteps:,}")
    posted = deliver(settings, message, run_thread(run_id), [curves])
    return {"ts": posted.ts if posted else None, "alerts": [failure.message for failure in report.failures]}


def resolve_run(settings: Settings, system: str, run_id: str) -> str:
    """Return `run_id`, or the id of the newest finished run of `system` when it is `latest`."""
    from include.training.runs import latest_run

    if run_id != "latest":
        return run_id
    run = latest_run(settings.home, system, "finished")
    if run is None:
        raise MissingInputError(f"System `{system}` has no finished run yet. Hint: start one with `train_ppo`.")
    return run.run_id


def _require_passed(report: CheckReport, what: str) -> None:
    for result in report.results:
        log.log(logging.INFO if result.passed else logging.WARNING, "%s: %s", result.name, result.message)
    log.info("%s: %d checks, %d failed", what, len(report.results), len(report.failures))
    if not report.passed:
        reasons = "; ".join(failure.message.rstrip(".") for failure in report.failures)
        raise DataQualityError(f"{what} was not published: {reasons}", report)


def instant(text: str | None, argument: str) -> datetime | None:
    """Return a time as people write it, None for an empty text."""
    return parse_utc(text, argument) if text else None
