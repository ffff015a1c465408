"""The networks of a training with their optimizer; the kernels that update them are in `update.py`."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.config.system import TrainingConfig
from include.evaluation.kernels.memory import zeros
from include.training.artifacts import Parameters
from include.training.fused.adam import Moments
from include.training.fused.layout import Layout
from include.training.fused.loss import APPROX_KL, FIGURES, Coefficients, Samples
from include.training.fused.update import Workspace, update

Floats = NDArray[np.float32]


class Learner:
    """Actor and critic, and Adam.

    Parameters
    ----------
    layout : Layout
        Of the networks.
    training : TrainingConfig
        Coefficients and the size of a minibatch.
    parameters : dict of float32 arrays
        To start with, named as stable-baselines3 names them.

    Attributes
    ----------
    networks : float32 (2, p)
        Actor and critic.
    coefficients : Coefficients
        In force from the next update on.
    steps : int
        Adam's steps so far.
    """

    def __init__(self, layout: Layout, training: TrainingConfig, parameters: Parameters) -> None:
        self._layout = layout
        self._layers = layout.layers.table
        self._batch_size = training.batch_size
        self.networks = layout.pack(parameters)
        self._moments = Moments(zeros(2 * layout.layers.size), zeros(2 * layout.layers.size))
        self.steps = 0
        self._work = Workspace(
            values=zeros((2, training.batch_size * layout.layers.width)),
            deltas=zeros((2, training.batch_size * layout.layers.width)),
            transposed=zeros(layout.layers.largest_hidden),
            gradient=zeros((2, layout.layers.size)),
            probabilities=zeros(layout.actions),
        )
        self.coefficients = Coefficients(
            learning_rate=training.learning_rate,
            clip_range=training.clip_range,
            ent_coef=training.ent_coef,
            vf_coef=training.vf_coef,
            max_grad_norm=training.max_grad_norm,
            weight_decay=training.weight_decay,
            target_kl=math.inf if training.target_kl is None else training.target_kl,
        )

    @property
    def parameters(self) -> Parameters:
        """A copy of all parameters, named as stable-baselines3 names them."""
        return self._layout.unpack(self.networks)

    @property
    def moments(self) -> tuple[Parameters, Parameters]:
        """Copies of Adam's means of the gradient and of its square, named like the parameters."""
        mean, square = (self._layout.unpack(moment.reshape(self.networks.shape)) for moment in self._moments)
        return mean, square

    def update(self, samples: Samples, permutations: NDArray[np.int64]) -> NDArray[np.float64]:
        """Update the networks on a rollout.

        Parameters
        ----------
        samples : Samples
            Of the rollout, n.
        permutations : int64 (epochs, n)
            Order of the samples in each epoch.

        Returns
        -------
        float64 (FIGURES,)
            Means over all minibatches, the KL divergence over those of the last epoch, as stable-baselines3 reports.
        """
        epochs, n = permutations.shape
        figures = np.zeros((epochs * -(-n // self._batch_size), FIGURES))
        done, first, self.steps = update(
            self.networks,
            self._layers,
            self._moments,
            samples,
            permutations,
            self._batch_size,
            self.coefficients,
            self.steps,
            self._work,
            figures,
        )
        means: NDArray[np.float64] = figures[:done].mean(axis=0)
        means[APPROX_KL] = figures[first:done, APPROX_KL].mean()
        return means

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Return copies of the networks and of Adam's means."""
        return {name: array.copy() for name, array in self._state().items()}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take back what `snapshot` gave."""
        for name, array in self._state().items():
            array[...] = arrays[name]

    def _state(self) -> dict[str, NDArray[Any]]:
        moments = {f"adam/{name}": array for name, array in self._moments._asdict().items()}
        return {"networks": self.networks, **moments}
