import json
from dataclasses import replace

import numpy as np
import pytest

from include.core.errors import DivergedError, IntegrityError, InvalidInputError
from include.environments.make import BATCH_FACES
from include.features.dataset import Dataset
from include.training.engine import Snapshot
from include.training.fused.trainer import FusedTrainer
from include.training.sb3 import Sb3Trainer
from tests.support.masked import MASKED
from tests.unit.training.builders import tiny_dataset, tiny_system


def _trainer(**training: object) -> FusedTrainer:
    return FusedTrainer(tiny_system(**training), tiny_dataset())


def _through_json(snapshot: Snapshot) -> Snapshot:
    return Snapshot(snapshot.arrays, json.loads(json.dumps(snapshot.meta)))


def _broken(column: int, value: float) -> Dataset:
    dataset = tiny_dataset()
    series = {
        name: replace(rows, features=np.where(np.arange(3) == column, value, rows.features).astype(np.float32))
        for name, rows in dataset.series.items()
    }
    return replace(dataset, series=series)


def test_it_starts_with_the_parameters_of_stable_baselines3() -> None:
    system = tiny_system()
    ours, theirs = FusedTrainer(system, tiny_dataset()).model(), Sb3Trainer(system, tiny_dataset()).model()
    assert ours.sha256 == theirs.sha256
    assert ours.architecture == theirs.architecture
    assert ours.timestep == theirs.timestep == 0


def test_a_rollout_counts_the_steps_of_all_environments_and_gives_its_episodes() -> None:
    trainer = _trainer(n_envs=3)
    first, second = trainer.advance(), trainer.advance()
    assert (first.timestep, second.timestep, trainer.timestep) == (192, 384, 384)
    assert first.update.timestep == 192
    # episodes of at most 50 steps, 64 steps in each environment and rollout
    assert len(first.episodes) >= 3
    for episode in first.episodes + second.episodes:
        assert episode.timesteps % 3 == 0
        assert 0 < episode.timesteps <= 384
        assert 1 <= episode.length <= 50
        assert episode.learning_rate == 3e-4


def test_the_same_seed_gives_the_same_parameters_and_another_seed_others() -> None:
    hashes = []
    for seed in (7, 7, 8):
        trainer = _trainer(seed=seed)
        trainer.advance()
        trainer.advance()
        hashes.append(trainer.model().sha256)
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


@pytest.mark.parametrize("is_masked", [False, True])
@pytest.mark.parametrize("n_envs", [1, 3])
def test_a_restored_trainer_goes_on_bit_for_bit(n_envs: int, is_masked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_masked:
        monkeypatch.setitem(BATCH_FACES, "phase4", MASKED)
    whole = _trainer(n_envs=n_envs)
    whole.advance()
    whole.adjust(learning_rate=1e-4, ent_coef=0.02)
    taken = _through_json(whole.snapshot())
    expected = [whole.advance() for _ in range(3)]
    resumed = _trainer(n_envs=n_envs, seed=99)
    resumed.restore(taken)
    assert [resumed.advance() for _ in range(3)] == expected
    after, uninterrupted = resumed.snapshot(), whole.snapshot()
    assert after.meta == uninterrupted.meta
    for name, array in uninterrupted.arrays.items():
        assert (after.arrays[name] == array).all(), name
    assert resumed.model().sha256 == whole.model().sha256


def test_a_snapshot_does_not_change_with_the_training() -> None:
    trainer = _trainer()
    taken = trainer.snapshot()
    before = {name: array.copy() for name, array in taken.arrays.items()}
    trainer.advance()
    for name, array in before.items():
        assert (taken.arrays[name] == array).all(), name


def test_a_snapshot_without_an_array_is_refused() -> None:
    trainer = _trainer()
    taken = trainer.snapshot()
    arrays = {name: array for name, array in taken.arrays.items() if name != "adam/square"}
    with pytest.raises(IntegrityError, match="adam/square"):
        trainer.restore(Snapshot(arrays, taken.meta))


def test_a_snapshot_of_another_number_of_environments_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="number of environments"):
        _trainer(n_envs=2).restore(_trainer().snapshot())


@pytest.mark.parametrize("change", [{"learning_rate": 1e-4}, {"ent_coef": 0.1}])
def test_an_adjusted_coefficient_counts_from_the_next_update(change: dict[str, float]) -> None:
    adjusted, asked, untouched = _trainer(), _trainer(**change), _trainer()
    adjusted.adjust(**change)
    for trainer in (adjusted, asked, untouched):
        trainer.advance()
    assert adjusted.model().sha256 == asked.model().sha256
    assert adjusted.model().sha256 != untouched.model().sha256


def test_a_broken_feature_ends_the_training_with_its_name() -> None:
    with pytest.raises(DivergedError, match="f_test_1"):
        FusedTrainer(tiny_system(), _broken(1, np.nan)).advance()


def test_exploding_parameters_end_the_training() -> None:
    trainer = _trainer()
    trainer.adjust(learning_rate=1e9)
    with pytest.raises(DivergedError, match="after the update at step 64"):
        trainer.advance()


def test_its_normaliser_is_the_one_that_observations_were_normalised_with() -> None:
    trainer = _trainer()
    assert trainer.model().normalizer.count == pytest.approx(1.0001)
    trainer.advance()
    normalizer = trainer.model().normalizer
    assert normalizer.count == pytest.approx(65.0001)
    assert normalizer.is_active
    assert normalizer.gamma == 0.99
