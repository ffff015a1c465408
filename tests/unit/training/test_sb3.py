"""The reference engine behind the loop's interface: exact resume, episodes, guards, masks."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sb3_contrib import MaskablePPO

from include.config.system import SystemConfig, load_system
from include.core.errors import DivergedError, IntegrityError
from include.environments.make import BATCH_FACES
from include.features.dataset import Dataset
from include.training.engine import Outcome, Snapshot
from include.training.sb3 import Sb3Trainer
from tests.support.datasets import dataset_of, martingale
from tests.support.minutes import minute_dataset, rough
from tests.unit.training.builders import TINY, tiny_dataset, tiny_system


def _minutes() -> tuple[SystemConfig, Dataset]:
    symbol = "S0/USDT:USDT"
    system = load_system("shadow", overrides=TINY | {"symbols": [symbol], "training.n_envs": 3, "episode_length": 20})
    return system, minute_dataset(rough(symbol, 1_500, seed=0))


@pytest.fixture
def masked(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Forbid opening in a position and all else while flat; return the list of masks that are asked for."""
    asked: list[np.ndarray] = []

    def masks(seats: Any, rules: Any, market: Any, allowed: np.ndarray) -> None:
        is_open = seats["account"]["quantity"] != 0.0
        allowed[:, 1:3] = ~is_open[:, None]
        allowed[:, 3:] = is_open[:, None]
        asked.append(allowed.copy())

    monkeypatch.setitem(BATCH_FACES, "phase4", replace(BATCH_FACES["phase4"], masks=masks))
    return asked


def _assert_goes_on_exactly(system: SystemConfig, dataset: Dataset) -> None:
    trainer = Sb3Trainer(system, dataset)
    trainer.advance()
    trainer.adjust(learning_rate=1e-4, ent_coef=0.01)
    trainer.advance()
    taken = trainer.snapshot()
    stored = Snapshot({name: array.copy() for name, array in taken.arrays.items()}, dict(taken.meta))
    expected = [trainer.advance() for _ in range(3)]
    # another trainer in between moves every global random state
    other = Sb3Trainer(system, dataset)
    other.advance()
    other.restore(stored)
    assert [_figures(outcome) for outcome in expected] == [_figures(other.advance()) for _ in range(3)]
    assert trainer.model().sha256 == other.model().sha256
    assert trainer.model().normalizer.to_json() == other.model().normalizer.to_json()
    theirs = other.snapshot()
    for name, array in trainer.snapshot().arrays.items():
        if not name.startswith("random/"):
            assert array.tobytes() == theirs.arrays[name].tobytes(), name


def _figures(outcome: Outcome) -> str:
    return repr(outcome)


def test_a_restored_training_goes_on_bit_for_bit() -> None:
    _assert_goes_on_exactly(tiny_system(n_envs=2), tiny_dataset())


def test_so_does_one_with_a_lookback_and_other_settings() -> None:
    system, dataset = _minutes()
    _assert_goes_on_exactly(system, dataset)


@pytest.mark.parametrize("name", ["normalize_observations", "normalize_reward"])
def test_so_does_one_without_normalisation(name: str) -> None:
    _assert_goes_on_exactly(tiny_system(**{name: False}), tiny_dataset())


def test_so_does_a_masked_one(masked: list[np.ndarray]) -> None:
    _assert_goes_on_exactly(tiny_system(n_envs=2), tiny_dataset())


def test_a_masked_system_is_trained_by_maskable_ppo_and_never_plays_a_forbidden_action(
    masked: list[np.ndarray],
) -> None:
    trainer = Sb3Trainer(tiny_system(n_envs=2), tiny_dataset())
    assert isinstance(trainer._model, MaskablePPO)
    assert [list(row) for row in masked] == []
    trainer.advance()
    buffer = trainer._model.rollout_buffer
    allowed = buffer.action_masks.reshape(-1, 5).astype(bool)
    actions = buffer.actions.reshape(-1).astype(int)
    assert allowed[np.arange(len(actions)), actions].all()
    assert not allowed.all()
    assert len(masked) == 64


def test_a_rollout_is_n_steps_of_every_environment() -> None:
    trainer = Sb3Trainer(tiny_system(n_envs=2), tiny_dataset())
    outcome = trainer.advance()
    assert outcome.timestep == trainer.timestep == outcome.update.timestep == 128
    assert [(episode.timesteps, episode.length) for episode in outcome.episodes] == [(100, 50), (100, 50)]


def test_an_episodes_reward_is_taken_before_the_clip_and_the_normalisation() -> None:
    system = tiny_system()
    clipped = system.model_copy(update={"reward": system.reward.model_copy(update={"clip": 1e-6})})
    free, bound = (Sb3Trainer(config, tiny_dataset()).advance().episodes[0] for config in (system, clipped))
    # the same actions in the same episode: nothing was learnt yet
    assert bound.reward == free.reward
    # 50 steps of at most 1e-6 each could never sum to this
    assert abs(bound.reward) > 0.1


def test_coefficients_change_from_the_next_update_on() -> None:
    trainer = Sb3Trainer(tiny_system(), tiny_dataset())
    trainer.advance()
    assert trainer._model.policy.optimizer.param_groups[0]["lr"] == 3e-4
    trainer.adjust(learning_rate=1e-4, ent_coef=0.02)
    trainer.advance()
    assert trainer._model.policy.optimizer.param_groups[0]["lr"] == 1e-4
    assert trainer._model.ent_coef == 0.02
    trainer.adjust()
    assert trainer.snapshot().meta["learning_rate"] == 1e-4


def test_nan_in_a_feature_stops_the_training_and_names_it() -> None:
    series = martingale("AAA/USDT:USDT", 1200, seed=1)
    series.features[200, 1] = np.nan
    trainer = Sb3Trainer(tiny_system(), dataset_of(series))
    with pytest.raises(DivergedError, match=r"`f_test_1` was nan at step"):
        for _ in range(50):
            trainer.advance()


def test_nan_in_the_very_first_observation_is_named_too() -> None:
    series = martingale("AAA/USDT:USDT", 1200, seed=1)
    series.features[:, 2] = np.nan
    with pytest.raises(DivergedError, match=r"`f_test_2` was nan at step 0"):
        Sb3Trainer(tiny_system(), dataset_of(series))


def test_an_exploding_update_is_a_divergence_not_a_torch_error() -> None:
    system = tiny_system(normalize_observations=False, normalize_reward=False, vf_coef=1e38, max_grad_norm=1e38)
    trainer = Sb3Trainer(system, tiny_dataset())
    with pytest.raises(DivergedError, match="reduce `learning_rate`"):
        for _ in range(10):
            trainer.advance()


def test_a_snapshot_without_a_part_is_refused() -> None:
    trainer = Sb3Trainer(tiny_system(), tiny_dataset())
    taken = trainer.snapshot()
    arrays = {name: array for name, array in taken.arrays.items() if name != "normalizer/returns"}
    with pytest.raises(IntegrityError, match="must hold 'normalizer/returns'"):
        trainer.restore(Snapshot(arrays, taken.meta))
