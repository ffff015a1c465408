"""The zip is opened by stock stable-baselines3 in a process that knows nothing of this project."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from include.environments.make import BATCH_FACES
from include.training.fused.trainer import FusedTrainer
from include.training.policy import policy_of
from tests.support.masked import MASKED
from tests.unit.training.builders import tiny_dataset, tiny_system

READER = """
import sys
import numpy as np
from {module} import {algorithm}
model = {algorithm}.load(sys.argv[1], device="cpu")
observations = np.load(sys.argv[2])
actions, _ = model.predict(observations, deterministic=True)
state = model.policy.optimizer.state_dict()["state"]
np.savez(sys.argv[3], actions=actions, steps=[float(values["step"]) for values in state.values()],
         square=state[0]["exp_avg_sq"].numpy(), timesteps=model.num_timesteps, rate=model.lr_schedule(1.0),
         ent_coef=model.ent_coef)
assert not any(name == "include" or name.startswith("include.") for name in sys.modules)
"""


def _open(folder: Path, trainer: FusedTrainer, observations: np.ndarray, module: str, algorithm: str) -> dict:
    trainer.model().save_zip(folder / "model.zip")
    np.save(folder / "observations.npy", observations)
    arguments = [str(folder / name) for name in ("model.zip", "observations.npy", "answer.npz")]
    source = READER.format(module=module, algorithm=algorithm)
    # an empty working directory, and no path to this repository
    subprocess.run([sys.executable, "-I", "-c", source, *arguments], check=True, cwd=folder, timeout=300)
    with np.load(folder / "answer.npz") as answer:
        return dict(answer)


@pytest.mark.parametrize(
    ("is_masked", "module", "algorithm"),
    [(False, "stable_baselines3", "PPO"), (True, "sb3_contrib", "MaskablePPO")],
)
def test_stock_stable_baselines3_opens_the_zip_and_acts_identically(
    is_masked: bool, module: str, algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_masked:
        monkeypatch.setitem(BATCH_FACES, "phase4", MASKED)
    trainer = FusedTrainer(tiny_system(learning_rate=1e-3), tiny_dataset())
    for _ in range(3):
        trainer.advance()
    trainer.adjust(learning_rate=2e-4, ent_coef=0.03)
    model = trainer.model()
    raw = np.random.default_rng(0).normal(size=(500, 13)).astype(np.float32)
    answer = _open(tmp_path, trainer, model.normalizer.apply(raw), module, algorithm)
    expected = policy_of(model, ("a", "b", "c"), {}, "run").predict(raw)
    assert len(set(expected.tolist())) > 1
    assert (answer["actions"] == expected).all()
    # three rollouts of two epochs of two minibatches
    assert set(answer["steps"].tolist()) == {12.0}
    assert answer["square"].any()
    assert (int(answer["timesteps"]), float(answer["rate"]), float(answer["ent_coef"])) == (192, 2e-4, 0.03)


def test_saving_leaves_the_training_as_it_is(tmp_path: Path) -> None:
    saved, unsaved = (FusedTrainer(tiny_system(), tiny_dataset()) for _ in range(2))
    for trainer in (saved, unsaved):
        trainer.advance()
    saved.model().save_zip(tmp_path / "model.zip")
    assert saved.advance() == unsaved.advance()
    assert saved.model().sha256 == unsaved.model().sha256
