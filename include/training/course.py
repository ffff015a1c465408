"""How a training has gone so far, and what a rule may decide about it; the rules themselves are in `rules.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.training.recorder import Update

_FIGURES = ("timestep", "policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction")


@dataclass(slots=True)
class Course:
    """A training up to its newest update; equal after a resume, so that a rule decides the same.

    Attributes
    ----------
    total_timesteps, timestep : int
        Environment steps in all, and done.
    learning_rate, ent_coef : float
        In force in the newest update.
    updates : list of Update
        Every update, oldest first.
    rewards : list of float or None
        Mean episode reward beside each update, None where no episode ended in its rollout.
    scores : list of (int, float)
        Step and total return of every validation round, oldest first.
    episodes : int
        Ended ones.
    """

    total_timesteps: int
    learning_rate: float
    ent_coef: float
    timestep: int = 0
    updates: list[Update] = field(default_factory=list)
    rewards: list[float | None] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)
    episodes: int = 0

    @property
    def is_validated(self) -> bool:
        """True when the newest update was followed by a validation round."""
        return bool(self.scores) and self.scores[-1][0] == self.timestep

    def add(self, update: Update, rewards: list[float]) -> None:
        """Take in an update and the rewards of the episodes that ended in its rollout."""
        self.timestep = update.timestep
        self.updates.append(update)
        self.rewards.append(sum(rewards) / len(rewards) if rewards else None)
        self.episodes += len(rewards)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the three lists as float64 arrays of one row per entry."""
        return {
            "course/updates": np.array(
                [[getattr(update, name) for name in _FIGURES] for update in self.updates], np.float64
            ).reshape(-1, len(_FIGURES)),
            "course/rewards": np.array([np.nan if reward is None else reward for reward in self.rewards], np.float64),
            "course/scores": np.array(self.scores, np.float64).reshape(-1, 2),
        }

    def fill(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take the lists back from what `arrays` gave."""
        self.updates = [Update(int(row[0]), *row[1:]) for row in arrays["course/updates"].tolist()]
        self.rewards = [None if reward != reward else reward for reward in arrays["course/rewards"].tolist()]
        self.scores = [(int(step), score) for step, score in arrays["course/scores"].tolist()]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule wants after an update.

    Attributes
    ----------
    stop : str or None
        Why the training ends here; None goes on.
    learning_rate, ent_coef : float or None
        From the next update on; None leaves the value.
    notes : tuple of str
        Lines for the daily summary, one per event, such as a lowered learning rate.
    """

    stop: str | None = None
    learning_rate: float | None = None
    ent_coef: float | None = None
    notes: tuple[str, ...] = ()
