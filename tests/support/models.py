"""Models made by hand, planted into a home as finished runs: whatever reads them reads them like trained ones."""

from pathlib import Path

import numpy as np

from include.config.settings import Settings
from include.config.system import load_system
from include.features.dataset import Dataset
from include.training.artifacts import BEST, FINAL, Architecture, ModelState, write_model
from include.training.normalizer import Normalizer
from include.training.runs import write_config
from tests.support.controls import Layers
from tests.unit.training.builders import write_run_folder

_NAMES = ("mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2", "action_net")


def model_of(layers: Layers) -> ModelState:
    """Return a model of two hidden layers and the action layer, without normalisation."""
    inputs, actions = layers[0][0].shape[1], len(layers[-1][1])
    parameters = {
        f"{name}.{part}": value
        for name, layer in zip(_NAMES, layers, strict=True)
        for part, value in zip(("weight", "bias"), layer, strict=True)
    }
    identity = Normalizer(
        mean=np.zeros(inputs), variance=np.ones(inputs), count=1.0, return_mean=0.0, return_variance=1.0,
        return_count=1.0, clip=10.0, reward_clip=10.0, epsilon=1e-8, gamma=0.99, is_active=False,
    )  # fmt: skip
    return ModelState(
        timestep=100,
        parameters=parameters,
        normalizer=identity,
        architecture=Architecture(
            observation_size=inputs, hidden=(len(layers[0][1]), len(layers[1][1])), actions=actions
        ),
        save_zip=lambda target: target.write_bytes(b"the zip is for stock readers and is never opened here"),
    )


def plant(settings: Settings, dataset: Dataset, run_id: str, layers: Layers) -> Path:
    """Write a finished run of phase4 on `dataset` whose best and final model decide by `layers`."""
    run, features = settings.home.run(run_id), dataset.info.features
    write_run_folder(
        run, [{"timestep": 100}], status="finished", dataset_id=dataset.info.id, features=features, timesteps=100
    )
    write_config(run, load_system("phase4"))
    for files in (BEST, FINAL):
        write_model(run, files, model_of(layers), run_id, 0.1)
    return run
