import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import stable_baselines3.common.env_checker as sb3
from gymnasium.utils.env_checker import check_env

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.environments.make import make_env
from include.environments.shadow.actions import Action
from include.features.dataset import Dataset
from tests.support.candles import fair_market
from tests.support.datasets import martingale, series_from_closes
from tests.support.minutes import minute_dataset

BTC = "BTC/USDT:USDT"
FAIR = [f"S{i}/USDT:USDT" for i in range(12)]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return minute_dataset(martingale(BTC, 4_000, seed=1))


@pytest.fixture(scope="module")
def fair() -> Dataset:
    return minute_dataset(*(fair_market(name, 2_000, seed=i, volatility=0.002) for i, name in enumerate(FAIR)))


def at_one_price(**funding: float) -> Dataset:
    series = series_from_closes(BTC, np.full(500, 100.0))
    return minute_dataset(replace(series, **{name: np.full(500, value) for name, value in funding.items()}))


def started(dataset: Dataset, start: int = 50, **settings: float) -> gymnasium.Env:
    env = make_env("shadow", dataset, "train", seed=1, **settings)
    env.reset(options={"start": start})
    return env


def test_gymnasium_and_sb3_have_nothing_to_say(dataset):
    env = make_env("shadow", dataset, "train")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
        sb3.check_env(env)


def test_the_declared_shape_is_the_real_shape(dataset):
    env = make_env("shadow", dataset, "train", seed=1)
    observation, _ = env.reset()

    assert env.observation_space.shape == observation.shape == (305,)
    assert env.step(Action.BUY)[0].shape == (305,)
    assert env.action_space.n == 4


def test_the_window_is_configurable(dataset):
    env = make_env("shadow", dataset, "train", seed=1, lookback=8)

    assert env.observation_space.shape == env.reset()[0].shape == (15 * 8 + 5,)


def test_the_window_holds_the_last_twenty_candles_oldest_first_as_the_dataset_has_them(dataset):
    env = started(dataset, 50)
    observation, *_ = env.step(Action.HOLD)

    features = dataset.split("train")[BTC].features
    assert (observation[:300].reshape(20, 15) == features[32:52]).all()


def test_no_candle_after_t_is_in_the_observation(dataset):
    def observations(data: Dataset) -> np.ndarray:
        env = started(data, 50)
        actions = np.random.default_rng(4).integers(4, size=40)
        return np.array([env.step(action)[0] for action in actions])

    original, row = dataset.series[BTC], 90
    changed = {name: getattr(original, name).copy() for name in ("open", "high", "low", "close", "features")}
    for values in changed.values():
        values[row + 1 :] *= 1.5
    other = Dataset(dataset.info, {BTC: replace(original, **changed)})

    assert (observations(dataset) == observations(other)).all()


def test_an_episode_starts_only_where_the_window_is_full(dataset):
    env = make_env("shadow", dataset, "train", seed=1)

    assert env.reset(options={"start": 19})[0].shape == (305,)
    with pytest.raises(InvalidInputError, match=r"`start`.*was 18"):
        env.reset(options={"start": 18})


def test_no_window_reaches_across_missing_rows():
    series = series_from_closes(BTC, np.full(500, 100.0))
    series.segment[100:] = 1
    env = make_env("shadow", minute_dataset(series), "train", seed=1)

    with pytest.raises(InvalidInputError, match=r"`start`.*was 118"):
        env.reset(options={"start": 118})
    assert env.reset(options={"start": 119})[1]["equity"] == 100.0


@pytest.mark.parametrize("opening", [Action.BUY, Action.SELL])
def test_a_round_trip_at_one_price_loses_exactly_the_fees(opening):
    env = started(at_one_price())
    env.step(opening)

    *_, info = env.step(Action.CLOSE)

    # 100 USD of notional, 4 basis points on each side
    assert info["balance"] == info["equity"] == pytest.approx(100.0 - 2 * 0.04)
    assert info["total_trades"] == 1


@pytest.mark.parametrize(("preset", "fee"), [("bybit_taker", 0.055), ("bybit_maker", 0.02)])
def test_the_presets_carry_the_fees_of_the_exchange(preset, fee):
    env = started(at_one_price(), preset=preset)
    env.step(Action.BUY)

    assert 100.0 - env.step(Action.CLOSE)[-1]["balance"] == pytest.approx(2 * fee)


@pytest.mark.parametrize(("opening", "sign"), [(Action.BUY, -1), (Action.SELL, 1)])
def test_known_funding_is_paid_by_the_long_and_received_by_the_short(opening, sign):
    env = started(at_one_price(funding_at_close=0.001), fee_bps=0.0)

    assert env.step(opening)[-1]["balance"] - 100.0 == pytest.approx(sign * 100.0 * 0.001)


def test_unknown_funding_is_not_invented():
    env = started(at_one_price(funding_assumed=1 / 60), fee_bps=0.0)

    assert env.step(Action.BUY)[-1]["balance"] == 100.0


@pytest.mark.parametrize("again", [Action.BUY, Action.SELL])
def test_an_opening_in_a_position_does_nothing(dataset, again):
    env = started(dataset)
    env.step(Action.BUY)
    quantity = env.unwrapped.account.quantity

    env.step(again)

    assert env.unwrapped.account.quantity == quantity > 0.0


def test_a_decision_fills_at_the_open_of_the_next_row(dataset):
    env = started(dataset, 50)
    env.step(Action.SELL)

    assert env.unwrapped.account.entry_price == dataset.split("train")[BTC].open[51]
    assert env.unwrapped.account.quantity == pytest.approx(-100.0 / dataset.split("train")[BTC].open[51])


def test_half_of_the_balance_lost_ends_the_episode_with_the_position_closed():
    falling = minute_dataset(series_from_closes(BTC, 100.0 * 0.95 ** np.maximum(np.arange(500) - 50, 0)))
    env = started(falling, 50)
    env.step(Action.BUY)
    terminated = False
    while not terminated:
        *_, terminated, truncated, info = env.step(Action.HOLD)

    assert not truncated
    # bought at 100 less the fee; 0.95 to the 13th is 0.513, to the 14th 0.488: the fee of closing comes on top
    assert info["balance"] == info["equity"] == pytest.approx(100.0 * 0.95**14 - 0.04 * (1 + 0.95**14))
    assert info["reward_components"]["r_ruin"] == pytest.approx(-10.0 * 1e-4)
    assert env.unwrapped.account.trades[-1].exit_reason == "ruin"


def test_a_leveraged_short_is_liquidated_where_its_margin_ends():
    jump = np.full(500, 100.0)
    jump[55:] = 140.0
    env = started(minute_dataset(series_from_closes(BTC, jump)), 50, max_leverage=4.0, fee_bps=0.0)
    env.step(Action.SELL)
    for _ in range(4):
        *_, info = env.step(Action.HOLD)

    # 4 units, 100 USD: equity 500 − 4 p equals 0.005 · 4 p
    trade = env.unwrapped.account.trades[0]
    assert trade.exit_reason == "liquidation"
    assert trade.exit_price == pytest.approx(500 / 4.02)
    assert info["equity"] == pytest.approx(500 - 4 * 500 / 4.02)


def test_info_tells_balance_profit_win_rate_and_trades(dataset):
    env = started(dataset)
    first = env.reset(options={"start": 50})[1]
    assert (first["win_rate"], first["total_trades"]) == (None, 0)
    rng = np.random.default_rng(3)
    for _ in range(300):
        *_, info = env.step(rng.integers(4))

    nets = [trade.net_usd for trade in env.unwrapped.account.trades]
    assert info["total_trades"] == len(nets) > 20
    assert info["win_rate"] == pytest.approx(np.mean(np.array(nets) > 0))
    assert info["total_pnl"] == pytest.approx(info["equity"] - 100.0)


def test_components_sum_to_the_reward(dataset):
    env = started(dataset)
    for action in np.random.default_rng(3).integers(4, size=500):
        _, reward, _, _, info = env.step(action)
        parts = info["reward_components"]

        assert list(parts) == ["r_realised", "r_unrealised", "r_losing_position", "r_inactivity", "r_ruin"]
        assert reward == pytest.approx(sum(parts.values()))


def test_training_refuses_the_test_split(dataset):
    with pytest.raises(InvalidInputError, match="`split` must be 'train' or 'validation' for training, was 'test'"):
        make_env("shadow", dataset, "test")


def mean_reward_and_equity(dataset: Dataset, choose, preset: str | None, episodes: int = 120) -> tuple[float, float]:
    env = make_env("shadow", dataset, "train", preset=preset, symbols=FAIR, episode_length=400)
    rng = np.random.default_rng(11)
    rewards, equities = 0.0, []
    for seed in range(episodes):
        env.reset(seed=seed)
        done = False
        while not done:
            action = choose(rng, env.unwrapped.account.quantity)
            _, reward, terminated, truncated, info = env.step(action)
            rewards += reward
            done = terminated or truncated
        equities.append(info["equity"])
    return rewards / episodes, float(np.mean(equities))


@pytest.mark.parametrize("preset", [None, "bybit_maker"])
@pytest.mark.parametrize(
    "choose",
    [
        lambda rng, quantity: Action.HOLD if quantity else Action.BUY,
        lambda rng, quantity: Action.HOLD if quantity else Action.SELL,
        lambda rng, quantity: int(rng.integers(4)),
        lambda rng, quantity: Action.CLOSE if quantity else Action.BUY,
    ],
    ids=["always long", "always short", "random", "churning"],
)
def test_on_a_martingale_trading_scores_below_staying_flat_and_earns_nothing(fair, choose, preset):
    flat, _ = mean_reward_and_equity(fair, lambda rng, quantity: Action.HOLD, preset, episodes=1)
    reward, equity = mean_reward_and_equity(fair, choose, preset)

    assert reward < flat
    assert equity < 100.5


def test_the_system_must_be_shadows(dataset):
    system = load_system("phase4").model_copy(update={"name": "shadow", "timeframe": "1m"})

    with pytest.raises(InvalidInputError, match="`system` must have shadow's reward, was 'shadow' with RewardConfig"):
        make_env(system, dataset, "train")
