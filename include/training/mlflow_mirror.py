"""A copy of a run in MLflow, written from the run's own files; what it costs or breaks never reaches the training.

The files are the truth. A mirror that was interrupted, or of a training that was resumed, adds only what is not there
yet. Reading from MLflow does not belong here.
"""

import fcntl
import logging
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.files import read_json, write_json
from include.training.logs import CSV_LOGS, LOGS, VALIDATION, Columns, LogFile, empty_log, read_log
from include.training.mlflow_content import MODELS, dataset_of, files_of, metric_rows, parameters_of, tags_of
from include.training.runs import RunInfo, read_config, read_run

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

MIRROR_FILE = "mlflow.json"
CANDIDATE = "candidate"
# the first write of a process imports the client and, in a new home, makes the tables; later ones are quick
SECONDS_BETWEEN_WRITES = 15.0
_BATCH = 1000
_LOCK_SECONDS = 60.0
_ENDS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
# read when the client is imported: nothing is told to anyone, and a dead server is given up on soon
_CLIENT_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}

log = logging.getLogger(__name__)


class Mirror:
    """The copy of one run.

    Parameters
    ----------
    settings : Settings
        Where to mirror to; "off" mirrors nothing.
    folder : Path
        The run.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._home = settings.home
        self._tracking = settings.mlflow_tracking
        self._folder = folder
        self._written: dict[str, int] | None = None
        self._wrote_at = -SECONDS_BETWEEN_WRITES
        self._is_broken = False

    def update(self) -> None:
        """Add what the logs have gained; at most every few seconds, and not again after a failure."""
        if not self._is_broken and time.monotonic() - self._wrote_at >= SECONDS_BETWEEN_WRITES:
            self._guarded(is_end=False)

    def finish(self) -> None:
        """Add the rest, the models and the records of an ended run, and register its best model as a candidate."""
        self._guarded(is_end=True)

    def _guarded(self, *, is_end: bool) -> None:
        if self._tracking is None:
            return
        error = None
        try:
            with _lock(self._home.root):
                self._write(self._tracking, is_end=is_end)
        except Exception as problem:  # noqa: BLE001  # whatever breaks here, the training goes on
            error = f"{type(problem).__name__}: {problem}"
            log.warning("Run %s is not mirrored to %s: %s", self._folder.name, self._tracking, error)
            # how far it came is not known
            self._written = None
        self._is_broken = error is not None
        self._wrote_at = time.monotonic()
        write_json(
            self._folder / MIRROR_FILE,
            {"tracking": self._tracking, "error": error, "at": wall_now().isoformat()},
        )

    def _write(self, tracking: str, *, is_end: bool) -> None:
        client = _client(tracking)
        info = read_run(self._folder)
        run = self._run_of(client, info)
        if self._written is None:
            self._written = _counts(client, run)
        self._add_metrics(client, run.info.run_id, self._written)
        if is_end:
            self._end(client, run, info)

    def _run_of(self, client: "MlflowClient", info: RunInfo) -> "Run":
        experiment = client.get_experiment_by_name(info.system)
        location = (self._home.mlflow_artifacts / info.system).as_uri() if self._is_local else None
        identity = experiment.experiment_id if experiment else client.create_experiment(info.system, location)
        found = client.search_runs([identity], f"tags.run_id = '{info.run_id}'")
        started = info.started_at.isoformat()
        for run in found:
            if run.data.tags.get("started_at") == started:
                if info.status == "running" and run.info.status != "RUNNING":
                    client.update_run(run.info.run_id, "RUNNING")
                return run
            if run.info.status == "RUNNING":
                # the same run from its beginning: the one before was given up
                client.set_terminated(run.info.run_id, "KILLED")
        return self._create(client, identity, info)

    def _create(self, client: "MlflowClient", experiment: str, info: RunInfo) -> "Run":
        from mlflow.entities import DatasetInput, InputTag, Param, RunTag

        start = int(info.started_at.timestamp() * 1000)
        tags = tags_of(info)
        run = client.create_run(experiment, start, {key: tags[key] for key in ("run_id", "started_at")}, info.run_id)
        parameters = parameters_of(read_config(self._folder), info)
        client.log_batch(
            run.info.run_id,
            params=[Param(key, value) for key, value in parameters.items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        dataset = DatasetInput(dataset_of(info, self._home), [InputTag("mlflow.data.context", "training")])
        client.log_inputs(run.info.run_id, [dataset])
        return run

    @property
    def _is_local(self) -> bool:
        return str(self._tracking).startswith("sqlite:")

    def _add_metrics(self, client: "MlflowClient", run_id: str, written: dict[str, int]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        tables = {source.name: _read(self._folder / LOGS, source) for source in (*CSV_LOGS, VALIDATION)}
        rows = metric_rows(tables, written)
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            client.log_batch(run_id, metrics=[Metric(key, value, now, step) for key, step, value in batch])
            for key, _, _ in batch:
                written[key] = written.get(key, 0) + 1

    def _end(self, client: "MlflowClient", run: "Run", info: RunInfo) -> None:
        for name, place in files_of().items():
            if (self._folder / name).exists():
                client.log_artifact(run.info.run_id, str(self._folder / name), place)
        for key, value in tags_of(info).items():
            client.set_tag(run.info.run_id, key, value)
        if info.status == "finished":
            _register(client, run, info)
        client.set_terminated(run.info.run_id, _ENDS.get(info.status, "RUNNING"))


def mirror_error(folder: Path) -> str | None:
    """Return why the newest write of the run in `folder` to its mirror failed, None when it did not."""
    source = folder / MIRROR_FILE
    return read_json(source)["error"] if source.exists() else None


def _register(client: "MlflowClient", run: "Run", info: RunInfo) -> None:
    from mlflow.exceptions import MlflowException

    name = f"perpetua-{info.system}"
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    versions = client.search_model_versions(f"name = '{name}' and run_id = '{run.info.run_id}'")
    version = (
        versions[0]
        if versions
        else client.create_model_version(
            name, f"{run.info.artifact_uri}/{MODELS}", run.info.run_id, tags={"run_id": info.run_id}
        )
    )
    client.set_registered_model_alias(name, CANDIDATE, version.version)


def _client(tracking: str) -> "MlflowClient":
    for name, value in _CLIENT_SETTINGS.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        # its models use a loader that SQLAlchemy 2.1 warns of
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        return MlflowClient(tracking, tracking)


def _counts(client: "MlflowClient", run: "Run") -> dict[str, int]:
    return {key: len(client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics}


def _read(folder: Path, source: LogFile) -> Columns:
    return read_log(folder, source) if (folder / source.name).exists() else empty_log(source)


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    # SQLite has one writer; trainings of other seeds mirror into the same file
    with (home / ".mlflow.lock").open("a") as stream:
        end = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"another training wrote to the mirror for {_LOCK_SECONDS:g} s") from None
                time.sleep(0.1)
        yield
