"""Symbols played to their ends by a network without the interpreter: step, observe, decide."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels.replay import Board, advance, begin, decide
from include.evaluation.kernels.acting import Actor, act
from include.evaluation.kernels.jit import kernel

Numbers = NDArray[np.int64]


class Work(NamedTuple):
    """Memory of one thread that plays up to n symbols side by side."""

    lanes: Numbers  # (n,), symbol that each plays
    asked: Numbers  # (n,), symbols that decide now
    chosen: Numbers  # (n,)
    observations: NDArray[np.float32]  # (n, d)
    values: NDArray[np.float32]  # n × the width of all layers


@kernel
def play(observe: Callable[..., None], board: Board, queue: Numbers, actor: Actor, work: Work) -> int:
    """Play the symbols of `queue`, as many side by side as there are lanes; who ends makes room for the next.

    Accounts know nothing of each other, so it does not matter which candles are played at the same time.

    Parameters
    ----------
    observe : kernel
        `Face.observe`.
    board : Board
        What is played.
    queue : int64 (q,)
        Numbers of the symbols to play, in order.
    actor : Actor
        Who decides.
    work : Work
        Memory.

    Returns
    -------
    int
        Decisions without an action, because a logit was NaN.
    """
    seats, rules, market, _, is_late, cursors, marks, trades = board
    candles, _, _, runs = market
    lanes, asked, chosen, observations, values = work
    count = begun = min(len(lanes), len(queue))
    for lane in range(count):
        lanes[lane] = queue[lane]
        begin(board, lanes[lane])
    undefined = 0
    while True:
        deciding = 0
        for lane in range(count):
            symbol = lanes[lane]
            is_deciding = False
            while not is_deciding:
                cursor = cursors[symbol]
                if cursor.row < cursor.stop:
                    rule = rules[symbol].account
                    is_deciding = advance(seats[symbol], rule, cursor, candles, runs, is_late, marks, trades)
                elif begun < len(queue):
                    symbol = queue[begun]
                    begun += 1
                    begin(board, symbol)
                else:
                    break
            lanes[lane] = symbol
            if is_deciding:
                asked[deciding] = symbol
                deciding += 1
        if deciding == 0:
            return undefined
        observe(seats, rules, market, asked[:deciding], observations)
        undefined += act(actor, observations, deciding, values, chosen)
        for i in range(deciding):
            decide(cursors[asked[i]], marks, chosen[i])
