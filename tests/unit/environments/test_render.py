import gymnasium
import numpy as np
import pytest

from include.core.errors import MissingInputError
from include.environments.make import make_env
from include.environments.phase4.actions import Action
from include.environments.render import EpisodeRecorder
from include.features.dataset import Dataset
from tests.support.datasets import STEP_MS, dataset_of, martingale, series_from_closes

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
HOLD, LONG, SHORT, CLOSE = Action.HOLD, Action.OPEN_LONG, Action.OPEN_SHORT, Action.CLOSE_POSITION


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_of(series_from_closes(BTC, np.full(1_500, 100.0)), martingale(ETH, 1_500, seed=2))


def recorder(dataset: Dataset, *actions: int, symbol: str = BTC) -> EpisodeRecorder:
    env = EpisodeRecorder(make_env("phase4", dataset, "train"), dataset)
    env.reset(options={"symbol": symbol, "start": 20})
    for action in actions:
        env.step(action)
    return env


def test_the_episode_holds_the_candles_of_its_steps(dataset):
    episode = recorder(dataset, HOLD, HOLD, HOLD, symbol=ETH).episode

    assert (episode.system, episode.symbol, episode.candle_ms) == ("phase4", ETH, STEP_MS)
    assert episode.candles.close.tolist() == dataset.split("train")[ETH].close[20:24].tolist()
    assert episode.equity.tolist() == [10_000.0] * 4
    assert list(episode.components) == ["r_pnl", "r_hold_bonus", "r_invalid_action", "r_out_of_market"]
    assert all(len(values) == 3 for values in episode.components.values())


def test_exposure_is_signed_notional_over_equity(dataset):
    # ATR 1 of a price of 100: a stop 1.5 away, 2 % of 10,000 at risk, so 200 / 1.5 units
    long, short = (recorder(dataset, opening).episode for opening in (LONG, SHORT))

    assert long.exposure == pytest.approx([0.0, 200 / 1.5 * 100 / 10_000], rel=2e-3)
    assert short.exposure[1] == pytest.approx(-long.exposure[1], rel=2e-3)


def test_an_open_position_keeps_its_entry(dataset):
    env = recorder(dataset, HOLD, LONG, CLOSE, SHORT, HOLD)

    assert env.episode.open_entry == (4, pytest.approx(100 * 0.9998))
    assert [trade.side for trade in env.episode.trades] == [1]
    env.step(CLOSE)
    assert env.episode.open_entry is None
    assert len(env.episode.trades) == 2


def test_drawdown_is_the_fall_from_the_running_peak(dataset):
    episode = recorder(dataset, LONG, CLOSE, LONG).episode

    expected = [1 - episode.equity[i] / episode.equity[: i + 1].max() for i in range(4)]
    assert episode.drawdown == pytest.approx(expected)
    assert episode.drawdown[-1] > 0


def test_recording_changes_nothing_and_a_reset_forgets(dataset):
    env = recorder(dataset, LONG, HOLD, symbol=ETH)
    plain = make_env("phase4", dataset, "train")
    plain.reset(options={"symbol": ETH, "start": 20})
    plain.step(LONG)
    assert plain.step(HOLD)[4]["equity"] == env.episode.equity[-1]

    env.reset(seed=1)
    env.step(HOLD)
    assert len(env.episode.equity) == 2


def test_there_must_be_something_to_show(dataset):
    env = EpisodeRecorder(make_env("phase4", dataset, "train"), dataset)
    with pytest.raises(MissingInputError, match="no episode to show"):
        _ = env.episode
    env.reset(seed=1)
    with pytest.raises(MissingInputError, match="no episode to show"):
        _ = env.episode


def test_only_our_environments_are_recorded(dataset):
    with pytest.raises(MissingInputError, match="`env` must be one of ours, was CartPoleEnv"):
        EpisodeRecorder(gymnasium.make("CartPole-v1"), dataset)
