"""Work on all processors in threads: what runs in compiled kernels without the interpreter."""

import heapq
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")


def processors() -> int:
    """Return how many processors this process may use."""
    # macOS knows no affinity
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shares(sizes: NDArray[np.int64], count: int | None = None) -> list[NDArray[np.int64]]:
    """Return the numbers of all items dealt out among `count` workers (None: one per processor), largest first.

    Each item goes to the worker with the least so far: within a third of the best division (Graham, "Bounds on
    multiprocessing timing anomalies", 1969). Workers that get nothing are left out.
    """
    loads = [(0, worker) for worker in range(count or processors())]
    dealt: list[list[int]] = [[] for _ in loads]
    for item in np.argsort(-sizes, kind="stable").tolist():
        load, worker = heapq.heappop(loads)
        dealt[worker].append(item)
        heapq.heappush(loads, (load + int(sizes[item]), worker))
    return [np.array(items, np.int64) for items in dealt if items]


def side_by_side(task: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return `task` of each item, in order, at most one running per processor."""
    waiting = list(items)
    if len(waiting) < 2 or processors() < 2:
        return [task(item) for item in waiting]
    with ThreadPoolExecutor(processors()) as pool:
        return list(pool.map(task, waiting))
