"""The record of a running training: its CSV logs and TensorBoard, whatever engine trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from include.training.logs import (
    ALERTS,
    CONVERGENCE,
    DAILY_SUMMARY,
    EPISODES,
    TENSORBOARD,
    UPDATES,
    VALIDATION,
    LogWriter,
    append_line,
    read_log,
)

if TYPE_CHECKING:
    from include.training.scoring import ValidationScore


@dataclass(frozen=True, slots=True)
class Episode:
    """One ended episode.

    Attributes
    ----------
    timesteps : int
        Environment steps of the training when it ended.
    reward : float
        Sum of the weighted reward components, neither normalised nor clipped.
    length : int
        Steps.
    statistics : mapping
        `episode_statistics` of the environment; an undefined figure is None.
    learning_rate : float
        In force when it ended.
    """

    timesteps: int
    reward: float
    length: int
    statistics: Mapping[str, float | None]
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Update:
    """Means over one policy update; `approx_kl` over its last epoch, as stable-baselines3 reports it."""

    timestep: int
    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clip_fraction: float


class Recorder:
    """Write a training's log files; every row is flushed as it comes.

    Parameters
    ----------
    folder : Path
        The run's `logs` folder.
    resumed_at : int or None
        Rollout boundary at which a training goes on; its logs are already cut back to it. None starts anew.
    """

    def __init__(self, folder: Path, resumed_at: int | None = None) -> None:
        # pages and checks read what this module defines, and import no torch for it
        from torch.utils.tensorboard import SummaryWriter

        is_resumed = resumed_at is not None
        self._convergence = LogWriter(folder, CONVERGENCE, is_resumed=is_resumed)
        self._updates = LogWriter(folder, UPDATES, is_resumed=is_resumed)
        self._episodes = LogWriter(folder, EPISODES, is_resumed=is_resumed)
        self._validation = LogWriter(folder, VALIDATION, is_resumed=is_resumed)
        # TensorBoard's files cannot be cut: it is told to hide what comes after
        purge = None if resumed_at is None else resumed_at + 1
        self._tensorboard = SummaryWriter(str(folder / TENSORBOARD), purge_step=purge)
        self._count = len(read_log(folder, EPISODES)["episode"])
        self._rewards: list[float] = []
        for name in (DAILY_SUMMARY, ALERTS):
            append_line(folder, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def mean_reward(self) -> float | None:
        """Mean reward of the episodes that ended since the last update, None without any."""
        return sum(self._rewards) / len(self._rewards) if self._rewards else None

    def episode(self, episode: Episode) -> None:
        """Record an ended episode."""
        self._count += 1
        self._rewards.append(episode.reward)
        figures = episode.statistics
        self._episodes.write(
            {
                "episode": self._count,
                "timesteps": episode.timesteps,
                "reward": episode.reward,
                "length": episode.length,
                "win_rate": figures.get("win_rate"),
                "profit_factor": figures.get("profit_factor"),
                "sharpe": figures.get("sharpe"),
                "max_dd": figures.get("max_drawdown"),
                "lr": episode.learning_rate,
            }
        )
        self._scalars(episode.timesteps, {"episode_reward": episode.reward, "episode_length": episode.length})

    def update(self, update: Update) -> None:
        """Record a policy update and the mean reward of the episodes since the last one."""
        self._convergence.write(
            {
                "timestep": update.timestep,
                "reward": self.mean_reward,
                "kl_divergence": update.approx_kl,
                "value_loss": update.value_loss,
                "policy_entropy": update.entropy,
            }
        )
        values = {name: getattr(update, name) for name in UPDATES.columns if name != "timestep"}
        self._updates.write({"timestep": update.timestep, **values})
        self._scalars(update.timestep, values)
        self._tensorboard.flush()
        self._rewards.clear()

    def validation(self, timestep: int, score: "ValidationScore") -> None:
        """Record a validation round."""
        metrics = score.metrics.values()
        figures = {name: metrics[name] for name in VALIDATION.columns if name in metrics}
        self._validation.write({"timestep": timestep, "gates_passed": score.gates_passed, **figures})
        defined = {name: value for name, value in figures.items() if value is not None}
        self._scalars(timestep, {f"validation/{name}": value for name, value in defined.items()})
        self._tensorboard.flush()

    def close(self) -> None:
        """Close all files."""
        for log in (self._convergence, self._updates, self._episodes, self._validation):
            log.close()
        self._tensorboard.close()

    def _scalars(self, timestep: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._tensorboard.add_scalar(name, value, timestep)
