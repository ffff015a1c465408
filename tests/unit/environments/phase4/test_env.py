import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import stable_baselines3.common.env_checker as sb3
from gymnasium.utils.env_checker import check_env

from include.config.system import SystemConfig, load_system
from include.core.errors import InvalidInputError
from include.environments.make import make_env
from include.environments.phase4.actions import Action
from include.environments.phase4.observation import stress_level
from include.features.dataset import Dataset
from tests.support.candles import fair_market, phase4
from tests.support.datasets import dataset_of, martingale, series_from_closes

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_of(martingale(BTC, 1_500, seed=1), martingale(ETH, 1_500, seed=2))


@pytest.fixture(scope="module")
def fair() -> Dataset:
    return dataset_of(*(fair_market(f"S{i}/USDT:USDT", 2_000, seed=i) for i in range(24)))


def play(env: gymnasium.Env, actions: np.ndarray, seed: int = 7) -> list[tuple]:
    """Return (observation, reward, terminated, truncated, info) of every step, resetting at each end."""
    env.reset(seed=seed)
    steps = []
    for action in actions:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            env.reset()
    return steps


def random_actions(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(5, size=n)


def test_gymnasium_and_sb3_have_nothing_to_say(dataset):
    env = make_env("phase4", dataset, "train")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
        sb3.check_env(env)


def test_the_declared_shape_is_the_real_shape(dataset):
    env = make_env("phase4", dataset, "train", seed=1)

    observation, _ = env.reset()

    assert env.observation_space.shape == observation.shape == (3 + 10,)
    assert observation.dtype == np.float32
    assert env.action_space.n == 5


def test_an_episode_starts_flat_with_the_market_of_its_row(dataset):
    env = make_env("phase4", dataset, "train", seed=1)

    observation, info = env.reset(options={"symbol": ETH, "start": 100})

    series = dataset.split("train")[ETH]
    assert info == {"equity": 10_000.0, "symbol": ETH, "open_time": series.open_time[100]}
    assert observation[:3].tolist() == series.features[100].tolist()
    assert observation[-1] == pytest.approx(stress_level(dataset.series[ETH])[100])


def test_a_decision_fills_at_the_open_of_the_next_row(dataset):
    env = make_env("phase4", dataset, "train")
    env.reset(options={"symbol": BTC, "start": 50})

    env.step(Action.OPEN_SHORT)

    series = dataset.split("train")[BTC]
    assert env.unwrapped.account.entry_price == pytest.approx(series.open[51] * 0.9998)
    # the stop is set by the range known at the decision
    assert env.unwrapped.account.stop - env.unwrapped.account.entry_price == pytest.approx(1.5 * series.atr[50])


def test_rewards_are_the_clipped_sum_of_the_named_components(dataset):
    for _, reward, _, _, info in play(make_env("phase4", dataset, "train"), random_actions(3_000)):
        parts = info["reward_components"]
        assert list(parts) == ["r_pnl", "r_hold_bonus", "r_invalid_action", "r_out_of_market"]
        assert reward == pytest.approx(np.clip(sum(parts.values()), -10, 10))


def test_observations_stay_finite_and_inside_the_space(dataset):
    env = make_env("phase4", dataset, "train")

    assert all(env.observation_space.contains(step[0]) for step in play(env, random_actions(3_000)))


def test_the_same_seed_plays_the_same_rollout_and_another_does_not(dataset):
    actions = random_actions(1_000)
    first, again, other = (play(make_env("phase4", dataset, "train"), actions, seed) for seed in (7, 7, 8))

    assert all((a[0] == b[0]).all() and a[1:] == b[1:] for a, b in zip(first, again, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(first, other, strict=True))


def test_the_seed_of_the_constructor_seeds_the_first_reset_only(dataset):
    made = make_env("phase4", dataset, "train", seed=5)
    given = make_env("phase4", dataset, "train")

    assert made.reset()[1] == given.reset(seed=5)[1]
    assert made.reset()[1] == given.reset()[1]


def test_training_visits_every_symbol_and_many_rows(dataset):
    env = make_env("phase4", dataset, "train", seed=3)

    starts = {(info["symbol"], info["open_time"]) for info in (env.reset()[1] for _ in range(200))}

    assert {symbol for symbol, _ in starts} == {BTC, ETH}
    assert len(starts) > 150


def test_training_episodes_are_truncated_after_their_length(dataset):
    env = make_env("phase4", dataset, "train", seed=3)
    env.reset()

    ends = [env.step(Action.HOLD)[3] for _ in range(200)]

    assert ends == [False] * 199 + [True]


def test_a_deterministic_path_is_the_whole_run_of_the_first_symbol(dataset):
    env = make_env("phase4", dataset, "test", symbols=[ETH, BTC], deterministic=True)

    for _ in range(2):
        _, info = env.reset()
        steps = 0
        truncated = False
        while not truncated:
            *_, truncated, _ = env.step(Action.HOLD)
            steps += 1
        assert info["symbol"] == ETH
        assert info["open_time"] == dataset.split("test")[ETH].open_time[0]
        assert steps == 499


def test_an_episode_ends_before_missing_rows():
    series = series_from_closes(BTC, np.full(1_500, 100.0))
    series.segment[30:] = 1
    env = make_env("phase4", dataset_of(series), "train", deterministic=True)
    env.reset()

    ends = [env.step(Action.HOLD)[3] for _ in range(29)]

    assert ends == [False] * 28 + [True]


def falling_market() -> Dataset:
    return dataset_of(series_from_closes(BTC, 100.0 * 0.8 ** np.minimum(np.arange(1_000), 20)))


def ruinous() -> SystemConfig:
    # no stop in reach and a risk beyond what a configuration may ask for, so that the leverage limit sizes the trade
    system = phase4(stop_atr=1_000.0, take_profit_atr=1_000.0, max_leverage=1.5)
    return system.model_copy(update={"account": system.account.model_copy(update={"risk_per_trade": 50.0})})


def test_losing_half_terminates_and_closes_the_position_with_its_costs():
    env = make_env(ruinous(), falling_market(), "train", deterministic=True)
    env.reset()
    env.step(Action.OPEN_LONG)

    *_, terminated, truncated, info = env.step(Action.HOLD)
    while not terminated:
        *_, terminated, truncated, info = env.step(Action.HOLD)

    assert not truncated
    assert 0 < info["equity"] <= 5_000
    assert env.unwrapped.account.quantity == 0.0
    assert env.unwrapped.account.trades[-1].exit_reason == "ruin"
    assert info["episode_statistics"]["trades"] == 1


def test_the_rewards_of_a_ruined_trade_add_up_to_its_loss():
    system = with_reward(ruinous(), clip=1e9, drawdown_weight=0.0)
    system = system.model_copy(update={"training": system.training.model_copy(update={"gamma": 1.0})})
    env = make_env(system, falling_market(), "train", deterministic=True)
    env.reset()
    rewards, terminated, action = [], False, Action.OPEN_LONG
    while not terminated:
        _, reward, terminated, _, info = env.step(action)
        rewards.append(reward)
        action = Action.HOLD

    assert sum(rewards) == pytest.approx(100 * (info["equity"] / 10_000 - 1))


def with_reward(system: SystemConfig, **changes: float) -> SystemConfig:
    return system.model_copy(update={"reward": system.reward.model_copy(update=changes)})


def test_statistics_come_at_the_end_and_add_up(dataset):
    steps = play(make_env("phase4", dataset, "train"), random_actions(1_000))
    ends = [step for step in steps if step[2] or step[3]]

    assert len(ends) == 5
    assert all(("episode_statistics" in step[4]) == (step[2] or step[3]) for step in steps)
    for *_, info in ends:
        seen = info["episode_statistics"]
        assert set(seen) == {
            "trades",
            "win_rate",
            "profit_factor",
            "sharpe",
            "max_drawdown",
            "costs",
            "funding",
            "steps",
        }
        assert seen["steps"] == 200
        assert seen["trades"] > 0
        assert 0 < seen["max_drawdown"] < 1
        assert seen["costs"] > 0


def test_an_episode_without_trades_has_no_win_rate(dataset):
    env = make_env("phase4", dataset, "validation", deterministic=True, episode_length=5)
    env.reset()

    info = [env.step(Action.HOLD)[4] for _ in range(5)][-1]

    seen = info["episode_statistics"]
    assert (seen["trades"], seen["win_rate"], seen["profit_factor"], seen["sharpe"]) == (0, None, None, None)
    assert seen["max_drawdown"] == 0.0


@pytest.mark.parametrize("row", [60, 150])
def test_candles_after_t_change_no_observation_up_to_t(dataset, row):
    def observations(data: Dataset) -> np.ndarray:
        env = make_env("phase4", data, "train", symbols=[BTC])
        seen = [env.reset(options={"symbol": BTC, "start": 0})[0]]
        seen += [env.step(action)[0] for action in random_actions(row, seed=4)]
        return np.array(seen)

    rng = np.random.default_rng(9)
    original = dataset.series[BTC]
    changed = {"features": original.features.copy()}
    changed["features"][row + 1 :] += 1.0
    for name in ("open", "high", "low", "close", "atr"):
        changed[name] = getattr(original, name).copy()
        changed[name][row + 1 :] *= rng.uniform(0.5, 2.0)
    other = Dataset(dataset.info, dataset.series | {BTC: replace(original, **changed)})

    assert (observations(dataset) == observations(other)).all()


def mean_episode_reward(dataset: Dataset, choose, episodes: int = 250) -> float:
    env = make_env("phase4", dataset, "train")
    rng = np.random.default_rng(11)
    total = 0.0
    for seed in range(episodes):
        env.reset(seed=seed)
        done = False
        while not done:
            action = choose(rng, env.unwrapped.account.quantity)
            _, reward, terminated, truncated, _ = env.step(action)
            total += reward
            done = terminated or truncated
    return total / episodes


@pytest.mark.parametrize(
    "choose",
    [
        lambda rng, quantity: Action.HOLD if quantity else Action.OPEN_LONG,
        lambda rng, quantity: Action.HOLD if quantity else Action.OPEN_SHORT,
        lambda rng, quantity: int(rng.integers(5)),
        lambda rng, quantity: Action.CLOSE_POSITION if quantity else Action.OPEN_LONG,
    ],
    ids=["always long", "always short", "random", "churning"],
)
def test_on_a_martingale_trading_scores_below_staying_flat(fair, choose):
    assert mean_episode_reward(fair, choose) < -1.0


def test_staying_flat_scores_exactly_zero(fair):
    assert mean_episode_reward(fair, lambda rng, quantity: Action.HOLD, episodes=3) == 0.0


def test_the_mean_equity_of_a_random_policy_falls_as_costs_rise(fair):
    means = []
    for fee_bps in (0.0, 5.0, 20.0):
        env = make_env(phase4(fee_bps=fee_bps, slippage_bps=fee_bps / 2), fair, "train")
        steps = play(env, random_actions(10_000, seed=2))
        means.append(np.mean([s[4]["equity"] for s in steps if "episode_statistics" in s[4]]))

    assert means[0] > means[1] > means[2]
    assert means[1] < 10_000


def test_an_unknown_symbol_or_start_is_refused(dataset):
    env = make_env("phase4", dataset, "train", symbols=[BTC])

    with pytest.raises(InvalidInputError, match=r"`symbol`.*was 'DOGE'"):
        env.reset(options={"symbol": "DOGE"})
    with pytest.raises(InvalidInputError, match="`start`"):
        env.reset(options={"symbol": BTC, "start": 10**6})


def test_gamma_of_the_training_discounts_the_shaping(dataset):
    system = load_system(
        "phase4", overrides={"training.gamma": 0.5, "account.fee_bps": 0.0, "account.slippage_bps": 0.0}
    )
    env = make_env(system, dataset, "train")
    env.reset(options={"symbol": BTC, "start": 10})

    *_, info = env.step(Action.OPEN_LONG)

    account = env.unwrapped.account
    unrealised = 100 * (account.equity - account.balance) / 10_000
    assert info["reward_components"]["r_hold_bonus"] == pytest.approx(0.5 * unrealised)
