from include.environments.phase4 import actions
from include.environments.phase4.actions import Action


def test_the_actions_carry_the_numbers_of_the_handoff():
    documented = ["HOLD", "OPEN_LONG", "OPEN_SHORT", "CLOSE_POSITION", "REDUCE_50_PERCENT"]

    assert [action.name for action in Action] == documented
    assert [int(action) for action in Action] == [0, 1, 2, 3, 4]


def test_the_plain_integers_are_those_of_the_enum():
    assert all(getattr(actions, action.name) == action for action in Action)
    assert actions.N_ACTIONS == 5
