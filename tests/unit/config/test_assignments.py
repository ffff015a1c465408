import pytest

from include.config.assignments import assignments
from include.core.errors import InvalidInputError


def test_a_value_is_json_and_plain_text_where_it_is_not() -> None:
    changes = assignments(["training.learning_rate=1e-4", " training.engine = sb3 ", 'symbols=["A/USDT:USDT"]'], "set")
    assert changes == {"training.learning_rate": 1e-4, "training.engine": "sb3", "symbols": ["A/USDT:USDT"]}


@pytest.mark.parametrize("text", ["training.seed", "=7", "training.seed=", " = "])
def test_what_is_no_assignment_is_refused_by_the_name_it_was_given_under(text: str) -> None:
    with pytest.raises(InvalidInputError, match="`overrides` must be KEY=VALUE"):
        assignments([text], "overrides")


def test_a_key_that_is_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"each key once, was given `training\.seed` twice"):
        assignments(["training.seed=1", "training.seed=2"], "overrides")
