"""What an engine is: one PPO training in memory, driven rollout by rollout; whoever drives it does not belong here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.features.dataset import Dataset
from include.training.artifacts import ModelState
from include.training.recorder import Episode, Update


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A training at a rollout boundary, complete: what is restored from it goes on bit for bit.

    Attributes
    ----------
    arrays : dict of arrays
        Parameters, optimizer moments, normalisation, environments, last observations, random states.
    meta : dict
        Counters and the rest, as JSON values.
    """

    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rollout and its update left: `timestep` after it, the episodes that ended in it, the update's means."""

    timestep: int
    episodes: tuple[Episode, ...]
    update: Update


class Trainer(Protocol):
    """One PPO training in memory."""

    @property
    def timestep(self) -> int:
        """Environment steps done."""

    def advance(self) -> Outcome:
        """Collect one rollout (`n_steps` of each environment) and update the policy on it.

        Raises
        ------
        DivergedError
            An observation, reward, loss or parameter is NaN, infinite or absurdly large.
        """

    def adjust(self, *, learning_rate: float | None = None, ent_coef: float | None = None) -> None:
        """Change a coefficient from the next update on; None leaves it."""

    def model(self) -> ModelState:
        """Return the model as it is now."""

    def snapshot(self) -> Snapshot:
        """Return the whole state at this rollout boundary."""

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from `snapshot`, which the same engine took of the same system and dataset."""


Engine = Callable[[SystemConfig, Dataset], Trainer]
