"""The Gymnasium face of the one-minute agent."""

from typing import Any, Unpack

import numpy as np

from include.config.system import ShadowRewardConfig, SystemConfig
from include.core.errors import InvalidInputError
from include.environments.env import Episodes, Observation, TradingEnv
from include.environments.shadow.actions import N_ACTIONS
from include.environments.shadow.observation import PORTFOLIO_FEATURES, portfolio_features
from include.environments.shadow.rewards import ShadowRewards
from include.features.dataset import Dataset, Split


class ShadowEnv(TradingEnv):
    """Trade one perpetual long and short with the whole balance, seeing a window of closed candles.

    ## Action Space

    `Discrete(4)`: 0 HOLD, 1 BUY (open long), 2 SELL (open short), 3 CLOSE. A decision at the close of candle t
    is filled at the open of t+1. Buying or selling while in a position, and closing while flat, do nothing.

    ## Observation Space

    `Box(-10000, 10000, (k × lookback + 5,), float32)`, 305 with 15 features and a lookback of 20: the k market
    features of the candles t − lookback + 1 to t, oldest candle first, in the order of `DatasetInfo.features`; then
    the five of `include.environments.shadow.observation.PORTFOLIO_FEATURES`, over the initial balance.

    ## Rewards

    Sum of the five components of `ShadowRewards`, in percent of the initial balance times `reward.scaling`; net
    of fees and funding.

    ## Starting State

    A flat account of `account.initial_balance_usd`. Training (`deterministic=False`): a symbol, then a
    row of it, each equally likely, drawn from `self.np_random`. `deterministic=True`: the first row of the
    first symbol, always. A row is playable once `lookback` rows of the split stand in its window.
    `reset(options={"symbol": …, "start": row of the split})` fixes either.

    ## Account

    As `include.environments.phase4.account.Account` documents, without stop and take-profit: a trade's notional is
    `account.max_leverage` × balance, the fee is paid on both sides, known funding is charged, and a position
    whose margin is gone is liquidated.

    ## Episode End

    Terminated when the equity at a close has lost `account.ruin_drawdown` of the initial balance; an open
    position is then closed at that close with its costs. Truncated after `episode_length` steps, and at the last
    row before missing rows or the end of the split; a position stays open then.

    ## Information

    Every step: `equity`, `balance`, `total_pnl` (realised and unrealised; all USD), `win_rate` of the closed trades
    (None before the first), `total_trades`, `reward_components` (dict of the five). At the end also
    `episode_statistics`, as in phase4. `reset`: the same without the components, and symbol, open_time.

    ## Arguments

    system : SystemConfig
    dataset : Dataset
    split : "train", "validation" or "test"
    symbols : symbols to play, None for the system's
    deterministic : replay one path
    episode_length : steps; None is the system's, or with `deterministic` the whole unbroken run
    seed : seed of the first reset that gets none
    """

    def __init__(self, system: SystemConfig, dataset: Dataset, split: Split, **episodes: Unpack[Episodes]) -> None:
        self._reward_config = require_shadow(system)
        self._window = len(dataset.info.features) * system.lookback
        size = self._window + len(PORTFOLIO_FEATURES)
        super().__init__(system, dataset, split, actions=N_ACTIONS, observation_size=size, **episodes)

    def _begin(self) -> None:
        self._model = ShadowRewards(self._reward_config)
        self._seen = self._wins = 0

    def _reward(self, terminated: bool) -> tuple[float, dict[str, float]]:
        components = self._model.step(self._account, terminated)
        return sum(components), components._asdict()

    def _observe(self) -> Observation:
        observation = np.empty(self._window + len(PORTFOLIO_FEATURES), np.float32)
        after = self._row + 1
        observation[: self._window] = self._tape.features[after - self._lookback : after].ravel()
        observation[self._window :] = portfolio_features(self._account, self._track.max_drawdown)
        return observation

    def _facts(self) -> dict[str, Any]:
        account = self._account
        trades = len(account.trades)
        self._wins += sum(trade.net_usd > 0.0 for trade in account.trades[self._seen :])
        self._seen = trades
        return {
            "balance": account.balance,
            "total_pnl": account.equity - account.config.initial_balance_usd,
            "win_rate": self._wins / trades if trades else None,
            "total_trades": trades,
        }


def require_shadow(system: SystemConfig) -> ShadowRewardConfig:
    """Return the reward settings of `system`, which must be shadow's five components."""
    if not isinstance(system.reward, ShadowRewardConfig):
        raise InvalidInputError(
            f"`system` must have shadow's reward, was {system.name!r} with {type(system.reward).__name__}."
        )
    return system.reward
