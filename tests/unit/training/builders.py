"""Hand-made run folders and tiny datasets for the tests of training."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from include.config.system import SystemConfig, load_system
from include.features.dataset import Dataset
from include.training.artifacts import Architecture, ModelState
from include.training.bundle import BundleInfo
from include.training.checkpoints import save_checkpoint
from include.training.identity import identity_of
from include.training.logs import ALERTS, CONVERGENCE, DAILY_SUMMARY, EPISODES, LOGS, TENSORBOARD, UPDATES, LogWriter
from include.training.normalizer import Normalizer
from include.training.runs import RunInfo, write_run
from tests.support.datasets import dataset_of, martingale

NOW = datetime(2026, 2, 24, 10, 0, tzinfo=UTC)
STARTED = datetime(2026, 2, 23, 10, 0, tzinfo=UTC)
HIDDEN = (4, 4)
TINY = {
    "training.engine": "sb3",
    "training.n_steps": 64,
    "training.batch_size": 32,
    "training.n_epochs": 2,
    "training.net_arch": [16, 16],
    "training.checkpoint_every_steps": 100,
    "training.checkpoints_kept": 2,
    "episode_length": 50,
}


def tiny_system(**overrides: object) -> SystemConfig:
    """Return phase4 small enough to train in a second; keys of `training` are given by their own name."""
    return load_system("phase4", overrides=TINY | {f"training.{name}": value for name, value in overrides.items()})


def tiny_dataset() -> Dataset:
    """Return two random walks of 1,200 candles with three noise features."""
    return dataset_of(martingale("AAA/USDT:USDT", 1200, seed=1), martingale("BBB/USDT:USDT", 1200, seed=2))


def run_info(run_id: str = "phase4-test", **changes: object) -> RunInfo:
    """Return the record of a run of 500,000 steps that has just started."""
    values: dict[str, object] = {
        "run_id": run_id,
        "system": "phase4",
        "preset": None,
        "engine": "sb3",
        "seed": 42,
        "dataset_id": "d" * 16,
        "config_path": "config.json",
        "config_sha256": "c" * 64,
        "features": ("f_test_0", "f_test_1", "f_test_2"),
        "inactive_features": {},
        "observation_size": 13,
        "actions": 5,
        "total_timesteps": 500_000,
        "checkpoint_every_steps": 10_000,
        "started_at": STARTED,
        "versions": {},
        "host": {},
    }
    return RunInfo.model_validate(values | changes)


def write_run_folder(
    folder: Path,
    updates: Iterable[Mapping[str, float | None]] = (),
    episodes: Iterable[Mapping[str, float | None]] = (),
    **changes: object,
) -> Path:
    """Write a run whose logs hold healthy rows changed by `updates` and `episodes`, one row each."""
    write_run(folder, run_info(folder.name, **changes))
    logs = folder / LOGS
    with LogWriter(logs, CONVERGENCE) as convergence, LogWriter(logs, UPDATES) as training:
        for row in updates:
            values = HEALTHY_UPDATE | dict(row)
            convergence.write({name: values[source] for name, source in _CONVERGENCE_SOURCE.items()})
            training.write({name: values[name] for name in UPDATES.columns})
    with LogWriter(logs, EPISODES) as writer:
        for number, row in enumerate(episodes, start=1):
            writer.write(HEALTHY_EPISODE | {"episode": number} | dict(row))
    for name in (DAILY_SUMMARY, ALERTS):
        (logs / name).touch()
    (logs / TENSORBOARD).mkdir(exist_ok=True)
    return folder


def model_state(timestep: int = 100, seed: int = 0) -> ModelState:
    """Return an untrained model of 13 inputs and 5 actions with random weights and statistics."""
    rng = np.random.default_rng(seed)
    widths = {"mlp_extractor.policy_net.0": (4, 13), "mlp_extractor.policy_net.2": (4, 4), "action_net": (5, 4)}
    parameters = {f"{name}.weight": rng.normal(size=shape).astype(np.float32) for name, shape in widths.items()}
    parameters |= {f"{name}.bias": rng.normal(size=shape[0]).astype(np.float32) for name, shape in widths.items()}
    return ModelState(
        timestep=timestep,
        parameters=parameters,
        normalizer=normalizer(rng),
        architecture=Architecture(observation_size=13, hidden=HIDDEN, actions=5),
        save_zip=lambda target: _write_bytes(target, b"not a model, only bytes"),
    )


def normalizer(rng: np.random.Generator, size: int = 13) -> Normalizer:
    """Return random observation statistics."""
    return Normalizer(
        mean=rng.normal(size=size),
        variance=rng.uniform(0.1, 2.0, size),
        count=1000.25,
        return_mean=0.1,
        return_variance=2.0,
        return_count=1000.25,
        clip=10.0,
        reward_clip=10.0,
        epsilon=1e-8,
        gamma=0.99,
        is_active=True,
    )


def bundle_info(**changes: object) -> BundleInfo:
    """Return the record of a bundle of run "r" at step 100."""
    values: dict[str, object] = {
        "run_id": "r",
        "timestep": 100,
        "token": 1,
        "code_version": "c" * 40,
        "identity": identity_of(tiny_system(), tiny_dataset().info, "cpu"),
        "logs": {},
        "episodes": 0,
        "alerting": (),
        "best": None,
        "learning_rate": 3e-4,
        "ent_coef": 0.001,
        "trainer": {},
    }
    return BundleInfo.model_validate(values | changes)


def add_checkpoint(folder: Path, timestep: int) -> Path:
    """Save a checkpoint of an untrained model in the run `folder`."""
    return save_checkpoint(folder, model_state(timestep), folder.name, score=0.01)


HEALTHY_UPDATE: dict[str, float | None] = {
    "timestep": 200_000,
    "reward": 1.0,
    "policy_loss": -0.01,
    "value_loss": 0.2,
    "entropy": 1.2,
    "approx_kl": 0.01,
    "clip_fraction": 0.15,
}
HEALTHY_EPISODE: dict[str, float | None] = {
    "episode": 1,
    "timesteps": 200_000,
    "reward": 1.0,
    "length": 200,
    "win_rate": 0.5,
    "profit_factor": 1.2,
    "sharpe": 1.0,
    "max_dd": 0.1,
    "lr": 3e-4,
}
_CONVERGENCE_SOURCE = {
    "timestep": "timestep",
    "reward": "reward",
    "kl_divergence": "approx_kl",
    "value_loss": "value_loss",
    "policy_entropy": "entropy",
}


def _write_bytes(target: Path, content: bytes) -> None:
    target.write_bytes(content)


def champion_record(**changes: object) -> dict[str, object]:
    """Return the document of a `champion.json` whose model was tested until 20 February 2026."""
    return {
        "system": "phase4",
        "run_id": "phase4-abc",
        "dataset_id": "d" * 16,
        "model_sha256": "a" * 64,
        "revalidation_id": "0" * 16,
        "result_sha256": "b" * 64,
        "decision": "GO",
        "approved_by": "ada",
        "promoted_at": "2026-02-20T09:00:00Z",
        "tested_until": "2026-02-20T00:00:00Z",
        "expires_at": "2026-03-20T00:00:00Z",
    } | changes
