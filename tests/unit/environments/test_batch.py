import json
from collections import Counter
from typing import Any

import gymnasium
import numpy as np
import psutil
import pytest

from include.core.errors import InvalidInputError
from include.environments.batch import DRAWN_AHEAD, BatchEnv, BatchSnapshot
from include.environments.make import make_batch, make_env
from include.features.dataset import Dataset
from tests.support.datasets import dataset_of, martingale
from tests.support.minutes import minute_dataset, rough

SYMBOLS = [f"S{i}/USDT:USDT" for i in range(5)]
MINUTES = {"symbols": SYMBOLS, "episode_length": 150}
# ordinary settings, and a leverage and a risk that reach liquidation, ruin and debt; with the exits that must occur
WORLDS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("phase4", {}, {"close", "stop_loss", "take_profit"}),
    (
        "phase4",
        {"risk_per_trade": 0.5, "max_leverage": 20.0},
        {"close", "stop_loss", "take_profit", "liquidation", "ruin"},
    ),
    ("shadow", MINUTES, {"close"}),
    ("shadow", MINUTES | {"max_leverage": 10.0}, {"close", "liquidation", "ruin"}),
]


def world(system: str) -> Dataset:
    series = [rough(symbol, 1_500, seed=i) for i, symbol in enumerate(SYMBOLS)]
    return minute_dataset(*series) if system == "shadow" else dataset_of(*series)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_of(martingale(SYMBOLS[0], 1_500, seed=1), martingale(SYMBOLS[1], 1_500, seed=2))


def follow(env: gymnasium.Env, batch: BatchEnv, played: Any, i: int, action: int) -> tuple[np.ndarray, list[str]]:
    """Step the single environment beside number `i` of the batch and compare all they give."""
    observation, reward, terminated, truncated, info = env.step(action)
    assert (terminated, truncated) == (played.terminated[i], played.truncated[i])
    assert played.rewards[i] == np.float32(reward)
    assert played.components[i].tolist() == list(info["reward_components"].values())
    account = batch.seats["account"]
    if not (terminated or truncated):
        assert account["equity"][i] == env.unwrapped.account.equity
        assert account["balance"][i] == env.unwrapped.account.balance
        return observation, []
    end = next(end for end in batch.ends if end.env == i)
    assert (end.observation == observation).all()
    assert end.equity == info["equity"]
    # bit-identical but for sums whose order differs: pairwise or exact there, one after the other here
    statistics = info["episode_statistics"]
    known = {name: value for name, value in statistics.items() if value is not None}
    assert {name: end.statistics[name] for name in known} == pytest.approx(known, rel=1e-12)
    assert {name for name, value in end.statistics.items() if value is None} == statistics.keys() - known.keys()
    reasons = [trade.exit_reason for trade in env.unwrapped.account.trades]
    started = env.reset()[1]
    assert batch.market.candles[batch.seats["episode"]["start"][i]]["open_time"] == started["open_time"]
    assert batch.market.names[batch.seats["episode"]["symbol"][i]] == started["symbol"]
    return env.unwrapped._observe(), reasons


@pytest.mark.parametrize(("system", "settings", "exits"), WORLDS)
def test_twenty_thousand_random_steps_are_those_of_the_single_environments(
    system: str, settings: dict, exits: set[str]
) -> None:
    n, data = 20, world(system)
    rng = np.random.default_rng(3)
    envs = [make_env(system, data, "train", seed=40 + i, **settings) for i in range(n)]
    batch = make_batch(system, data, "train", n, seed=40, **settings)
    assert (batch.reset() == [env.reset()[0] for env in envs]).all()
    reasons: Counter[str] = Counter()
    for _ in range(1_000):
        actions = rng.integers(int(batch.action_space.n), size=n)
        played = batch.step(actions)
        for i, env in enumerate(envs):
            observation, closed = follow(env, batch, played, i, actions[i])
            assert (played.observations[i] == observation).all()
            reasons.update(closed)

    assert set(reasons) == exits


def test_the_same_seed_plays_the_same_batch_and_another_does_not(dataset: Dataset) -> None:
    def rollout(seed: int) -> np.ndarray:
        batch = make_batch("phase4", dataset, "train", 4, seed=seed, episode_length=20)
        batch.reset()
        actions = np.random.default_rng(0).integers(5, size=(100, 4))
        return np.array([batch.step(a).observations for a in actions])

    assert (rollout(1) == rollout(1)).all()
    assert (rollout(1) != rollout(2)).any()


def test_environments_without_a_seed_differ(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 8)
    batch.reset()

    assert len(set(batch.seats["episode"]["start"].tolist())) > 1


def test_starts_go_on_beyond_those_drawn_ahead(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 1, seed=3, episode_length=1)
    env = make_env("phase4", dataset, "train", seed=3, episode_length=1)
    batch.reset()
    env.reset()
    for _ in range(2 * DRAWN_AHEAD + 5):
        observation = batch.step(np.zeros(1, np.int64)).observations[0]

        assert (observation == env.reset()[0]).all()


def test_a_reset_with_seeds_starts_anew_and_one_without_goes_on(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 2, seed=5)
    first, second = batch.reset(), batch.reset()

    assert (first != second).any()
    assert (batch.reset(seeds=[5, 6]) == first).all()
    assert (batch.reset() == second).all()
    assert (batch.reset(seeds=[5, None])[0] == first[0]).all()


def test_options_choose_symbol_and_row_as_in_the_single_environment(dataset: Dataset) -> None:
    options = [{"symbol": SYMBOLS[1], "start": 100}, {"start": 7}, {"symbol": SYMBOLS[1]}, {}]
    batch = make_batch("phase4", dataset, "train", 4, seed=5)
    envs = [make_env("phase4", dataset, "train", seed=5 + i) for i in range(4)]

    observations = batch.reset(options=options)

    assert (observations == [env.reset(options=o)[0] for env, o in zip(envs, options, strict=True)]).all()
    assert (
        batch.market.candles["open_time"][batch.seats["episode"]["start"][0]]
        == (dataset.split("train")[SYMBOLS[1]].open_time[100])
    )


def test_a_deterministic_batch_plays_the_whole_run_of_the_first_symbol_again_and_again(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "test", 2, deterministic=True)
    first = batch.reset()
    steps = 0
    while not batch.ends:
        played = batch.step(np.zeros(2, np.int64))
        steps += 1

    assert steps == 499
    assert [end.env for end in batch.ends] == [0, 1]
    assert {(end.symbol, end.start) for end in batch.ends} == {(SYMBOLS[0], 0)}
    assert (played.observations == first).all()


def test_an_end_holds_the_sums_of_the_components_and_is_gone_a_step_later(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 3, seed=2, episode_length=10)
    batch.reset()
    rng = np.random.default_rng(1)
    components = sum(batch.step(rng.integers(5, size=3)).components for _ in range(10))

    ends = batch.ends
    batch.step(np.zeros(3, np.int64))

    assert [list(end.components) for end in ends] == [list(batch.component_names)] * 3
    assert np.array([list(end.components.values()) for end in ends]) == pytest.approx(components)
    assert batch.ends == []


def test_arrays_of_a_step_are_not_touched_by_the_next(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 2, seed=2)
    batch.reset()
    played = batch.step(np.array([1, 2]))
    kept = [array.copy() for array in played]

    batch.step(np.array([3, 3]))

    assert all((now == then).all() for now, then in zip(played, kept, strict=True))


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([0, 5], "`actions` must lie in 0 to 4, was 0 to 5"),
        ([-1, 0], "`actions` must lie in 0 to 4, was -1 to 0"),
        ([0], r"`actions` must have shape \(2,\), was \(1,\)"),
    ],
)
def test_unusable_actions_are_refused(dataset: Dataset, actions: list[int], message: str) -> None:
    batch = make_batch("phase4", dataset, "train", 2, seed=1)
    batch.reset()

    with pytest.raises(InvalidInputError, match=message):
        batch.step(np.array(actions))


def test_a_step_before_the_first_reset_is_refused(dataset: Dataset) -> None:
    with pytest.raises(InvalidInputError, match="`reset` must be called before `step`"):
        make_batch("phase4", dataset, "train", 2).step(np.zeros(2, np.int64))


def test_an_unknown_symbol_is_refused(dataset: Dataset) -> None:
    with pytest.raises(InvalidInputError, match=r"`symbol` must be one of .*, was 'DOGE'"):
        make_batch("phase4", dataset, "train", 1).reset(options=[{"symbol": "DOGE"}])


def test_the_rows_are_stored_once_whatever_the_number_of_environments() -> None:
    series = [martingale(f"S{i}/USDT:USDT", 2_000, seed=i) for i in range(10)]
    data = dataset_of(*series)
    few, many = (make_batch("phase4", data, "train", n, seed=1) for n in (1, 64))

    assert few.market.nbytes == many.market.nbytes
    rows = sum(len(part) for part in data.split("train").values())
    # ten numbers and the stress level of a candle in doubles, three features in singles
    assert many.market.nbytes == pytest.approx(rows * (11 * 8 + 3 * 4), rel=0.01)
    assert many.seats.nbytes < 64 * 2_000


def test_sixty_four_environments_over_sixty_two_symbols_fit_into_300_mb_above_the_data() -> None:
    data = dataset_of(*(rough(f"S{i}/USDT:USDT", 6_570, seed=i, columns=94) for i in range(62)))
    process, rng = psutil.Process(), np.random.default_rng(0)
    before = process.memory_info().rss

    batch = make_batch("phase4", data, "train", 64, seed=1)
    batch.reset()
    for _ in range(1_000):
        batch.step(rng.integers(5, size=64))

    assert process.memory_info().rss - before < 300 * 2**20


@pytest.mark.parametrize(("system", "settings"), [("phase4", {}), ("shadow", MINUTES)])
def test_a_restored_batch_goes_on_bit_for_bit(system: str, settings: dict) -> None:
    data = world(system)
    actions = np.random.default_rng(0).integers(4, size=(900, 3))
    # short episodes, so that new starts are drawn on both sides of the snapshot
    settings = settings | {"episode_length": 7}
    batch = make_batch(system, data, "train", 3, seed=11, **settings)
    batch.reset()
    for row in actions[:451]:
        batch.step(row)
    arrays, meta = batch.snapshot()
    stored = BatchSnapshot({name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(meta)))
    other = make_batch(system, data, "train", 3, seed=99, **settings)
    other.reset()

    other.restore(stored)

    assert [str(end) for end in other.ends] == [str(end) for end in batch.ends]
    ends = 0
    for row in actions[451:]:
        mine, theirs = batch.step(row), other.step(row)
        for ours, other_array in zip(mine, theirs, strict=True):
            assert ours.tobytes() == other_array.tobytes()
        assert [str(end) for end in batch.ends] == [str(end) for end in other.ends]
        ends += len(batch.ends)
    assert ends >= 3 * DRAWN_AHEAD
    for name, array in batch.snapshot().arrays.items():
        assert array.tobytes() == other.snapshot().arrays[name].tobytes()


def test_a_snapshot_does_not_move_with_its_batch(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 2, seed=1, episode_length=5)
    batch.reset()
    taken = batch.snapshot()
    before = {name: array.copy() for name, array in taken.arrays.items()}
    generators = json.dumps(taken.meta)
    for _ in range(400):
        batch.step(np.ones(2, np.int64))

    assert all((array == before[name]).all() for name, array in taken.arrays.items())
    assert json.dumps(taken.meta) == generators


def test_a_batch_restored_before_its_first_reset_must_still_be_reset(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 2, seed=1)
    fresh = batch.snapshot()
    first = batch.reset()
    batch.restore(fresh)

    with pytest.raises(InvalidInputError, match="`reset` must be called"):
        batch.step(np.zeros(2, np.int64))
    assert (batch.reset() == first).all()


def test_a_snapshot_of_another_size_is_refused(dataset: Dataset) -> None:
    taken = make_batch("phase4", dataset, "train", 3, seed=1).snapshot()

    with pytest.raises(InvalidInputError, match=r"`seats` of shape \(2, \d+\), was \(3, \d+\)"):
        make_batch("phase4", dataset, "train", 2, seed=1).restore(taken)


def test_a_system_without_masks_allows_every_action(dataset: Dataset) -> None:
    batch = make_batch("phase4", dataset, "train", 2, seed=1)

    assert not batch.has_masks
    assert batch.action_masks().tolist() == [[True] * 5] * 2
