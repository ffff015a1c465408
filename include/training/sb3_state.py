"""What a training of stable-baselines3 consists of at a rollout boundary, copied out as plain arrays and back.

`save` and `load` of stable-baselines3 leave out the environments, the random states and the last observations,
and run code from the file; nothing here does.
"""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecNormalize

from include.core.errors import IntegrityError
from include.environments.batch import BatchEnv, BatchSnapshot
from include.training.engine import Snapshot
from include.training.sb3_model import Stepped, normalizer_of, parameters_of, statistics_of

Arrays = dict[str, NDArray[Any]]


def snapshot(model: Stepped, env: VecNormalize, batch: BatchEnv) -> Snapshot:
    """Return everything that decides how `model` goes on."""
    observations, starts, updates = model.position
    played, randoms = batch.snapshot(), _random_states()
    normalizer = normalizer_of(env)
    arrays = (
        _prefixed("parameters", parameters_of(model))
        | _prefixed("optimizer", _moments(model))
        | _prefixed("batch", played.arrays)
        | _prefixed("random", randoms.arrays)
        | {
            "normalizer/mean": normalizer.mean,
            "normalizer/variance": normalizer.variance,
            "normalizer/returns": env.returns.copy(),
            "last/observations": observations,
            "last/episode_starts": starts,
        }
    )
    meta = {
        "timestep": model.num_timesteps,
        "updates": updates,
        "learning_rate": float(model.lr_schedule(1.0)),
        "ent_coef": model.ent_coef,
        "counts": [normalizer.count, normalizer.return_mean, normalizer.return_variance, normalizer.return_count],
        "batch": played.meta,
        "random": randoms.meta,
    }
    return Snapshot(arrays, meta)


def restore(model: Stepped, env: VecNormalize, batch: BatchEnv, taken: Snapshot) -> None:
    """Put `model`, its environments and the random states of the process back to `taken`."""
    arrays, meta = taken.arrays, taken.meta
    try:
        _restore_policy(model, arrays, meta)
        _restore_normalizer(env, arrays, meta["counts"])
        batch.restore(BatchSnapshot(_under("batch", arrays), meta["batch"]))
        starts = arrays["last/episode_starts"].copy()
        model.position = arrays["last/observations"].copy(), starts, meta["updates"]
        _restore_random_states(arrays, meta["random"])
    except KeyError as error:
        raise IntegrityError(f"`snapshot` must hold {error}, was without it.") from error


def _restore_policy(model: Stepped, arrays: Arrays, meta: dict[str, Any]) -> None:
    tensors = {name: torch.from_numpy(array.copy()) for name, array in _under("parameters", arrays).items()}
    model.policy.load_state_dict(tensors)
    moments = _under("optimizer", arrays)
    optimizer = model.policy.optimizer
    document = optimizer.state_dict()
    document["state"] = {}
    for name, array in moments.items():
        index, _, key = name.partition("/")
        document["state"].setdefault(int(index), {})[key] = torch.from_numpy(array.copy())
    optimizer.load_state_dict(document)
    model.num_timesteps = meta["timestep"]
    model.set_learning_rate(meta["learning_rate"])
    model.ent_coef = meta["ent_coef"]


def _moments(model: Stepped) -> Arrays:
    state = model.policy.optimizer.state_dict()["state"]
    return {
        f"{index}/{key}": tensor.detach().cpu().numpy().copy()
        for index, values in state.items()
        for key, tensor in values.items()
    }


def _restore_normalizer(env: VecNormalize, arrays: Arrays, counts: list[float]) -> None:
    observations = statistics_of(env)
    observations.mean = arrays["normalizer/mean"].copy()
    observations.var = arrays["normalizer/variance"].copy()
    observations.count = counts[0]
    env.ret_rms.mean, env.ret_rms.var = np.array(counts[1]), np.array(counts[2])
    env.ret_rms.count = counts[3]
    env.returns = arrays["normalizer/returns"].copy()


def _random_states() -> BatchSnapshot:
    version, words, gauss = random.getstate()
    # stock PPO shuffles its minibatches with numpy's global generator
    drawn: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    arrays: Arrays = {
        "python": np.array(words, np.uint64),
        "numpy": drawn["state"]["key"].copy(),
        "torch": torch.get_rng_state().numpy().copy(),
    }
    if torch.cuda.is_available():
        arrays["cuda"] = torch.cuda.get_rng_state().numpy().copy()
    numbers = {"has_gauss": drawn["has_gauss"], "gauss": drawn["gauss"], "pos": drawn["state"]["pos"]}
    return BatchSnapshot(arrays, {"python": [version, gauss], "numpy": numbers})


def _restore_random_states(arrays: Arrays, meta: dict[str, Any]) -> None:
    version, gauss = meta["python"]
    random.setstate((version, tuple(arrays["random/python"].tolist()), gauss))
    numbers = meta["numpy"]
    np.random.set_state(  # noqa: NPY002
        {
            "bit_generator": "MT19937",
            "state": {"key": arrays["random/numpy"], "pos": numbers["pos"]},
            "has_gauss": numbers["has_gauss"],
            "gauss": numbers["gauss"],
        }
    )
    torch.set_rng_state(torch.from_numpy(arrays["random/torch"].copy()))
    if "random/cuda" in arrays and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(arrays["random/cuda"].copy()))


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(f"{prefix}/"): array for name, array in arrays.items() if name.startswith(f"{prefix}/")}
