from include.environments.phase4 import actions as account
from include.environments.shadow.actions import N_ACTIONS, Action


def test_the_actions_carry_the_numbers_of_the_document():
    assert [(action.name, int(action)) for action in Action] == [("HOLD", 0), ("BUY", 1), ("SELL", 2), ("CLOSE", 3)]
    assert N_ACTIONS == 4


def test_the_account_understands_each_number_as_the_same_thing():
    assert tuple(Action) == (account.HOLD, account.OPEN_LONG, account.OPEN_SHORT, account.CLOSE_POSITION)
