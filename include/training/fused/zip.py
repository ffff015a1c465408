"""The model as stock stable-baselines3 holds it: where the first parameters come from and where the zip is written."""

from pathlib import Path

import torch

from include.config.system import SystemConfig
from include.environments.batch import BatchEnv
from include.training.artifacts import Parameters
from include.training.sb3_model import Stepped, parameters_of, untrained
from include.training.vec_env import BatchVecEnv


def first_parameters(system: SystemConfig, batch: BatchEnv) -> Parameters:
    """Return the parameters that stock PPO starts with under `system.training.seed`."""
    return parameters_of(_stock(system, batch))


def save_zip(
    target: Path,
    *,
    system: SystemConfig,
    batch: BatchEnv,
    timestep: int,
    parameters: Parameters,
    moments: tuple[Parameters, Parameters],
    steps: int,
) -> None:
    """Write a zip that `PPO.load` opens, or `MaskablePPO.load` where the system masks actions.

    Parameters
    ----------
    target : Path
        File to write.
    system : SystemConfig
        With the coefficients now in force.
    batch : BatchEnv
        Gives the spaces; it is left as it is.
    timestep : int
        Environment steps behind the model.
    parameters : dict of float32 arrays
        Named as stable-baselines3 names them.
    moments : tuple of two such dicts
        Adam's means of the gradient and of its square.
    steps : int
        Adam's steps.
    """
    model = _stock(system, batch)
    model.num_timesteps = timestep
    policy = model.policy
    policy.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in parameters.items()})
    if steps:
        document = policy.optimizer.state_dict()
        document["state"] = {
            index: {
                "step": torch.tensor(float(steps)),
                "exp_avg": torch.from_numpy(moments[0][name]),
                "exp_avg_sq": torch.from_numpy(moments[1][name]),
            }
            for index, (name, _) in enumerate(policy.named_parameters())
        }
        policy.optimizer.load_state_dict(document)
    model.save(target)


def _stock(system: SystemConfig, batch: BatchEnv) -> Stepped:
    return untrained(system, BatchVecEnv(batch), is_masked=batch.has_masks)
