"""Observation normalisation as a trained policy carries it: the frozen state of SB3's VecNormalize.

Updating the statistics belongs to the engine that trains.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.core.errors import IntegrityError
from include.core.files import read_json


@dataclass(frozen=True)
class Normalizer:
    """Running statistics at one timestep.

    Attributes
    ----------
    mean, variance : float64 (d,)
        Of the observations.
    count : float
        Observations behind them.
    return_mean, return_variance, return_count : float
        Of the discounted return, for training only.
    clip, reward_clip, epsilon, gamma : float
        Constants of VecNormalize.
    is_active : bool
        False when observations pass unchanged.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    count: float
    return_mean: float
    return_variance: float
    return_count: float
    clip: float
    reward_clip: float
    epsilon: float
    gamma: float
    is_active: bool

    def apply(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the normalised observations, float32 of the same shape, exactly as VecNormalize does."""
        if not self.is_active:
            return observations
        scaled = (observations - self.mean) / np.sqrt(self.variance + self.epsilon)
        return np.clip(scaled, -self.clip, self.clip).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON document from which `from_json` restores every bit."""
        return {
            "observations": {"mean": self.mean.tolist(), "variance": self.variance.tolist(), "count": self.count},
            "returns": {"mean": self.return_mean, "variance": self.return_variance, "count": self.return_count},
            "clip": self.clip,
            "reward_clip": self.reward_clip,
            "epsilon": self.epsilon,
            "gamma": self.gamma,
            "is_active": self.is_active,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Normalizer":
        """Return the normaliser that `to_json` described."""
        observations, returns = document["observations"], document["returns"]
        return cls(
            mean=np.array(observations["mean"], dtype=np.float64),
            variance=np.array(observations["variance"], dtype=np.float64),
            count=observations["count"],
            return_mean=returns["mean"],
            return_variance=returns["variance"],
            return_count=returns["count"],
            clip=document["clip"],
            reward_clip=document["reward_clip"],
            epsilon=document["epsilon"],
            gamma=document["gamma"],
            is_active=document["is_active"],
        )


def read_normalizer(source: Path) -> Normalizer:
    """Return the normaliser in the JSON file `source`."""
    try:
        return Normalizer.from_json(read_json(source))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"`{source}` is not a normaliser: {error!r}") from error
