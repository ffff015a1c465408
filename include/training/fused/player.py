"""The environments of a training and what is collected in them; the kernels that play are in `rollout.py`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from include.config.system import TrainingConfig
from include.environments.batch import DRAWN_AHEAD, BatchEnv, BatchSnapshot, EpisodeEnd
from include.evaluation.kernels.memory import zeros
from include.evaluation.kernels.pointers import pointer
from include.training.fused.layout import Layout
from include.training.fused.loss import Samples
from include.training.fused.normalization import (
    CLIP,
    EPSILON,
    FIRST_COUNT,
    Normalization,
    Statistics,
    normalize_observations,
    update_observations,
)
from include.training.fused.rollout import Ends, Present, Rollout, Step, allow_all, finish, note_peaks, play
from include.training.normalizer import Normalizer

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]


class Player:
    """n environments, their VecNormalize and the newest rollout of t steps in each.

    Parameters
    ----------
    batch : BatchEnv
        The environments.
    layout : Layout
        Of the networks that act.
    training : TrainingConfig
        Length of a rollout, discounts, what is normalised.

    Attributes
    ----------
    statistics : Statistics
        Of VecNormalize.
    rollout : Rollout
        The newest one.
    """

    def __init__(self, batch: BatchEnv, layout: Layout, training: TrainingConfig) -> None:
        n, t, a, d = len(batch), training.n_steps, layout.actions, layout.observation_size
        self._batch = batch
        self._layers = layout.layers.table
        self._gae_lambda = training.gae_lambda
        self._normalization = Normalization(training.normalize_observations, training.normalize_reward, training.gamma)
        self.statistics = Statistics(
            np.zeros(d), np.ones(d), np.array([FIRST_COUNT, 0.0, 1.0, FIRST_COUNT]), np.zeros(n)
        )
        self._present = Present(zeros((n, d)), np.ones(n, np.bool_))
        self._step = _step(n, a, d, len(batch.component_names), layout.layers.width)
        self.rollout = _rollout(n, t, a, d)
        count = len(batch.parts.summaries[0])
        self._ends = Ends(np.zeros(n * t, np.int64), np.zeros(n * t, np.int64), np.zeros((n * t, count)))
        self._kernels = self._pointers()

    @property
    def samples(self) -> Samples:
        """The newest rollout, flat: environment after environment."""
        taken = self.rollout
        d, a = taken.observations.shape[-1], taken.allowed.shape[-1]
        return Samples(
            taken.observations.reshape(-1, d),
            taken.actions.reshape(-1),
            taken.allowed.reshape(-1, a),
            taken.values.reshape(-1),
            taken.log_probs.reshape(-1),
            taken.advantages.reshape(-1),
            taken.returns.reshape(-1),
        )

    @property
    def peaks(self) -> tuple[Floats, Floats]:
        """Greatest magnitude of each raw observation column (d,) and of the raw rewards (1,) in the newest rollout."""
        return self._step.peaks[:-1], self._step.peaks[-1:]

    @property
    def normalizer(self) -> Normalizer:
        """The statistics as a model carries them."""
        mean, variance, counts, _ = self.statistics
        return Normalizer(
            mean=mean.copy(),
            variance=variance.copy(),
            count=float(counts[0]),
            return_mean=float(counts[1]),
            return_variance=float(counts[2]),
            return_count=float(counts[3]),
            clip=CLIP,
            reward_clip=CLIP,
            epsilon=EPSILON,
            gamma=self._normalization.gamma,
            is_active=self._normalization.has_observations,
        )

    def reset(self) -> None:
        """Start an episode in every environment."""
        observations = self._batch.reset()
        self._step.peaks[:] = 0.0
        note_peaks(observations, self._step.rewards, self._step.peaks)
        self._present.observations[...] = observations
        self._present.starts[:] = True
        if self._normalization.has_observations:
            update_observations(self.statistics, observations, self._step.moments)
            normalize_observations(self.statistics, observations, self._present.observations)

    def collect(self, networks: Floats, uniforms: NDArray[np.float64]) -> Iterator[tuple[int, EpisodeEnd]]:
        """Play a rollout and return the episodes that ended in it, each with the steps of the rollout up to then.

        Parameters
        ----------
        networks : float32 (2, p)
            Actor and critic.
        uniforms : float64 (n, t)
            Numbers of [0, 1) that choose the actions.
        """
        self._step.peaks[:] = 0.0
        t = count = 0
        while t < uniforms.shape[1]:
            t, count = play(
                *self._kernels,
                self._batch.parts,
                networks,
                self._layers,
                self.statistics,
                self._normalization,
                uniforms,
                self._present,
                self._step,
                self.rollout,
                self._ends,
                t,
                count,
                DRAWN_AHEAD,
            )
            self._batch.draw_where_used_up()
        gamma = self._normalization.gamma
        finish(networks, self._layers, self._present, self._step, self.rollout, gamma, self._gae_lambda)
        return self._ended(count)

    def snapshot(self) -> tuple[Arrays, dict[str, Any]]:
        """Return everything but the rollout, which the next one overwrites: arrays by name, and JSON values."""
        batch = self._batch.snapshot()
        arrays = {f"batch/{name}": array for name, array in batch.arrays.items()}
        return arrays | {name: array.copy() for name, array in self._state().items()}, batch.meta

    def restore(self, arrays: Arrays, meta: dict[str, Any]) -> None:
        """Go on from what `snapshot` gave."""
        own = {name.removeprefix("batch/"): array for name, array in arrays.items() if name.startswith("batch/")}
        self._batch.restore(BatchSnapshot(own, meta))
        for name, array in self._state().items():
            array[...] = arrays[name]

    def _state(self) -> Arrays:
        return {
            **{f"normalizer/{name}": array for name, array in self.statistics._asdict().items()},
            "last/observations": self._present.observations,
            "last/episode_starts": self._present.starts,
        }

    def _ended(self, count: int) -> Iterator[tuple[int, EpisodeEnd]]:
        steps, environments, summaries = self._ends
        for row in range(count):
            env = int(environments[row])
            yield int(steps[row]) + 1, self._batch.end_of(env, self._batch.parts.finals[env], summaries[row])

    def _pointers(self) -> tuple[Any, Any]:
        face, parts, step = self._batch.face, self._batch.parts, self._step
        before = (parts.seats, parts.rules, parts.market)
        after = (parts.finals, parts.summaries)
        filled = (step.observations, step.rewards, step.components, step.terminated, step.truncated)
        return (
            pointer(face.step, types.int64, (*before, parts.draws, parts.length, step.actions, *filled, *after)),
            pointer(face.masks or allow_all, types.none, (*before, step.allowed)),
        )


def _step(n: int, a: int, d: int, components: int, width: int) -> Step:
    return Step(
        actions=np.zeros(n, np.int64),
        allowed=np.ones((n, a), np.bool_),
        observations=zeros((n, d)),
        rewards=zeros(n),
        components=np.zeros((n, components)),
        terminated=np.zeros(n, np.bool_),
        truncated=np.zeros(n, np.bool_),
        values=zeros((2, n * width)),
        probabilities=zeros(a),
        moments=zeros((2, d)),
        peaks=zeros(d + 1),
    )


def _rollout(n: int, t: int, a: int, d: int) -> Rollout:
    return Rollout(
        observations=zeros((n, t, d)),
        actions=np.zeros((n, t), np.int64),
        allowed=np.ones((n, t, a), np.bool_),
        values=zeros((n, t)),
        log_probs=zeros((n, t)),
        advantages=zeros((n, t)),
        returns=zeros((n, t)),
        rewards=zeros((n, t)),
        starts=np.zeros((n, t), np.bool_),
    )
