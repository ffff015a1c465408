"""Play one rollout without the interpreter: act, step, normalise, bootstrap; all in the order of stable-baselines3."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from include.evaluation.kernels.memory import copy
from include.evaluation.kernels.network import forward
from include.training.fused.advantages import estimate
from include.training.fused.jit import kernel
from include.training.fused.loss import softmax
from include.training.fused.normalization import (
    Normalization,
    Statistics,
    normalize_observations,
    normalize_reward,
    update_observations,
    update_returns,
)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Table = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Rollout(NamedTuple):
    """t steps of n environments, of which `Samples` is the flat view."""

    observations: Floats  # (n, t, d), normalised
    actions: Table  # (n, t)
    allowed: Flags  # (n, t, a)
    values: Floats  # (n, t)
    log_probs: Floats
    advantages: Floats
    returns: Floats
    rewards: Floats  # normalised, with the bootstrap of truncated episodes
    starts: Flags  # an episode began at the observation


class Present(NamedTuple):
    """Where n environments stand between two steps."""

    observations: Floats  # (n, d), normalised
    starts: Flags  # (n,)


class Step(NamedTuple):
    """Memory for one step of n environments, which the kernels of the environments fill."""

    actions: Table
    allowed: Flags  # (n, a)
    observations: Floats
    rewards: Floats
    components: Doubles
    terminated: Flags
    truncated: Flags
    values: Floats  # (2, n · width of inputs and all layers)
    probabilities: Floats  # (a,)
    moments: Floats  # (2, d), of a step's observations
    peaks: Floats  # (d + 1,), greatest raw magnitude met in each column, and of the rewards; NaN stays


class Ends(NamedTuple):
    """Episodes that ended in a rollout, in order: step, environment, and the row that the environment left."""

    steps: Table
    environments: Table
    summaries: Doubles


@kernel
def allow_all(_seats: Any, _rules: Any, _market: Any, allowed: Flags) -> None:
    """Allow every action: the masks of a system that has none."""
    for i in range(len(allowed)):
        for j in range(allowed.shape[1]):
            allowed[i, j] = True


@kernel
def play(
    step_all: Callable[..., int],
    mask_all: Callable[..., None],
    environment: Any,
    networks: Floats,
    layers: Table,
    statistics: Statistics,
    normalization: Normalization,
    uniforms: Doubles,
    present: Present,
    step: Step,
    rollout: Rollout,
    ends: Ends,
    t: int,
    count: int,
    drawn_ahead: int,
) -> tuple[int, int]:
    """Play from step `t` to the end of the rollout, or until an environment has used up its starts.

    Parameters
    ----------
    step_all, mask_all : kernels
        `Face.step` and `Face.masks`.
    environment : tuple
        Seats, rules, market, draws, episode length, finals, summaries of the batch.
    networks, layers
        Actor and critic, and where their layers lie.
    statistics, normalization
        Of VecNormalize.
    uniforms : float64 (n, t)
        Numbers of [0, 1) that choose the actions.
    present, step, rollout, ends
        State between two steps, memory of one, what is collected.
    t, count : int
        Steps done, and episodes that ended in them.
    drawn_ahead : int
        Starts that an environment has before it must be given new ones.

    Returns
    -------
    t, count : int
        The same, later.
    """
    seats, rules, market, draws, length, finals, summaries = environment
    while t < rollout.actions.shape[1]:
        mask_all(seats, rules, market, step.allowed)
        act(networks, layers, uniforms, present, step, rollout, t)
        ended = step_all(
            seats,
            rules,
            market,
            draws,
            length,
            step.actions,
            step.observations,
            step.rewards,
            step.components,
            step.terminated,
            step.truncated,
            finals,
            summaries,
        )
        note_peaks(step.observations, step.rewards, step.peaks)
        normalize(statistics, normalization, present, step)
        if ended:
            note_peaks(finals, step.rewards, step.peaks)
            count = bootstrap(
                networks, layers, statistics, normalization, finals, summaries, present, step, ends, t, count
            )
        for i in range(len(step.rewards)):
            rollout.rewards[i, t] = step.rewards[i]
        t += 1
        if ended and is_used_up(seats, drawn_ahead):
            break
    return t, count


@kernel
def is_used_up(seats: Any, drawn_ahead: int) -> bool:
    """Return whether an environment has no start left."""
    used_up = False
    for i in range(len(seats)):
        used_up = used_up or seats[i].episode.drawn >= drawn_ahead
    return used_up


@kernel
def note_peaks(observations: Floats, rewards: Floats, peaks: Floats) -> None:
    """Raise `peaks` to the magnitudes of raw observations and rewards."""
    for i in range(len(observations)):
        row = observations[i]
        for j in range(len(row)):
            peaks[j] = greater(abs(row[j]), peaks[j])
        peaks[-1] = greater(abs(rewards[i]), peaks[-1])


@kernel
def greater(value: float, peak: float) -> float:
    """Return the greater one, or the NaN of either."""
    return peak if value <= peak or peak != peak else value


@kernel
def act(
    networks: Floats, layers: Table, uniforms: Doubles, present: Present, step: Step, rollout: Rollout, t: int
) -> None:
    """Choose the actions of step `t` and record what they were chosen from."""
    n, width = len(step.actions), layers[-1, 1]
    head = n * layers[-1, 4]
    for number in range(2):
        copy(present.observations.reshape(-1), step.values[number])
        forward(networks[number], layers, n, step.values[number])
    for i in range(n):
        logits = step.values[0, head + i * width : head + (i + 1) * width]
        excess = softmax(logits, step.allowed[i], step.probabilities)
        action = choose(step.probabilities, uniforms[i, t])
        step.actions[i] = action
        copy(present.observations[i], rollout.observations[i, t])
        copy(step.allowed[i], rollout.allowed[i, t])
        rollout.starts[i, t] = present.starts[i]
        rollout.actions[i, t] = action
        rollout.values[i, t] = step.values[1, head + i * width]
        rollout.log_probs[i, t] = logits[action] - excess


@kernel
def choose(probabilities: Floats, uniform: float) -> int:
    """Return the action whose share of [0, 1) holds `uniform`; rounding falls to the last possible one."""
    total, chosen = 0.0, 0
    for action in range(len(probabilities)):
        if probabilities[action] > 0.0:
            chosen = action
            total += probabilities[action]
            if uniform < total:
                break
    return chosen


@kernel
def normalize(statistics: Statistics, normalization: Normalization, present: Present, step: Step) -> None:
    """Take a step into the statistics, write its normalised observations to `present` and its rewards in place."""
    if normalization.has_observations:
        update_observations(statistics, step.observations, step.moments)
        normalize_observations(statistics, step.observations, present.observations)
    else:
        copy(step.observations.reshape(-1), present.observations.reshape(-1))
    update_returns(statistics, step.rewards, normalization.gamma)
    for i in range(len(step.rewards)):
        present.starts[i] = step.terminated[i] or step.truncated[i]
        if normalization.has_rewards:
            step.rewards[i] = normalize_reward(statistics, step.rewards[i])


@kernel
def bootstrap(
    networks: Floats,
    layers: Table,
    statistics: Statistics,
    normalization: Normalization,
    finals: Floats,
    summaries: Doubles,
    present: Present,
    step: Step,
    ends: Ends,
    t: int,
    count: int,
) -> int:
    """Record the episodes that step `t` ended, and add the discounted value of a truncated one's last observation.

    Returns
    -------
    int
        Episodes ended so far.
    """
    for i in range(len(finals)):
        if not present.starts[i]:
            continue
        statistics.returns[i] = 0.0
        ends.steps[count] = t
        ends.environments[count] = i
        copy(summaries[i], ends.summaries[count])
        count += 1
        if step.truncated[i]:
            final = step.values[1, : finals.shape[1]]
            if normalization.has_observations:
                normalize_observations(statistics, finals[i : i + 1], final.reshape(1, -1))
            else:
                copy(finals[i], final)
            forward(networks[1], layers, 1, step.values[1])
            step.rewards[i] += np.float32(normalization.gamma) * step.values[1, layers[-1, 4]]
    return count


@kernel
def finish(
    networks: Floats, layers: Table, present: Present, step: Step, rollout: Rollout, gamma: float, gae_lambda: float
) -> None:
    """Estimate the advantages and returns of a rollout that has been played."""
    n, width = len(step.actions), layers[-1, 1]
    head = n * layers[-1, 4]
    copy(present.observations.reshape(-1), step.values[1])
    forward(networks[1], layers, n, step.values[1])
    estimate(
        rollout.rewards,
        rollout.values,
        rollout.starts,
        step.values[1, head : head + n * width : width],
        present.starts,
        gamma,
        gae_lambda,
        rollout.advantages,
        rollout.returns,
    )
