import pytest

from include.config.system import load_system
from include.environments.phase4.account import Account
from include.environments.phase4.actions import Action
from include.environments.phase4.rewards import RewardComponents, RewardModel
from tests.support.candles import candle, phase4

REWARD = load_system("phase4").reward
GAMMA = 0.9


def free_account() -> Account:
    return Account(phase4(fee_bps=0.0, slippage_bps=0.0).account)


def test_a_flat_account_that_holds_earns_nothing_even_in_drawdown():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.HOLD, 2.0, candle())

    assert model.step(account, drawdown=0.3, is_terminal=False) == (0.0, 0.0, 0.0, 0.0)


def test_booked_profit_counts_in_percent_of_the_equity_at_entry():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0))
    model.step(account, 0.0, is_terminal=False)

    account.play(Action.REDUCE_50_PERCENT, 2.0, candle(103.0))

    # half of 66.67 units won 3 each: 100 of 10,000 USD
    assert model.step(account, 0.0, is_terminal=False).r_pnl == pytest.approx(1.0)


def test_entry_costs_and_funding_count_in_the_step_that_pays_them():
    account, model = Account(phase4().account), RewardModel(REWARD, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0, at_close=0.001))

    paid = 200 / 3 * (100.02 * 0.0005 + 100.0 * 0.001)
    assert model.step(account, 0.0, is_terminal=False).r_pnl == pytest.approx(-100 * paid / 10_000)


def test_the_hold_bonus_is_the_discounted_change_of_the_open_profit():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0, high=101.5, close=101.5))
    first = model.step(account, 0.0, is_terminal=False)

    account.play(Action.HOLD, 2.0, candle(101.5, high=103.0, close=103.0))
    second = model.step(account, 0.0, is_terminal=False)

    assert first.r_hold_bonus == pytest.approx(GAMMA * 1.0)
    assert second.r_hold_bonus == pytest.approx(GAMMA * 2.0 - 1.0)


def test_shaping_pays_back_what_it_gave_when_the_position_ends():
    account, model = free_account(), RewardModel(REWARD, 1.0)
    total = 0.0
    for action, price in [(Action.OPEN_LONG, 100.0), (Action.HOLD, 102.0), (Action.CLOSE_POSITION, 101.0)]:
        account.play(action, 2.0, candle(price))
        total += model.step(account, 0.05, is_terminal=False).r_hold_bonus

    assert total == pytest.approx(0.0)


def test_an_invalid_action_costs_its_penalty():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.CLOSE_POSITION, 2.0, candle())

    assert model.step(account, 0.0, is_terminal=False) == (0.0, 0.0, -0.5, 0.0)


def test_drawdown_beyond_two_percent_weighs_only_in_a_position():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0))
    inside = model.step(account, drawdown=0.05, is_terminal=False)
    account.play(Action.CLOSE_POSITION, 2.0, candle(100.0))
    outside = model.step(account, drawdown=0.05, is_terminal=False)

    # 3 points beyond the threshold at -0.1 each
    assert inside.r_out_of_market == pytest.approx(GAMMA * -0.3)
    assert outside.r_out_of_market == pytest.approx(0.3)


def test_drawdown_within_two_percent_weighs_nothing():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0))

    assert model.step(account, drawdown=0.02, is_terminal=False).r_out_of_market == 0.0


def test_potentials_of_a_terminal_state_are_zero():
    account, model = free_account(), RewardModel(REWARD, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0, high=101.5, close=101.5))
    model.step(account, 0.05, is_terminal=False)
    account.play(Action.HOLD, 2.0, candle(101.5))

    last = model.step(account, 0.05, is_terminal=True)

    assert last.r_hold_bonus == pytest.approx(-1.0)
    assert last.r_out_of_market == pytest.approx(0.3)


def test_weights_scale_their_components():
    config = REWARD.model_copy(update={"r_invalid_action": 3.0, "r_hold_bonus": 0.0})
    account, model = free_account(), RewardModel(config, GAMMA)
    account.play(Action.OPEN_LONG, 2.0, candle(100.0, high=101.5, close=101.5))
    bonus = model.step(account, 0.0, is_terminal=False).r_hold_bonus
    account.play(Action.OPEN_LONG, 2.0, candle(101.5))

    assert bonus == 0.0
    assert model.step(account, 0.0, is_terminal=False).r_invalid_action == -1.5


@pytest.mark.parametrize(
    ("parts", "total"), [((12.0, 1.0, 0, 0), 10.0), ((-9.0, -3.0, -0.5, 0), -10.0), ((1.0, 2.0, -0.5, -1.0), 1.5)]
)
def test_the_reward_is_the_sum_clipped_on_both_sides(parts, total):
    assert RewardModel(REWARD, GAMMA).total(RewardComponents(*parts)) == pytest.approx(total)
