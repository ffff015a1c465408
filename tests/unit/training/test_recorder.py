"""What is written of episodes and updates."""

from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from include.training.logs import ALL_LOGS, CONVERGENCE, EPISODES, TENSORBOARD, UPDATES, read_log
from include.training.recorder import Episode, Recorder, Update

STATISTICS = {"trades": 4, "win_rate": 0.25, "profit_factor": None, "sharpe": -1.5, "max_drawdown": 0.08, "steps": 200}


def _update(timestep: int) -> Update:
    return Update(timestep, policy_loss=-0.01, value_loss=0.5, entropy=1.6, approx_kl=0.02, clip_fraction=0.1)


def test_all_documented_log_files_are_there_from_the_start(tmp_path: Path) -> None:
    with Recorder(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == set(ALL_LOGS)


def test_an_episode_becomes_one_row_with_undefined_values_empty(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder.episode(Episode(200, -12.5, 200, STATISTICS, 3e-4))
    assert (tmp_path / EPISODES.name).read_text().splitlines()[1] == "1,200,-12.5,200,0.25,,-1.5,0.08,0.0003"


def test_the_dashboard_reward_is_the_mean_of_the_episodes_since_the_last_update(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder.update(_update(64))
        for reward in (1.0, 3.0):
            recorder.episode(Episode(100, reward, 50, STATISTICS, 3e-4))
        recorder.update(_update(128))
        recorder.episode(Episode(150, 7.0, 50, STATISTICS, 3e-4))
        recorder.update(_update(192))
    rewards = read_log(tmp_path, CONVERGENCE)["reward"]
    assert np.isnan(rewards[0])
    assert rewards[1:].tolist() == [2.0, 7.0]


def test_an_update_has_the_same_figures_in_both_files(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder.update(_update(64))
    dashboard, metrics = read_log(tmp_path, CONVERGENCE), read_log(tmp_path, UPDATES)
    for name, same in (("kl_divergence", "approx_kl"), ("policy_entropy", "entropy"), ("value_loss", "value_loss")):
        assert dashboard[name].tolist() == metrics[same].tolist()
    assert metrics["policy_loss"].tolist() == [-0.01]


def test_tensorboard_carries_the_scalars_of_the_handoff_and_kl(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder.episode(Episode(50, 2.5, 50, STATISTICS, 3e-4))
        recorder.update(_update(64))
        recorder.validation(64, 0.01)
    events = EventAccumulator(str(tmp_path / TENSORBOARD))
    events.Reload()
    names = {"policy_loss", "value_loss", "entropy", "episode_reward", "episode_length", "approx_kl"}
    assert names <= set(events.Tags()["scalars"])
    assert [(event.step, event.value) for event in events.Scalars("episode_reward")] == [(50, 2.5)]
