import numpy as np
import pytest

from bench.learning.market import Columns, Process, market
from bench.learning.play import Arena, standard_error
from bench.learning.rule import FOREVER, ThresholdRule
from include.config.system import load_system
from include.environments.make import make_env

SYSTEM = load_system("phase4")
DATASET = market(Process(strength=0.3, funding_mean=1e-4), Columns(active=4), 3, 401, seed=2, split="test")
RULE = ThresholdRule(0.4, 0.0, FOREVER)


def test_each_path_is_played_in_pieces_from_its_first_row() -> None:
    # 401 rows hold two episodes of 200 steps, each of which needs the row before it
    assert len(Arena(SYSTEM, DATASET, "test")) == 6


def test_holding_wins_and_pays_nothing() -> None:
    played = Arena(SYSTEM, DATASET, "test").play(lambda observations: np.zeros(len(observations), np.int64))
    assert not played.net.any()
    assert not played.gross.any()
    assert not played.trades.any()


def test_an_episode_is_that_of_the_gymnasium_face() -> None:
    played = Arena(SYSTEM, DATASET, "test").play(RULE)
    env = make_env(SYSTEM, DATASET, "test", purpose="evaluation", seed=0)
    observation, info = env.reset(options={"symbol": "S1/USDT:USDT", "start": 200})
    is_over = False
    while not is_over:
        observation, _, terminated, truncated, info = env.step(int(RULE(observation[None])[0]))
        is_over = terminated or truncated
    statistics = info["episode_statistics"]
    net = info["equity"] / 100.0 - 100.0
    assert played.trades[3] == statistics["trades"] > 5
    assert played.net[3] == pytest.approx(net)
    assert played.gross[3] == pytest.approx(net + (statistics["costs"] + statistics["funding"]) / 100.0)
    assert played.gross[3] > played.net[3]


def test_the_standard_error_is_the_deviation_over_the_root_of_the_count() -> None:
    # deviation (n − 1) of 1, 2, 3, 4 is √(5/3)
    assert standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx((5 / 3) ** 0.5 / 2)
