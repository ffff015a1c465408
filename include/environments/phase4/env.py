"""The Gymnasium face of the crypto futures agent."""

from typing import Unpack

import numpy as np

from include.config.system import RewardConfig, SystemConfig
from include.core.errors import InvalidInputError
from include.environments.env import Episodes, Observation, TradingEnv
from include.environments.phase4.actions import N_ACTIONS
from include.environments.phase4.observation import ACCOUNT_FEATURES, account_features
from include.environments.phase4.rewards import RewardModel
from include.features.dataset import Dataset, Split


class Phase4Env(TradingEnv):
    """Trade one perpetual with one position at a time, from closed candles.

    ## Action Space

    `Discrete(5)`: 0 HOLD, 1 OPEN_LONG, 2 OPEN_SHORT, 3 CLOSE_POSITION, 4 REDUCE_50_PERCENT. A decision
    at the close of candle t is filled at the open of t+1. Opening while in a position, closing or
    reducing while flat, and opening without a positive ATR are invalid: nothing is traded.

    ## Observation Space

    `Box(-10000, 10000, (k + 10,), float32)`: the k market features of the dataset at the close of candle
    t, in the order of `DatasetInfo.features`, then the ten of
    `include.environments.phase4.observation.ACCOUNT_FEATURES`, scaled as `account_features` documents.

    ## Rewards

    Sum of the four weighted components of `RewardModel`, clipped to ±`reward.clip`; unit: percentage
    points of the equity at the entry of the trade, net of fees, slippage and funding.

    ## Starting State

    A flat account of `account.initial_balance_usd`. Training (`deterministic=False`): a symbol, then a
    row of it, each equally likely, drawn from `self.np_random`. `deterministic=True`: the first row of the
    first symbol, always. `reset(options={"symbol": …, "start": row of the split})` fixes either.

    ## Account

    As `include.environments.phase4.account.Account` documents: size by risk and leverage, fees, slippage,
    funding, stop, take-profit, liquidation.

    ## Episode End

    Terminated when the equity at a close has lost `account.ruin_drawdown` of the initial balance (bankruptcy
    included); an open position is then closed at that close with its costs. Truncated after
    `episode_length` steps, and at the last row before missing rows or the end of the split; a position
    stays open then, its value is in the observation.

    ## Information

    Every step: `equity` (USD), `reward_components` (dict of the four). At the end also
    `episode_statistics`: trades, win_rate, profit_factor, sharpe (annualised), max_drawdown, costs (fees and
    slippage, USD), funding (USD paid), steps; an undefined figure is None. `reset`: equity, symbol, open_time.

    ## Arguments

    system : SystemConfig
    dataset : Dataset
    split : "train", "validation" or "test"
    symbols : symbols to play, None for all that have rows in the split
    deterministic : replay one path
    episode_length : steps; None is the system's, or with `deterministic` the whole unbroken run
    seed : seed of the first reset that gets none
    """

    def __init__(self, system: SystemConfig, dataset: Dataset, split: Split, **episodes: Unpack[Episodes]) -> None:
        self._reward_config = require_phase4(system)
        self._market_count = len(dataset.info.features)
        size = self._market_count + len(ACCOUNT_FEATURES)
        super().__init__(system, dataset, split, actions=N_ACTIONS, observation_size=size, **episodes)

    def _begin(self) -> None:
        self._model = RewardModel(self._reward_config, self.system.training.gamma)

    def _reward(self, terminated: bool) -> tuple[float, dict[str, float]]:
        components = self._model.step(self._account, self._track.drawdown, terminated)
        return self._model.total(components), components._asdict()

    def _observe(self) -> Observation:
        observation = np.empty(self._market_count + len(ACCOUNT_FEATURES), np.float32)
        tape, row = self._tape, self._row
        observation[: self._market_count] = tape.features[row]
        observation[self._market_count :] = account_features(
            self._account, self._track, tape.candles[row].close, tape.stress[row]
        )
        return observation


def require_phase4(system: SystemConfig) -> RewardConfig:
    """Return the reward settings of `system`, which must be phase4's: one candle, a stop, four components."""
    if not isinstance(system.reward, RewardConfig) or system.account.stop_atr is None or system.lookback != 1:
        raise InvalidInputError(
            f"`system` must have phase4's reward, a stop and a lookback of 1, was {system.name!r} with "
            f"{type(system.reward).__name__}, stop_atr {system.account.stop_atr}, lookback {system.lookback}."
        )
    return system.reward
