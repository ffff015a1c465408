"""The five actions of the crypto futures agent."""

from enum import IntEnum


class Action(IntEnum):
    """What an agent may ask for at the close of a candle; it is filled at the next open.

    Opening while in a position, and closing or reducing while flat, are invalid: nothing is
    traded and the reward carries the penalty of `r_invalid_action`.
    """

    HOLD = 0
    OPEN_LONG = 1
    OPEN_SHORT = 2
    CLOSE_POSITION = 3
    REDUCE_50_PERCENT = 4


N_ACTIONS = len(Action)
# plain integers for the hot path: comparing an enum member costs three times as much
HOLD, OPEN_LONG, OPEN_SHORT, CLOSE_POSITION, REDUCE_50_PERCENT = (int(action) for action in Action)
