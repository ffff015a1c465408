from importlib.util import find_spec

import pytest

from bench.goals import GOALS, chosen
from include.core.errors import InvalidInputError


def test_every_goal_has_its_module():
    assert all(find_spec(module) for module in GOALS.values())


def test_goals_are_chosen_by_id_in_the_order_asked_for():
    assert chosen(None) == list(GOALS)
    assert chosen("p8, P4") == ["P8", "P4"]


def test_an_unknown_goal_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"`--only` must name goals of P1, .*was 'P77'"):
        chosen("P4,P77")
