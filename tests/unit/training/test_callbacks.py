"""The adapters: rollout boundaries, raw rewards, guards, progress."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3.common.callbacks import BaseCallback

from include.core.errors import DivergedError
from include.features.dataset import Dataset
from include.training.callbacks import BoundaryCallback, GuardCallback, ProgressCallback, RecordCallback
from include.training.logs import EPISODES, UPDATES, read_log
from include.training.recorder import Recorder
from include.training.sb3 import build_model
from tests.support.datasets import dataset_of, martingale
from tests.unit.training.builders import tiny_dataset, tiny_system


def _learn(
    callbacks: Sequence[BaseCallback], steps: int = 192, dataset: Dataset | None = None, **overrides: object
) -> None:
    build_model(tiny_system(**overrides), dataset or tiny_dataset()).learn(steps, callback=list(callbacks))


class _Boundaries(BoundaryCallback):
    def __init__(self) -> None:
        super().__init__()
        self.met: list[int] = []

    def on_boundary(self) -> None:
        self.met.append(self.update.timestep)


def test_a_boundary_is_met_once_after_every_update() -> None:
    boundaries = _Boundaries()
    _learn([boundaries])
    assert boundaries.met == [64, 128, 192]


def test_every_update_and_episode_is_recorded(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        _learn([RecordCallback(recorder)])
    assert read_log(tmp_path, UPDATES)["timestep"].tolist() == [64, 128, 192]
    episodes = read_log(tmp_path, EPISODES)
    assert episodes["length"].tolist()[:3] == [50.0, 50.0, 50.0]
    assert episodes["timesteps"].tolist()[:3] == [50.0, 100.0, 150.0]
    assert set(episodes["lr"]) == {3e-4}
    assert np.isfinite(episodes["max_dd"]).all()


class _RawRewards(BaseCallback):
    def __init__(self) -> None:
        super().__init__()
        self.sums: list[float] = [0.0]

    def _on_step(self) -> bool:
        # the environment's own reward, before VecNormalize; nothing is clipped in this market
        self.sums[-1] += float(self.training_env.get_original_reward()[0])
        if self.locals["dones"][0]:
            self.sums.append(0.0)
        return True


def test_the_episode_reward_is_raw_not_normalised(tmp_path: Path) -> None:
    raw = _RawRewards()
    with Recorder(tmp_path) as recorder:
        _learn([RecordCallback(recorder), raw])
    rewards = read_log(tmp_path, EPISODES)["reward"]
    np.testing.assert_allclose(rewards, raw.sums[: len(rewards)], rtol=1e-5)


def test_the_episode_reward_is_taken_before_the_clip(tmp_path: Path) -> None:
    system = tiny_system()
    clipped = system.model_copy(update={"reward": system.reward.model_copy(update={"clip": 1e-6})})
    with Recorder(tmp_path) as recorder:
        build_model(clipped, tiny_dataset()).learn(64, callback=[RecordCallback(recorder)])
    # 50 steps of at most 1e-6 each could never sum to this
    assert abs(read_log(tmp_path, EPISODES)["reward"][0]) > 0.1


def test_nan_in_a_feature_stops_the_training_and_names_the_feature() -> None:
    series = martingale("AAA/USDT:USDT", 1200, seed=1)
    series.features[:, 1] = np.nan
    with pytest.raises(DivergedError, match=r"`f_test_1` .* was nan at step"):
        _learn([GuardCallback(("f_test_0", "f_test_1", "f_test_2"))], dataset=dataset_of(series))


def test_nan_parameters_stop_the_training() -> None:
    class Break(BoundaryCallback):
        def on_boundary(self) -> None:
            next(iter(self.model.policy.parameters())).data[0] = np.nan

    with pytest.raises(DivergedError, match="a parameter was NaN or infinite at step 64"):
        _learn([Break(), GuardCallback(())])


def test_a_healthy_training_passes_the_guard() -> None:
    _learn([GuardCallback(("f_test_0", "f_test_1", "f_test_2"))], steps=64)


def test_progress_ends_at_the_total_and_never_goes_beyond() -> None:
    calls: list[tuple[str, int, int]] = []
    _learn([ProgressCallback(lambda *call: calls.append(call), 300)], steps=300)
    assert [label for label, _, _ in calls] == ["training"] * len(calls)
    assert [done for _, done, _ in calls] == [256, 300]
    assert {total for _, _, total in calls} == {300}
