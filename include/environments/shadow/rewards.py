"""The five named reward components of shadow.

Unit: percent of the initial balance, times `scaling`, all five alike.
"""

from typing import NamedTuple

from include.config.system import ShadowRewardConfig
from include.environments.phase4.account import Account


class ShadowComponents(NamedTuple):
    """Weighted and scaled components; the reward is their sum."""

    r_realised: float
    r_unrealised: float
    r_losing_position: float
    r_inactivity: float
    r_ruin: float


class ShadowRewards:
    """Rewards of one episode.

    - `r_realised`: realised_weight × what the step booked (PnL − fees − funding), wins and losses alike.
    - `r_unrealised`: unrealised_weight × the change of the unrealised PnL; over a trade it adds up to 0.
    - `r_losing_position`: losing_weight × what the open loss exceeds `losing_threshold` by, each step.
    - `r_inactivity`: the penalty of each step that follows `inactivity_candles` steps without a fill,
      in a position or not: neither staying flat nor staying in is paid for.
    - `r_ruin`: the penalty when the episode ends with half of the balance lost.

    Parameters
    ----------
    config : ShadowRewardConfig
        Weights and constants.
    """

    __slots__ = ("_config", "_idle", "_traded", "_unrealised")

    def __init__(self, config: ShadowRewardConfig) -> None:
        self._config = config
        self._unrealised = self._traded = 0.0
        self._idle = 0

    def step(self, account: Account, is_terminal: bool) -> ShadowComponents:
        """Return the weighted components of the step that `account` has just played.

        Parameters
        ----------
        account : Account
            After the step.
        is_terminal : bool
            The step ended the episode for good; truncation does not.
        """
        config, percent = self._config, 100.0 / account.config.initial_balance_usd
        scaling = config.scaling
        unrealised = percent * (account.equity - account.balance)
        self._idle = 0 if account.traded_usd != self._traded else self._idle + 1
        excess = max(0.0, -unrealised - 100.0 * config.losing_threshold)
        components = ShadowComponents(
            scaling * (config.realised_weight * (percent * account.booked_usd)),
            scaling * (config.unrealised_weight * (unrealised - self._unrealised)),
            scaling * (config.losing_weight * excess),
            scaling * config.inactivity_penalty if self._idle > config.inactivity_candles else 0.0,
            scaling * config.ruin_penalty if is_terminal else 0.0,
        )
        self._unrealised, self._traded = unrealised, account.traded_usd
        return components
