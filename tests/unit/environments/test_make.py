import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from include.config.settings import load_settings
from include.config.system import load_system
from include.core.clock import to_ms
from include.core.errors import ConfigurationError, InvalidInputError
from include.environments.make import make_batch, make_env
from include.features.dataset import Dataset, load_dataset
from include.features.freeze_file import freeze_file
from tests.support.datasets import dataset_of, martingale
from tests.support.recorded import recorded

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture
def dataset() -> Dataset:
    return dataset_of(martingale(BTC, 1_200, seed=1), martingale(ETH, 1_200, seed=2))


def test_all_symbols_of_the_split_play_by_default(dataset):
    assert make_env("phase4", dataset, "train").unwrapped.symbols == (BTC, ETH)


def test_the_symbols_of_a_system_are_those_it_trains_on(dataset):
    system = load_system("phase4").model_copy(update={"symbols": (ETH,)})

    assert make_env(system, dataset, "train").unwrapped.symbols == (ETH,)
    assert make_env(system, dataset, "train", symbols=[BTC]).unwrapped.symbols == (BTC,)


def test_a_symbol_without_rows_is_refused_by_name(dataset):
    with pytest.raises(InvalidInputError, match=r"`symbols`.*was DOGE/USDT:USDT\. Hint: 2 symbols do"):
        make_env("phase4", dataset, "train", symbols=[BTC, "DOGE/USDT:USDT"])


def test_a_symbol_whose_rows_are_all_alone_is_left_out():
    lone = martingale(ETH, 1_200, seed=2)
    lone.segment[:] = np.arange(1_200)

    assert make_env("phase4", dataset_of(martingale(BTC, 1_200, seed=1), lone), "train").unwrapped.symbols == (BTC,)


def test_an_unknown_system_is_refused(dataset):
    with pytest.raises(ConfigurationError, match="`system`"):
        make_env("nobody", dataset, "train")
    with pytest.raises(InvalidInputError, match="`system` must be one of phase4, shadow, was 'other'"):
        make_env(load_system("phase4").model_copy(update={"name": "other"}), dataset, "train")


@pytest.mark.parametrize("make", [make_env, lambda *named: make_batch(*named, 2)])
def test_an_id_is_no_dataset_and_the_error_shows_how_to_load_one(make):
    shown = (
        r"`dataset` must be a Dataset, was '0eeb'\. Hint: .*load_dataset\(load_settings\(\).home.dataset\('0eeb'\)\)"
    )
    with pytest.raises(InvalidInputError, match=shown):
        make("shadow", "0eeb", "train")


def test_another_timeframe_is_refused(dataset):
    system = load_system("phase4").model_copy(update={"timeframe": "1h"})

    with pytest.raises(InvalidInputError, match="timeframe 1h, was 4h"):
        make_env(system, dataset, "train")


def test_an_episode_has_at_least_one_step(dataset):
    with pytest.raises(InvalidInputError, match="`episode_length` must be at least 1, was 0"):
        make_env("phase4", dataset, "train", episode_length=0)


def test_the_length_of_an_episode_can_be_chosen(dataset):
    env = make_env("phase4", dataset, "train", seed=1, episode_length=3)
    env.reset()

    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("make", [make_env, lambda *args, **more: make_batch(*args, 2, **more)])
def test_training_refuses_the_test_split_and_evaluation_does_not(dataset, make):
    refused = "`split` must be 'train' or 'validation' for training, was 'test'. Hint: .*evaluation"
    with pytest.raises(InvalidInputError, match=refused):
        make("phase4", dataset, "test")
    with pytest.raises(InvalidInputError, match=refused):
        make("phase4", dataset, "test", purpose="training", deterministic=True)

    make("phase4", dataset, "test", deterministic=True).reset()
    make("phase4", dataset, "test", purpose="evaluation").reset()
    make("phase4", dataset, "validation").reset()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_no_row_outside_the_split_is_played(dataset, split):
    window = dataset.info.splits[split]
    batch = make_batch("phase4", dataset, split, 8, purpose="evaluation", seed=1, episode_length=30)
    batch.reset()
    times = []
    for _ in range(200):
        times.append(batch.market.candles["open_time"][batch.seats["episode"]["row"]])
        batch.step(np.zeros(8, np.int64))

    assert to_ms(window.start) <= np.min(times) < np.max(times) < to_ms(window.end)


def test_settings_can_be_overridden_and_presets_chosen(dataset):
    env = make_env("phase4", dataset, "train", preset="handoff", symbols=[BTC], fee_bps=1.0, max_leverage=2.0)

    assert env.unwrapped.system.training.total_timesteps == 1_000_000
    assert env.unwrapped.system.account.fee_bps == 1.0
    assert env.unwrapped.system.account.max_leverage == 2.0


def test_sampled_environments_of_a_batch_have_settings_of_their_own(dataset):
    batch = make_batch("phase4", dataset, "train", 4, seed=3, is_sampled=True)
    env = make_env("phase4", dataset, "train", seed=5, is_sampled=True)
    batch.reset()
    env.reset()
    rng = np.random.default_rng(1)
    for _ in range(150):
        actions = rng.integers(5, size=4)
        observation, *_ = env.step(actions[2])

        assert (batch.step(actions).observations[2] == observation).all()
    assert len(set(batch.seats["account"]["fees_usd"].tolist())) == 4


def test_a_batch_has_at_least_one_environment(dataset):
    with pytest.raises(InvalidInputError, match="`n_envs` must be at least 1, was 0"):
        make_batch("phase4", dataset, "train", 0)


def test_a_symbol_with_fewer_rows_than_the_window_is_left_out(dataset):
    short = martingale(ETH, 1_200, seed=2)
    short.segment[:] = np.arange(1_200) // 20
    system = load_system("shadow").model_copy(update={"timeframe": "4h", "symbols": None})

    made = make_env(system, dataset_of(martingale(BTC, 1_200, seed=1), short), "train")

    assert made.unwrapped.symbols == (BTC,)


@pytest.fixture(scope="module")
def recorded_minutes(tmp_path_factory) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERPETUA_HOME", str(tmp_path_factory.mktemp("home")))
        settings = load_settings()
    info = freeze_file(settings, load_system("shadow"), recorded("klines_1m.parquet"))
    return load_dataset(settings.home.dataset(info.id))


def test_recorded_minutes_pass_the_checker_of_gymnasium_without_a_warning(recorded_minutes):
    assert recorded_minutes.info.rows == {"BTC/USDT:USDT": 62_427 - 99}
    assert recorded_minutes.info.inactive_features == {}

    # warnings are errors in every test
    check_env(make_env("shadow", recorded_minutes, "train", seed=1), skip_render_check=True)


@pytest.mark.parametrize("deterministic", [False, True])
def test_both_faces_play_recorded_minutes_alike(recorded_minutes, deterministic):
    single = make_env("shadow", recorded_minutes, "validation", seed=3, deterministic=deterministic)
    batch = make_batch("shadow", recorded_minutes, "validation", 1, seed=3, deterministic=deterministic)
    seen = single.reset()[0]
    assert (batch.reset()[0] == seen).all()

    ends = 0
    for action in np.random.default_rng(4).integers(4, size=5_000):
        seen, reward, terminated, truncated, _ = single.step(action)
        played = batch.step(np.array([action]))
        assert played.rewards[0] == np.float32(reward)
        if terminated or truncated:
            (end,) = batch.ends
            assert end.equity == single.unwrapped.account.equity
            seen, ends = single.reset()[0], ends + 1
        assert (played.observations[0] == seen).all()
    # 5,000 candles of validation: the whole run of them, or episodes of a day
    assert ends == (1 if deterministic else 3)
