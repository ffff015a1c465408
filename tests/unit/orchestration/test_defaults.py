import pytest
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from include.core.errors import (
    AlreadyRunningError,
    DataQualityError,
    DivergedError,
    InvalidInputError,
    RateLimitedError,
    TransientError,
)
from include.orchestration.defaults import POOLS, RETRY_POLICY, TRAINING_RETRIES, Pool, Tag, dag_arguments
from include.orchestration.training_stages import InterruptedTrainingError


@pytest.mark.parametrize(
    "error", [TransientError("x"), RateLimitedError("x", 3), ConnectionResetError(), TimeoutError()]
)
def test_the_outside_world_is_tried_again(error: Exception) -> None:
    assert RETRY_POLICY.evaluate(error, 1, 3).action is RetryAction.RETRY


@pytest.mark.parametrize("error", [InvalidInputError("x"), DataQualityError("x"), ZeroDivisionError(), KeyError("x")])
def test_refusals_and_mistakes_fail_at_once(error: Exception) -> None:
    assert RETRY_POLICY.evaluate(error, 1, 3).action is RetryAction.FAIL


@pytest.mark.parametrize(
    ("error", "least_seconds"),
    [
        (AlreadyRunningError("an earlier try holds the run"), 15),
        (AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={})), 300),
    ],
)
def test_a_training_waits_for_what_passes(error: Exception, least_seconds: float) -> None:
    decision = TRAINING_RETRIES["retry_policy"].evaluate(error, 1, 8)
    assert decision.action is RetryAction.RETRY
    assert decision.retry_delay.total_seconds() >= least_seconds


def test_a_training_that_was_interrupted_goes_on_and_one_that_diverged_does_not() -> None:
    policy = TRAINING_RETRIES["retry_policy"]
    assert policy.evaluate(InterruptedTrainingError("SIGTERM"), 1, 8).action is RetryAction.RETRY
    assert policy.evaluate(DivergedError("nan"), 1, 8).action is RetryAction.FAIL


def test_every_pool_is_described() -> None:
    assert set(POOLS) == set(Pool)


def test_two_dags_share_no_mutable_default() -> None:
    first, second = dag_arguments("ml", Tag.TRAINING), dag_arguments("data", Tag.DATA)
    assert first["default_args"] is not second["default_args"]
    assert first["default_args"]["owner"] == "ml"
