import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.environments.make import make_env
from include.environments.phase4.actions import Action
from include.evaluation.replay import Stage
from tests.support.datasets import dataset_of, martingale

SYSTEM = load_system("phase4")
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def hold(players):
    return [Action.HOLD] * len(players)


def test_observations_and_equity_equal_those_of_the_environment():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))
    actions = np.random.default_rng(3).integers(5, size=499)
    env = make_env(SYSTEM, dataset, "test", symbols=[ETH], deterministic=True)
    seen, equity = [env.reset()[0]], [10_000.0]
    for action in actions:
        observation, _, terminated, _, info = env.step(action)
        assert not terminated
        seen.append(observation)
        equity.append(info["equity"])

    stage = Stage(SYSTEM, dataset, "test")
    observed = []

    def choose(players):
        observed.append(stage.observations(players)[-1])
        return [Action.HOLD, actions[len(observed) - 1]]

    players = stage.play(choose)

    # the environment leaves the last position open, the replay closes it
    assert players[ETH].equity[:-1] == equity[:-1]
    assert (np.array(observed) == np.array(seen)[:-1]).all()


def test_every_symbol_of_a_candle_is_asked_in_one_call():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))
    sizes = []

    def choose(players):
        sizes.append(len(players))
        return hold(players)

    Stage(SYSTEM, dataset, "test").play(choose)

    # the last candle is not asked: nothing could be filled after it
    assert sizes == [2] * 499


def test_a_symbol_with_fewer_rows_takes_its_own_candles():
    late = martingale(ETH, 1_300, seed=2).rows(900, 1_300)
    stage = Stage(SYSTEM, dataset_of(martingale(BTC, 1_300, seed=1), late), "test")

    players = stage.play(hold)

    assert (len(players[BTC].equity), len(players[ETH].equity)) == (500, 400)
    assert stage.positions_of(ETH).tolist() == list(range(100, 500))


def test_a_bankrupt_account_is_asked_no_more():
    asked = []

    def choose(players):
        asked.append(len(players))
        players[0].account.balance = -1.0
        return [Action.HOLD] * len(players)

    dataset = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))
    Stage(SYSTEM, dataset, "test").play(choose)

    # each call ruins one account, which the next candle shows
    assert asked == [2, 1]


def test_progress_counts_candles():
    calls = []

    Stage(SYSTEM, dataset_of(martingale(BTC, 1_300, seed=1)), "test").play(
        hold, progress=lambda *call: calls.append(call), label="here"
    )

    assert calls[0] == ("here", 1, 500)
    assert calls[-1] == ("here", 500, 500)
    assert len(calls) == 500


def test_a_split_without_rows_is_refused():
    old = martingale(BTC, 300, seed=1)
    dataset = dataset_of(old, martingale(ETH, 1_300, seed=2))
    only_old = type(dataset)(dataset.info, {BTC: old})

    with pytest.raises(InvalidInputError, match="`dataset` must have rows in split 'test'"):
        Stage(SYSTEM, only_old, "test")


def test_another_timeframe_is_refused():
    system = SYSTEM.model_copy(update={"timeframe": "1h"})

    with pytest.raises(InvalidInputError, match="timeframe 1h, was 4h"):
        Stage(system, dataset_of(martingale(BTC, 1_300, seed=1)), "test")
