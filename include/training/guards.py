"""The guards of every engine: NaN, infinity and absurd magnitudes end a training, with the column named.

What is merely bad (a falling reward, a high KL divergence) is judged in `watch.py` and `rules.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.core.errors import DivergedError
from include.features.dataset import DatasetInfo
from include.training.recorder import Update

_SLOWER = "Hint: reduce `learning_rate` (preset diverging)."


class Guard:
    """Refuse what no healthy training produces.

    Parameters
    ----------
    system : SystemConfig
        `alerts.absurd_magnitude` is the largest absolute value of anything; `lookback` names the columns.
    info : DatasetInfo
        Names of the market's columns.
    """

    def __init__(self, system: SystemConfig, info: DatasetInfo) -> None:
        self._limit = system.alerts.absurd_magnitude
        self._lookback = system.lookback
        self._features = info.features

    def observations(self, values: NDArray[Any], timestep: int) -> None:
        """Refuse raw observations, any shape whose last axis is the columns, met at or before `timestep`."""
        if not self._is_sound(values):
            rows = np.reshape(values, (-1, np.shape(values)[-1]))
            row, column = np.argwhere(~(np.abs(rows) <= self._limit))[0].tolist()
            raise DivergedError(
                f"Observations must be finite and at most {self._limit:g}, `{self._column(column)}` was "
                f"{rows[row, column]} at step {timestep:,}. Hint: check this feature in the dataset."
            )

    def rewards(self, values: NDArray[Any], timestep: int) -> None:
        """Refuse rewards, any shape, met at or before `timestep`."""
        if not self._is_sound(values):
            worst = np.ravel(values)[~(np.abs(np.ravel(values)) <= self._limit)][0]
            raise DivergedError(
                f"Rewards must be finite and at most {self._limit:g}, was {worst} at step {timestep:,}. "
                "Hint: check the reward weights and the clip in the system's configuration."
            )

    def update(self, update: Update, parameters: Mapping[str, NDArray[Any]]) -> None:
        """Refuse the figures of an update, or the parameters that it left."""
        figures = {name: getattr(update, name) for name in ("policy_loss", "value_loss", "entropy", "approx_kl")}
        broken = [f"`{name}` was {value}" for name, value in figures.items() if not abs(value) <= self._limit]
        broken += [f"parameter `{name}` held {_worst(parameters[name])}" for name in self._unsound(parameters)]
        if broken:
            raise DivergedError(
                f"Losses and parameters must be finite and at most {self._limit:g}, "
                f"{', '.join(broken)} after the update at step {update.timestep:,}. {_SLOWER}"
            )

    def _unsound(self, parameters: Mapping[str, NDArray[Any]]) -> Iterable[str]:
        return (name for name, tensor in parameters.items() if not self._is_sound(tensor))

    def _is_sound(self, values: NDArray[Any]) -> bool:
        # NaN compares false, so one reduction answers for NaN, infinity and size
        return bool(np.max(np.abs(values), initial=0.0) <= self._limit)

    def _column(self, column: int) -> str:
        k = len(self._features)
        if column >= k * self._lookback:
            return f"account feature {column - k * self._lookback}"
        age = self._lookback - 1 - column // k
        return self._features[column % k] + (f", {age} candles ago" if age else "")


def exploded(timestep: int) -> DivergedError:
    """Return the error of an update that broke off because the parameters became NaN."""
    return DivergedError(f"Parameters became NaN or infinite in the update at step {timestep:,}. {_SLOWER}")


def _worst(tensor: NDArray[Any]) -> float:
    return float(tensor.ravel()[np.argmax(np.abs(tensor))])
