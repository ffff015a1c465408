"""Side by side in one run: every round times each side once, the figure is taken over the rounds."""

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median


def timed(call: Callable[[], object]) -> float:
    """Return the processor seconds of `call`, without the garbage of whoever ran before.

    Nothing that is timed here waits or runs in parallel; a busy machine would stretch only the clock on the wall.
    """
    gc.collect()
    start = time.process_time()
    call()
    return time.process_time() - start


def interleaved(sides: Mapping[str, Callable[[int], float]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each side, each asked once a round with the number of the round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for place in range(rounds):
        for name, side in sides.items():
            seconds[name].append(side(place))
    return {name: median(values) for name, values in seconds.items()}
