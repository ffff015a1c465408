"""The four actions of the one-minute agent."""

from enum import IntEnum


class Action(IntEnum):
    """What an agent may ask for at the close of a candle; it is filled at the next open.

    The account understands them as phase4's of the same numbers: hold, open long, open short, close.
    Buying or selling while in a position, and closing while flat, do nothing and cost nothing.
    """

    HOLD = 0
    BUY = 1
    SELL = 2
    CLOSE = 3


N_ACTIONS = len(Action)
