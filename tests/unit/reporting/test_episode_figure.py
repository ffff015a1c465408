import numpy as np
import pandas as pd
import pytest
from gymnasium.utils.env_checker import check_env

from include.config.system import load_system
from include.core.clock import from_ms
from include.environments.audit.scenario import Scenario
from include.environments.audit.systems import dataset_of as audit_dataset
from include.environments.make import make_env
from include.environments.phase4.actions import Action
from include.features.dataset import Dataset
from include.reporting.episode_figure import RenderedEnv, episode_figure, episode_image
from tests.support.datasets import dataset_of, martingale
from tests.support.recorded import recorded

BTC = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_of(martingale(BTC, 1_500, seed=1))


def played(dataset: Dataset, *actions: int) -> RenderedEnv:
    env = RenderedEnv(make_env("phase4", dataset, "train", seed=1), dataset)
    env.reset(seed=1)
    for action in actions:
        env.step(action)
    return env


def test_a_rendered_episode_is_an_image(dataset):
    image = played(dataset, Action.OPEN_LONG, Action.HOLD).render()

    assert image.dtype == np.uint8
    assert image.shape == (1_560, 1_380, 3)
    # drawn on white, and something is drawn
    assert (image[0, 0] == 255).all()
    assert (image.min(axis=2) < 250).mean() > 0.02


def test_gymnasium_accepts_the_image(dataset):
    env = RenderedEnv(make_env("phase4", dataset, "train", seed=1), dataset)

    assert env.render_mode in env.metadata["render_modes"]
    env.reset(seed=1)
    env.step(0)
    assert isinstance(env.render(), np.ndarray)
    check_env(env.unwrapped, skip_render_check=True)


def test_a_position_shows_in_the_image(dataset):
    flat, long = (episode_image(played(dataset, action, Action.HOLD).episode) for action in (0, 1))

    assert (flat != long).any()


def test_the_same_episode_gives_the_same_file(dataset, tmp_path):
    episode = played(dataset, Action.OPEN_SHORT, Action.HOLD, Action.CLOSE_POSITION).episode
    first, second = (episode_figure(episode, tmp_path / name) for name in ("a.png", "b.png"))

    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(b"\x89PNG")


def test_an_episode_of_recorded_candles_is_drawn(tmp_path):
    frame = pd.read_parquet(recorded("klines_4h.parquet"), filters=[("symbol", "==", "BTCUSDT")]).tail(1_000)
    columns = [frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close", "volume")]
    times = frame["open_time"].to_numpy(np.int64)
    data = audit_dataset(load_system("phase4"), Scenario(times, *columns, np.zeros(len(frame)), 14_400_000, symbol=BTC))
    env = RenderedEnv(make_env("phase4", data, "train", deterministic=True, episode_length=100), data)
    env.reset()
    for action in np.random.default_rng(1).choice(5, size=100, p=(0.8, 0.06, 0.06, 0.05, 0.03)):
        env.step(action)

    assert from_ms(int(env.episode.candles.open_time[0])).year >= 2025
    assert len(env.episode.trades) > 2
    assert episode_figure(env.episode, tmp_path / "episode.png").stat().st_size > 50_000
