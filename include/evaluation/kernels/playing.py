"""Symbols played to their ends by a network without the interpreter: step, observe, decide."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels.replay import Board, advance, begin, decide
from include.evaluation.kernels.acting import Actor, act
from include.evaluation.kernels.jit import kernel

Numbers = NDArray[np.int64]
_NOBODY = -1


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
    lanes, asked, chosen, observations, values = work
    lanes[:] = _NOBODY
    begun = undefined = 0
    while True:
        deciding = 0
        for lane in range(len(lanes)):
            lanes[lane], begun = _to_decision(board, queue, lanes[lane], begun)
            if lanes[lane] != _NOBODY:
                asked[deciding] = lanes[lane]
                deciding += 1
        if deciding == 0:
            return undefined
        observe(board.seats, board.rules, board.market, asked[:deciding], observations)
        undefined += act(actor, observations, deciding, values, chosen)
        for i in range(deciding):
            decide(board, asked[i], chosen[i])


@kernel
def _to_decision(board: Board, queue: Numbers, symbol: int, begun: int) -> tuple[int, int]:
    # the symbol that decides next on a lane, and how many of the queue have begun
    while True:
        if symbol == _NOBODY or board.cursors[symbol].row == board.cursors[symbol].stop:
            if begun == len(queue):
                return _NOBODY, begun
            symbol = queue[begun]
            begun += 1
            begin(board, symbol)
        if advance(board, symbol):
            return symbol, begun
