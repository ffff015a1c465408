"""A trained policy for inference: free of torch, deterministic, built from safetensors, never unpickled.

How it decides is in `include/evaluation/network.py`. Training does not belong here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from include.core.errors import IntegrityError, InvalidInputError
from include.evaluation.network import Layer, Network
from include.features.dataset import DatasetInfo
from include.training.artifacts import (
    BEST,
    FINAL,
    Architecture,
    ModelFiles,
    ModelState,
    Parameters,
    read_parameters,
    verify_model,
)
from include.training.normalizer import Normalizer, read_normalizer
from include.training.runs import read_run

Which = Literal["best", "final"]
_FILES: dict[str, ModelFiles] = {"best": BEST, "final": FINAL}
_SHOWN = 8


@dataclass(frozen=True)
class Policy:
    """An MLP policy with its normalisation.

    Attributes
    ----------
    layers : tuple of (weight (out, in), bias (out,)), float32
        Hidden layers of the policy net, then the action layer.
    normalizer : Normalizer
        Applied to every observation.
    sha256 : str
        Identity of the parameters.
    features, inactive_features
        Columns the policy was trained on, in order; those that were constant 0, with the reason.
    run_id : str
        The run it comes from.
    timestep : int
        Environment steps behind it.
    """

    layers: tuple[Layer, ...]
    normalizer: Normalizer
    sha256: str
    features: tuple[str, ...]
    inactive_features: dict[str, str]
    run_id: str
    timestep: int

    @property
    def observation_size(self) -> int:
        """Length of an observation."""
        return self.network.observation_size

    @cached_property
    def network(self) -> Network:
        """What decides: layers behind the normalisation, as a backtest plays it."""
        normalizer = self.normalizer
        if not normalizer.is_active:
            size = len(normalizer.mean)
            return Network(self.layers, np.zeros(size), np.ones(size), math.inf)
        deviation = np.sqrt(normalizer.variance + normalizer.epsilon)
        return Network(self.layers, normalizer.mean, deviation, normalizer.clip)

    def predict(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the most probable action of each observation.

        Parameters
        ----------
        observations : float32 (n, d)
            Raw observations, as the environment gives them.

        Returns
        -------
        int64 (n,)
            What stock `PPO.load(zip).predict(normalised, deterministic=True)` returns.
        """
        return self.network.predict(observations)


def load_policy(run_folder: Path, which: Which = "best") -> Policy:
    """Return the best or the final policy of a run.

    Raises
    ------
    MissingInputError
        The run or the model does not exist.
    IntegrityError
        A file differs from its checksum, or the tensors do not have the recorded shape.
    """
    if which not in _FILES:
        raise InvalidInputError(f"`which` must be one of {', '.join(_FILES)}, was {which!r}.")
    files, info = _FILES[which], read_run(run_folder)
    manifest = verify_model(run_folder, files)
    layers = policy_layers(read_parameters(run_folder / files.tensors), manifest.architecture)
    normalizer = read_normalizer(run_folder / files.normalizer)
    if info.observation_size != manifest.architecture.observation_size or manifest.run_id != info.run_id:
        raise IntegrityError(
            f"`{files.manifest}` must belong to run {info.run_id} with {info.observation_size} inputs, "
            f"was of {manifest.run_id} with {manifest.architecture.observation_size}."
        )
    return Policy(
        layers,
        normalizer,
        manifest.parameters_sha256,
        info.features,
        info.inactive_features,
        info.run_id,
        manifest.timestep,
    )


def policy_of(state: ModelState, features: Sequence[str], inactive: dict[str, str], run_id: str) -> Policy:
    """Return the policy of a model in training, as `load_policy` would return it once saved."""
    layers = policy_layers(state.parameters, state.architecture)
    return Policy(layers, state.normalizer, state.sha256, tuple(features), inactive, run_id, state.timestep)


def policy_layers(parameters: Parameters, architecture: Architecture) -> tuple[Layer, ...]:
    """Return the layers from observation to action logits, out of SB3's MlpPolicy tensors."""
    if architecture.activation != "tanh":
        raise IntegrityError(f"`activation` must be tanh, was {architecture.activation!r}.")
    names = [f"mlp_extractor.policy_net.{2 * i}" for i in range(len(architecture.hidden))] + ["action_net"]
    widths = (architecture.observation_size, *architecture.hidden, architecture.actions)
    return tuple(_layer(parameters, name, shape) for name, shape in zip(names, pairwise(widths), strict=True))


def require_features(policy: Policy, info: DatasetInfo) -> None:
    """Refuse a dataset whose feature columns, their order or their inactive ones are not the policy's.

    Raises
    ------
    InvalidInputError
        Names the columns that are missing, unexpected, in another order, or inactive on one side only.
    """
    missing = [name for name in policy.features if name not in info.features]
    unexpected = [name for name in info.features if name not in policy.features]
    differences = _named("missing", missing) + _named("unexpected", unexpected)
    if not differences and policy.features != info.features:
        moved = [ours for ours, theirs in zip(policy.features, info.features, strict=True) if ours != theirs]
        differences = _named("in another place", moved)
    inactive = set(policy.inactive_features) ^ set(info.inactive_features)
    differences += _named("inactive on one side only", sorted(inactive))
    if differences:
        raise InvalidInputError(
            f"`dataset` {info.id} must have the {len(policy.features)} features of run {policy.run_id}, "
            f"was different: {'; '.join(differences)}. Hint: train on this dataset, or evaluate on the run's own."
        )


def _layer(parameters: Parameters, name: str, shape: tuple[int, int]) -> Layer:
    inputs, outputs = shape
    try:
        weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    except KeyError as error:
        raise IntegrityError(f"The policy must have tensor {error}, was {sorted(parameters)}.") from error
    if weight.shape != (outputs, inputs) or bias.shape != (outputs,):
        raise IntegrityError(f"Tensor `{name}` must have shape {(outputs, inputs)}, was {weight.shape}.")
    return weight, bias


def _named(what: str, names: Iterable[str]) -> list[str]:
    listed = list(names)
    if not listed:
        return []
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return [f"{what}: {', '.join(listed[:_SHOWN])}{more}"]
