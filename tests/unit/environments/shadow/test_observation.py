import pytest

from include.config.system import load_system
from include.environments.phase4.account import Account
from include.environments.shadow.actions import Action
from include.environments.shadow.observation import PORTFOLIO_FEATURES, portfolio_features
from tests.support.candles import candle


def features_of(account: Account, max_drawdown: float = 0.0) -> dict[str, float]:
    return dict(zip(PORTFOLIO_FEATURES, portfolio_features(account, max_drawdown), strict=True))


def played(*steps: tuple[Action, float]) -> Account:
    account = Account(load_system("shadow").account)
    for action, price in steps:
        account.play(action, 0.0, candle(price))
    return account


def test_a_flat_account_shows_its_balance_and_nothing_else():
    assert features_of(played()) == {
        "balance": 1.0, "unrealised_pnl": 0.0, "total_pnl": 0.0, "position": 0.0, "max_drawdown": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(("action", "side"), [(Action.BUY, 1.0), (Action.SELL, -1.0)])
def test_a_profit_is_positive_on_either_side(action, side):
    seen = features_of(played((action, 100.0), (Action.HOLD, 100.0 + side * 5.0)), 0.25)

    # one unit for 100 USD, and 4 basis points of fee
    assert seen["position"] == side
    assert seen["unrealised_pnl"] == pytest.approx(0.05)
    assert seen["balance"] == pytest.approx(1.0 - 0.0004)
    assert seen["total_pnl"] == pytest.approx(0.05 - 0.0004)
    assert seen["max_drawdown"] == 0.25


def test_a_closed_trade_stays_in_balance_and_total():
    seen = features_of(played((Action.BUY, 100.0), (Action.CLOSE, 110.0)))

    assert seen["unrealised_pnl"] == seen["position"] == 0.0
    assert seen["balance"] == pytest.approx(1.1 - 0.0004 * 2.1)
    assert seen["total_pnl"] == pytest.approx(seen["balance"] - 1.0)


def test_figures_stay_inside_the_bounds_of_the_space():
    account = played()
    account.balance = account.equity = 1e9

    assert features_of(account, 1.5)["balance"] == 10_000.0
    assert features_of(account, 1.5)["max_drawdown"] == 1.0
