from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowSkipException, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from include.core.errors import InvalidInputError, MissingInputError, StoppedError, TransientError
from include.orchestration import edge


def operator(error: Exception):
    @edge.stage_task(task_id="it")
    def stage() -> None:
        raise error

    from airflow.sdk import DAG

    with DAG("d"):
        return stage().operator


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered", "backfill"])
def test_a_run_that_nobody_asked_for_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch, run_type: str) -> None:
    monkeypatch.setattr(edge, "get_current_context", lambda: {"dag_run": SimpleNamespace(run_type=run_type)})
    with pytest.raises(AirflowSkipException, match="no features yet"):
        operator(MissingInputError("no features yet")).python_callable()


def test_a_run_by_hand_fails_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "get_current_context", lambda: {"dag_run": SimpleNamespace(run_type="manual")})
    with pytest.raises(MissingInputError):
        operator(MissingInputError("no features yet")).python_callable()


def test_other_errors_pass_through() -> None:
    with pytest.raises(InvalidInputError):
        operator(InvalidInputError("bad")).python_callable()


def test_the_function_keeps_its_name_and_signature() -> None:
    @edge.stage_task
    def fetch(batch_id: str, params: dict | None = None) -> str:
        """Fetch."""
        return batch_id

    assert fetch.function.__name__ == "fetch"
    assert (
        fetch.function.__wrapped__.__annotations__["batch_id"] == "str"
        or fetch.function.__wrapped__.__annotations__["batch_id"] is str
    )


def test_work_that_a_person_stopped_is_a_skip_by_hand_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "get_current_context", lambda: {"dag_run": SimpleNamespace(run_type="manual")})
    with pytest.raises(AirflowSkipException, match="stopped at step 7"):
        operator(StoppedError("stopped at step 7")).python_callable()


@pytest.mark.parametrize(("name", "signed"), [("ada", "ada"), (None, "schedule")])
def test_who_started_a_run_is_its_person_or_the_schedule(
    monkeypatch: pytest.MonkeyPatch, name: str | None, signed: str
) -> None:
    run = SimpleNamespace(triggering_user_name=name)
    monkeypatch.setattr(edge, "get_current_context", lambda: {"dag_run": run})
    assert edge.triggered_by() == signed


@pytest.mark.parametrize(
    ("status", "outcome"), [("running", True), ("queued", True), ("success", False), ("failed", False)]
)
def test_a_run_is_under_way_until_it_has_ended(monkeypatch: pytest.MonkeyPatch, status: str, outcome: bool) -> None:
    instance = SimpleNamespace(dag_id="train_ppo", get_dagrun_state=lambda dag_id, run_id: status)
    monkeypatch.setattr(edge, "get_current_context", lambda: {"ti": instance})
    assert edge.is_under_way("other") is outcome


def test_a_deleted_run_has_ended_and_an_airflow_that_does_not_answer_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(status: int):
        def ask(dag_id: str, run_id: str) -> str:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": status}))

        return SimpleNamespace(dag_id="train_ppo", get_dagrun_state=ask)

    monkeypatch.setattr(edge, "get_current_context", lambda: {"ti": refused(404)})
    assert not edge.is_under_way("gone")
    monkeypatch.setattr(edge, "get_current_context", lambda: {"ti": refused(503)})
    with pytest.raises(TransientError, match="does not say whether the run `busy`"):
        edge.is_under_way("busy")
