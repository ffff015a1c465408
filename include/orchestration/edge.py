"""The edge between Airflow and the stages: a task decorator that turns missing inputs and stops into skips."""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowSkipException

from include.core.errors import DuplicateError, MissingInputError, StoppedError, TransientError
from include.core.progress import Progress
from include.core.slots import SCHEDULE

if TYPE_CHECKING:
    from include.config.settings import Settings


def stage_task(function: Callable[..., Any] | None = None, **arguments: Any) -> Any:
    """Decorate a DAG's function as a task.

    When an input does not exist yet, or the same work is under way, a scheduled run skips with the reason; a
    run that somebody started by hand fails with it. Work that a person stopped is a skip in either. Keyword
    arguments are those of `airflow.sdk.task`.
    """
    if function is None:
        return functools.partial(stage_task, **arguments)

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (MissingInputError, DuplicateError) as error:
            if get_current_context()["dag_run"].run_type == "manual":
                raise
            raise AirflowSkipException(str(error)) from error
        except StoppedError as error:
            raise AirflowSkipException(str(error)) from error

    return task(**arguments)(guarded)


def dag_run_id() -> str:
    """Return the id of the running task's DAG run: what its tries have in common."""
    return str(get_current_context()["dag_run"].run_id)


def triggered_by() -> str:
    """Return who started this DAG run: a person's name, or that the schedule did."""
    name = getattr(get_current_context()["dag_run"], "triggering_user_name", None)
    return str(name) if name else SCHEDULE


def is_under_way(dag_run_id: str) -> bool:
    """Return whether a run of the task's own DAG has not ended; one that was deleted has.

    Raises
    ------
    TransientError
        Airflow does not say.
    """
    instance = get_current_context()["ti"]
    try:
        state = instance.get_dagrun_state(instance.dag_id, dag_run_id)
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") == HTTPStatus.NOT_FOUND:
            return False
        raise TransientError(f"Airflow does not say whether the run `{dag_run_id}` has ended: {error}") from error
    return state in ("queued", "running")


def runtime() -> "tuple[Settings, Progress]":
    """Return the settings of this deployment and a progress function that logs."""
    from include.config.settings import load_settings
    from include.orchestration.progress import file_progress, progress_file

    settings = load_settings()
    settings.home.processes.mkdir(parents=True, exist_ok=True)
    progress_file(settings.home.processes).unlink(missing_ok=True)  # the stage before may have left its last word
    return settings, file_progress(progress_file(settings.home.processes))
