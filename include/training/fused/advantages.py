"""Generalised advantage estimation in float32, in the order of stable-baselines3's rollout buffer."""

import numpy as np
from numpy.typing import NDArray

from include.training.fused.jit import kernel

Floats = NDArray[np.float32]


@kernel
def estimate(
    rewards: Floats,
    values: Floats,
    starts: NDArray[np.bool_],
    last_values: Floats,
    is_started: NDArray[np.bool_],
    gamma: float,
    gae_lambda: float,
    advantages: Floats,
    returns: Floats,
) -> None:
    """Write advantages and returns (n, t) of n environments over t steps.

    Source: Schulman et al., "High-dimensional continuous control using generalized advantage estimation", 2016.

    Parameters
    ----------
    rewards, values : float32 (n, t)
        Rewards, with the bootstrap of truncated episodes in them, and values of the observations acted on.
    starts : bool (n, t)
        Whether an episode began at that observation.
    last_values, is_started : float32 (n,), bool (n,)
        The same of the observation after the last step.
    gamma, gae_lambda : float
        Discount, and how far an advantage looks.
    """
    discount, decay, one = np.float32(gamma), np.float32(gamma * gae_lambda), np.float32(1.0)
    for i in range(len(rewards)):
        advantage = np.float32(0.0)
        following, is_over = last_values[i], is_started[i]
        for t in range(rewards.shape[1] - 1, -1, -1):
            goes_on = np.float32(0.0) if is_over else one
            delta = rewards[i, t] + discount * following * goes_on - values[i, t]
            advantage = delta + decay * goes_on * advantage
            advantages[i, t] = advantage
            returns[i, t] = advantage + values[i, t]
            following, is_over = values[i, t], starts[i, t]
