"""The four named reward components of phase4.

Unit: percentage points of the equity at the entry of the trade. A flat account that does nothing
earns exactly 0; there is no bonus for staying out, for the number of trades or for R multiples.
"""

from typing import NamedTuple

from include.config.system import RewardConfig
from include.environments.phase4.account import Account


class RewardComponents(NamedTuple):
    """Weighted components; the reward is their sum, clipped."""

    r_pnl: float
    r_hold_bonus: float
    r_invalid_action: float
    r_out_of_market: float


class RewardModel:
    """Rewards of one episode.

    - `r_pnl`: what the step booked, 100 × (realised PnL − fees − funding) / entry equity; slippage is
      in the fill prices. An entry fee and each funding payment count in the step that pays them.
    - `r_hold_bonus`: γΦ(s′) − Φ(s), Φ = 100 × unrealised PnL / entry equity.
    - `r_invalid_action`: the penalty when the action was invalid.
    - `r_out_of_market`: γΨ(s′) − Ψ(s), Ψ = drawdown_weight × 100 × (drawdown − drawdown_threshold),
      only beyond the threshold and only in a position.

    Φ and Ψ of a terminal state are 0. Shaping by potentials changes no optimal policy: Ng, Harada
    and Russell, "Policy invariance under reward transformations", ICML 1999.

    Parameters
    ----------
    config : RewardConfig
        Weights and constants.
    gamma : float
        Discount of the training, γ.
    """

    __slots__ = ("_config", "_gamma", "_phi", "_psi")

    def __init__(self, config: RewardConfig, gamma: float) -> None:
        self._config = config
        self._gamma = gamma
        self._phi = self._psi = 0.0

    def step(self, account: Account, drawdown: float, is_terminal: bool) -> RewardComponents:
        """Return the weighted components of the step that `account` has just played.

        Parameters
        ----------
        account : Account
            After the step.
        drawdown : float
            Equity drawdown after the step, positive fraction of the episode's peak.
        is_terminal : bool
            The step ended the episode for good; truncation does not.
        """
        config, gamma = self._config, self._gamma
        phi = psi = 0.0
        if account.quantity != 0.0 and not is_terminal:
            phi = 100.0 * (account.equity - account.balance) / account.entry_equity
            psi = config.drawdown_weight * 100.0 * max(0.0, drawdown - config.drawdown_threshold)
        components = RewardComponents(
            config.r_pnl * 100.0 * account.booked_usd / account.entry_equity,
            config.r_hold_bonus * (gamma * phi - self._phi),
            config.r_invalid_action * config.invalid_action_penalty if account.is_refused else 0.0,
            config.r_out_of_market * (gamma * psi - self._psi),
        )
        self._phi, self._psi = phi, psi
        return components

    def total(self, components: RewardComponents) -> float:
        """Return the sum of `components` clipped to ±clip."""
        clip = self._config.clip
        return max(-clip, min(clip, sum(components)))
