"""One episode of an environment under given actions, and what the audit keeps of it."""

import math
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

# what environments call the mark-to-market value of the account; the first that `info` has counts
EQUITY_KEYS = ("equity", "portfolio_value", "portfolio_valuation", "net_worth", "total_asset")
# of the equity; what the rounding of a step may add or take
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Rollout:
    """An episode of n steps, or its beginning.

    Attributes
    ----------
    observations : list
        n + 1 observations, that of the reset first; empty unless asked for.
    equity : float64 (n + 1,)
        Mark-to-market value of the account, NaN where `info` does not tell.
    rewards : float64 (n,)
    infos : list of dict
        n of them.
    has_ended : bool
        The episode was terminated or truncated.
    is_terminal : bool
        It was terminated.
    """

    observations: list[Any]
    equity: NDArray[np.float64]
    rewards: NDArray[np.float64]
    infos: list[dict[str, Any]]
    has_ended: bool
    is_terminal: bool

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def changes(self) -> NDArray[np.float64]:
        """Change of the equity in each step (n,)."""
        return np.diff(self.equity)


def play(
    env: gymnasium.Env[Any, Any],
    actions: Iterable[Any],
    seed: int = 0,
    *,
    steps: int | None = None,
    observe: bool = False,
) -> Rollout:
    """Play `actions` until they or the episode end.

    Parameters
    ----------
    env : Env
        Environment.
    actions : iterable of actions
        Endless or not. A generator is sent whether the last step changed the equity.
    seed : int
        Seed of the reset.
    steps : int or None
        Limit.
    observe : bool
        Keep the observations.
    """
    observation, info = env.reset(seed=seed)
    observations = [observation]
    equity = [equity_of(info)]
    rewards: list[float] = []
    infos: list[dict[str, Any]] = []
    terminated = truncated = False
    source = iter(actions)
    while not (terminated or truncated) and len(rewards) != steps:
        try:
            if isinstance(source, Generator) and rewards:
                action = source.send(equity[-1] != equity[-2])
            else:
                action = next(source)
        except StopIteration:
            break
        observation, reward, terminated, truncated, info = env.step(action)
        if observe:
            observations.append(observation)
        equity.append(equity_of(info))
        rewards.append(float(reward))
        infos.append(info)
    return Rollout(
        observations if observe else [],
        np.array(equity),
        np.array(rewards),
        infos,
        bool(terminated or truncated),
        bool(terminated),
    )


def missing_equity(env: gymnasium.Env[Any, Any], actions: Iterable[Any], seed: int = 0) -> str | None:
    """Return what is missing of the equity in the `info` of the reset and the steps of `env`, or None.

    Parameters
    ----------
    env : Env
        Environment.
    actions : iterable of actions
        Played after the reset; without any the reset alone is looked at.
    seed : int
        Seed of the reset.
    """
    told = np.isfinite(play(env, actions, seed).equity).tolist()
    if all(told):
        return None
    where = "" if not any(told) else " of `step`" if told[0] else " of `reset`"
    return f"`info`{where} has no equity; looked for {', '.join(EQUITY_KEYS)}"


def equity_of(info: Mapping[str, Any]) -> float:
    """Return the account's value that `info` tells under one of `EQUITY_KEYS`, or NaN."""
    for key in EQUITY_KEYS:
        if key in info:
            return float(info[key])
    return math.nan
