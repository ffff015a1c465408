"""Small random networks for tests of backtests."""

from itertools import pairwise

import numpy as np

from include.evaluation.network import Network


def random_network(inputs: int, actions: int, seed: int = 0, hidden: tuple[int, ...] = (20, 12)) -> Network:
    """Return a network with weights that make it choose every action, and a normalisation that moves and clips."""
    rng = np.random.default_rng(seed)
    widths = (inputs, *hidden, actions)
    layers = tuple(
        (rng.normal(size=(after, before)).astype(np.float32), rng.normal(size=after).astype(np.float32))
        for before, after in pairwise(widths)
    )
    return Network(layers, rng.normal(size=inputs), rng.uniform(0.3, 2.0, inputs), clip=2.0)
