"""The portfolio part of shadow's observation.

The window of market features comes from the dataset; computing them does not belong here.
"""

from include.environments.phase4.account import Account
from include.environments.phase4.tape import OBSERVATION_BOUND

PORTFOLIO_FEATURES = ("balance", "unrealised_pnl", "total_pnl", "position", "max_drawdown")


def portfolio_features(account: Account, max_drawdown: float) -> tuple[float, ...]:
    """Return the five portfolio features, in the order of `PORTFOLIO_FEATURES`.

    Parameters
    ----------
    account : Account
        After the candle.
    max_drawdown : float
        Deepest fall of the episode's equity, positive fraction of its peak.

    Returns
    -------
    tuple of 5 float, all finite
        - balance / initial balance
        - unrealised PnL / initial balance, positive when the position gains, long or short
        - total PnL (realised and unrealised) / initial balance
        - position: −1, 0 or 1
        - max drawdown, 0 to 1
    """
    initial, quantity = account.config.initial_balance_usd, account.quantity
    return (
        _bounded(account.balance / initial),
        _bounded((account.equity - account.balance) / initial),
        _bounded((account.equity - initial) / initial),
        1.0 if quantity > 0.0 else -1.0 if quantity < 0.0 else 0.0,
        min(1.0, max_drawdown),
    )


def _bounded(value: float) -> float:
    return max(-OBSERVATION_BOUND, min(OBSERVATION_BOUND, value))
