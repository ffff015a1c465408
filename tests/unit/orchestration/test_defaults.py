import pytest
from airflow.sdk import RetryAction

from include.core.errors import DataQualityError, InvalidInputError, RateLimitedError, TransientError
from include.orchestration.defaults import POOLS, RETRY_POLICY, Pool, Tag, dag_arguments


@pytest.mark.parametrize(
    "error", [TransientError("x"), RateLimitedError("x", 3), ConnectionResetError(), TimeoutError()]
)
def test_the_outside_world_is_tried_again(error: Exception) -> None:
    assert RETRY_POLICY.evaluate(error, 1, 3).action is RetryAction.RETRY


@pytest.mark.parametrize("error", [InvalidInputError("x"), DataQualityError("x"), ZeroDivisionError(), KeyError("x")])
def test_refusals_and_mistakes_fail_at_once(error: Exception) -> None:
    assert RETRY_POLICY.evaluate(error, 1, 3).action is RetryAction.FAIL


def test_every_pool_is_described() -> None:
    assert set(POOLS) == set(Pool)


def test_two_dags_share_no_mutable_default() -> None:
    first, second = dag_arguments("ml", Tag.TRAINING), dag_arguments("data", Tag.DATA)
    assert first["default_args"] is not second["default_args"]
    assert first["default_args"]["owner"] == "ml"
