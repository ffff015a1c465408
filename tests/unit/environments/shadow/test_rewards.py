import pytest

from include.config.system import ShadowRewardConfig, load_system
from include.environments.phase4.account import Account
from include.environments.shadow.actions import Action
from include.environments.shadow.rewards import ShadowRewards
from tests.support.candles import candle

SHADOW = load_system("shadow")
FREE = load_system("shadow", overrides={"account.fee_bps": 0.0})


def rewards_of(*steps: tuple[Action, float], system=FREE, ruined: bool = False) -> list:
    """Return the components of each step in percent of the initial balance, before the scaling."""
    assert isinstance(system.reward, ShadowRewardConfig)
    account, model = Account(system.account), ShadowRewards(system.reward)
    components = []
    for number, (action, price) in enumerate(steps, start=1):
        account.play(action, 0.0, candle(price))
        components.append(model.step(account, ruined and number == len(steps)))
    return [type(one)._make(value / system.reward.scaling for value in one) for one in components]


def test_a_gain_and_a_loss_of_one_size_weigh_the_same():
    won = rewards_of((Action.BUY, 100.0), (Action.CLOSE, 101.0))[-1]
    lost = rewards_of((Action.SELL, 100.0), (Action.CLOSE, 101.0))[-1]

    assert won.r_realised == pytest.approx(10.0)
    assert lost.r_realised == pytest.approx(-10.0)


def test_a_fee_is_realised_in_the_step_that_pays_it():
    opened, closed = rewards_of((Action.BUY, 100.0), (Action.CLOSE, 100.0), system=SHADOW)

    assert opened.r_realised == pytest.approx(-10 * 0.04)
    assert closed.r_realised == pytest.approx(-10 * 0.04)


def test_changes_of_the_open_profit_count_a_tenth_and_add_up_to_nothing():
    steps = [(Action.SELL, 100.0), (Action.HOLD, 98.5), (Action.HOLD, 101.0), (Action.CLOSE, 100.5)]
    changes = [one.r_unrealised for one in rewards_of(*steps)]

    assert changes == pytest.approx([0.0, 0.15, -0.25, 0.1])
    assert sum(changes) == pytest.approx(0.0)


@pytest.mark.parametrize(("price", "penalty"), [(98.0, 0.0), (97.0, -0.1), (90.0, -0.8), (103.0, 0.0)])
def test_an_open_loss_beyond_two_percent_costs_each_step(price, penalty):
    steps = rewards_of((Action.BUY, 100.0), (Action.HOLD, price), (Action.HOLD, price))

    assert [one.r_losing_position for one in steps] == pytest.approx([0.0, penalty, penalty])


@pytest.mark.parametrize("first", [Action.HOLD, Action.BUY])
def test_inactivity_costs_after_a_hundred_steps_without_a_fill_in_a_position_or_not(first):
    steps = rewards_of((first, 100.0), *[(Action.HOLD, 100.0)] * 101)

    idle = 0 if first is Action.BUY else 1
    assert [one.r_inactivity for one in steps[: 101 - idle]] == [0.0] * (101 - idle)
    assert steps[101 - idle].r_inactivity == pytest.approx(-0.001)


def test_a_fill_starts_the_count_again_and_an_ineffective_action_does_not():
    waiting = [(Action.HOLD, 100.0)] * 100
    filled = rewards_of(*waiting, (Action.BUY, 100.0), *waiting)
    ineffective = rewards_of(*waiting, (Action.CLOSE, 100.0))

    assert all(one.r_inactivity == 0.0 for one in filled)
    assert ineffective[-1].r_inactivity < 0.0


def test_a_fill_costs_more_than_the_inactivity_it_spares():
    for preset in (None, "bybit_maker", "bybit_taker"):
        system = load_system("shadow", preset)
        reward = system.reward
        assert isinstance(reward, ShadowRewardConfig)
        fee = reward.realised_weight * system.account.fee_bps / 100

        assert -reward.inactivity_penalty * reward.inactivity_candles < fee


def test_ruin_costs_ten_once_and_in_the_unit_of_the_rest():
    steps = rewards_of((Action.BUY, 100.0), (Action.HOLD, 100.0), ruined=True)

    assert [one.r_ruin for one in steps] == pytest.approx([0.0, -10.0])


def test_rewards_do_not_depend_on_the_size_of_the_account():
    rich = load_system("shadow", overrides={"account.initial_balance_usd": 1e6})
    steps = [(Action.BUY, 100.0), (Action.HOLD, 95.0), (Action.CLOSE, 96.0)]

    for small, large in zip(rewards_of(*steps, system=SHADOW), rewards_of(*steps, system=rich), strict=True):
        assert small == pytest.approx(large)
