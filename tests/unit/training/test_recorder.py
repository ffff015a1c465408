"""What is written of episodes and updates."""

from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from include.evaluation.metrics import Metrics
from include.training.log_positions import log_positions, truncate_logs
from include.training.logs import ALL_LOGS, CONVERGENCE, EPISODES, TENSORBOARD, UPDATES, VALIDATION, read_log
from include.training.recorder import Episode, Recorder, Update
from include.training.scoring import ValidationScore
from tests.support.documents import document, needs_documents

STATISTICS = {"trades": 4, "win_rate": 0.25, "profit_factor": None, "sharpe": -1.5, "max_drawdown": 0.08, "steps": 200}
SCORE = ValidationScore(
    0.01, 3, "NO-GO", Metrics(total_return=0.01, win_rate=0.5, max_drawdown=0.02, trades=12.0), np.ones(2)
)


def _update(timestep: int) -> Update:
    return Update(timestep, policy_loss=-0.01, value_loss=0.5, entropy=1.6, approx_kl=0.02, clip_fraction=0.1)


def test_all_documented_log_files_are_there_from_the_start(tmp_path: Path) -> None:
    with Recorder(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {*ALL_LOGS, VALIDATION.name}


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
        recorder.validation(64, SCORE)
    events = EventAccumulator(str(tmp_path / TENSORBOARD))
    events.Reload()
    names = {"policy_loss", "value_loss", "entropy", "episode_reward", "episode_length", "approx_kl"}
    assert names | {"validation/total_return"} <= set(events.Tags()["scalars"])
    assert [(event.step, event.value) for event in events.Scalars("episode_reward")] == [(50, 2.5)]


@needs_documents
def test_tensorboard_carries_every_scalar_that_the_handoff_names(tmp_path: Path) -> None:
    line = next(line for line in document("phase4_handoff").splitlines() if line.startswith("Scalars: "))
    with Recorder(tmp_path) as recorder:
        recorder.episode(Episode(50, 2.5, 50, STATISTICS, 3e-4))
        recorder.update(_update(64))
    events = EventAccumulator(str(tmp_path / TENSORBOARD))
    events.Reload()
    assert set(line.removeprefix("Scalars: ").split(", ")) <= set(events.Tags()["scalars"])


def test_a_validation_round_is_a_row_with_undefined_metrics_empty(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        recorder.validation(64, SCORE)
    assert (tmp_path / VALIDATION.name).read_text().splitlines()[1] == "64,0.01,0.5,,,0.02,12.0,3"


def test_a_resumed_record_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    def play(recorder: Recorder, steps: list[int]) -> None:
        for step in steps:
            recorder.episode(Episode(step - 10, step / 7, 50, STATISTICS, 3e-4))
            recorder.update(_update(step))
            recorder.validation(step, SCORE)

    with Recorder(tmp_path / "whole") as recorder:
        play(recorder, [64, 128, 192, 256])
    with Recorder(tmp_path / "cut") as recorder:
        play(recorder, [64, 128])
        positions = log_positions(tmp_path / "cut")
        play(recorder, [192])
    assert truncate_logs(tmp_path / "cut", positions) == []
    with Recorder(tmp_path / "cut", resumed_at=128) as recorder:
        play(recorder, [192, 256])
    for log in (CONVERGENCE, UPDATES, EPISODES, VALIDATION):
        assert (tmp_path / "cut" / log.name).read_text() == (tmp_path / "whole" / log.name).read_text()
    events = EventAccumulator(str(tmp_path / "cut" / TENSORBOARD))
    events.Reload()
    assert [event.step for event in events.Scalars("policy_loss")] == [64, 128, 192, 256]
