"""Play a policy on every path of a market at once, on the batch face, and say what it won before and after costs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.config.system import SystemConfig
from include.environments.make import make_batch
from include.features.dataset import Dataset, Split

Values = NDArray[np.float64]
Act = Callable[[NDArray[np.float32]], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Played:
    """What each of n episodes left, in percent of its initial balance.

    Attributes
    ----------
    net : float64 (n,)
        Change of the equity.
    gross : float64 (n,)
        The same before fees, slippage and funding.
    trades : float64 (n,)
        Closed trades.
    """

    net: Values
    gross: Values
    trades: Values

    @property
    def mean_net(self) -> float:
        """Mean net profit of an episode, percent."""
        return float(self.net.mean())


def standard_error(values: Values) -> float:
    """Return the standard error of the mean of independent `values`."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


class Arena:
    """All episodes of a market: each path cut into pieces of the system's episode length, all played together.

    Parameters
    ----------
    system : SystemConfig
        Account and length of an episode.
    dataset : Dataset
        Market whose `split` holds whole episodes.
    split : {"train", "validation", "test"}
        Which split.
    """

    def __init__(self, system: SystemConfig, dataset: Dataset, split: Split) -> None:
        length = system.episode_length
        rows = dataset.split(split)
        self._options = [
            {"symbol": name, "start": start}
            for name, series in rows.items()
            for start in range(0, len(series) - length, length)
        ]
        self._balance = system.account.initial_balance_usd
        self._length = length
        self._batch = make_batch(system, dataset, split, len(self._options), purpose="evaluation", seed=0)

    def __len__(self) -> int:
        return len(self._options)

    def play(self, act: Act) -> Played:
        """Return what `act`, from observations (n, d) to actions (n,), wins in every episode."""
        observations = self._batch.reset(options=self._options)
        left = np.full((len(self), 3), np.nan)
        for _ in range(self._length):
            observations = self._batch.step(act(observations)).observations
            for end in self._batch.ends:
                if np.isnan(left[end.env, 0]):
                    paid = float(end.statistics["costs"] or 0.0) + float(end.statistics["funding"] or 0.0)
                    net = end.equity - self._balance
                    left[end.env] = net, net + paid, end.statistics["trades"]
        percent = left[:, :2] * 100.0 / self._balance
        return Played(percent[:, 0], percent[:, 1], left[:, 2])
