"""How an unfinished run goes on: from its newest valid bundle, with its record and its logs set back to it."""

import logging
from collections.abc import Callable
from pathlib import Path

from include.core.clock import format_utc, wall_now
from include.core.errors import IntegrityError, MissingInputError
from include.core.version import code_version
from include.training.artifacts import BEST, CHECKPOINT, copy_model, verify_model
from include.training.bundle import Bundle
from include.training.checkpoints import checkpoint_folder, newest_bundle
from include.training.identity import Identity, require_same
from include.training.keeper import best_fields
from include.training.log_positions import truncate_logs
from include.training.logs import ALERTS, LOGS, append_line
from include.training.runs import RunInfo, read_run, write_run
from include.training.watchdog import has_hung

log = logging.getLogger(__name__)


def find_bundle(folder: Path, asked: Identity, tell: Callable[[str], None]) -> Bundle | None:
    """Return the bundle that the run in `folder` goes on from, None where it must start over.

    Parameters
    ----------
    folder : Path
        An unfinished run.
    asked : Identity
        Inputs of the training that shall go on.
    tell : callable
        Told one sentence about everything that people should know.

    Raises
    ------
    InvalidInputError
        The bundle was made with other inputs; the message names them.
    """
    if has_hung(folder):
        tell("The attempt before was ended because no rollout ended in time; the tracebacks are in hang.seen.log.")
    bundle = newest_bundle(folder, tell)
    if bundle is None:
        tell("No checkpoint can be resumed from: the training starts over, what was there is moved aside.")
        return None
    require_same(folder.name, bundle.info.identity, asked)
    if bundle.info.code_version != code_version():
        tell(
            f"The training goes on with code {code_version()[:12]}, was started with {bundle.info.code_version[:12]}: "
            "its result may differ from that of an uninterrupted one."
        )
    return bundle


def set_back(folder: Path, bundle: Bundle, tell: Callable[[str], None]) -> RunInfo:
    """Set the record, the best model and the logs of a run back to `bundle`, and return the record."""
    lost = truncate_logs(folder / LOGS, bundle.info.logs)
    if lost:
        tell(f"Logs have lost rows from before step {bundle.info.timestep:,}: {'; '.join(lost)}.")
    _set_back_best(folder, bundle, tell)
    ended = {"status": "running", "ended_at": None, "ended_by": None, "error": None, "error_type": None}
    changes = (
        ended
        | best_fields(bundle.info.best)
        | {
            "timesteps": bundle.info.timestep,
            "episodes": bundle.info.episodes,
            "parameters_sha256": None,
        }
    )
    info = read_run(folder)
    return write_run(folder, RunInfo.model_validate(info.model_dump() | changes))


def teller(lines: list[str]) -> Callable[[str], None]:
    """Return a function that logs a warning and adds it to `lines`, for `write_told` once the logs are set back."""

    def tell(text: str) -> None:
        log.warning("%s", text)
        lines.append(text)

    return tell


def write_told(folder: Path, lines: list[str]) -> None:
    """Write what was told to the run's `alerts.log`."""
    for line in lines:
        append_line(folder / LOGS, ALERTS, f"{format_utc(wall_now())} · WARNING · resume · {line}")


def _set_back_best(folder: Path, bundle: Bundle, tell: Callable[[str], None]) -> None:
    best = bundle.info.best
    if best is None:
        return
    try:
        if verify_model(folder, BEST).timestep == best.timestep:
            return
    except (IntegrityError, MissingInputError):
        log.info("The best model of %s is copied again from its checkpoint", folder.name)
    try:
        copy_model(checkpoint_folder(folder, best.timestep), CHECKPOINT, folder, BEST)
    except (IntegrityError, MissingInputError) as error:
        tell(f"The best model, of step {best.timestep:,}, cannot be restored: {error}")
