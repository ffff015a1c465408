"""The fused engine: PPO on tanh networks, environments, normalisation and updates all in compiled kernels."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from include.config.system import SystemConfig, with_settings
from include.core.errors import IntegrityError
from include.core.seeding import derive_seed
from include.environments.batch import EpisodeEnd
from include.environments.make import make_batch
from include.features.dataset import Dataset
from include.training.artifacts import Architecture, ModelState
from include.training.engine import Outcome, Snapshot
from include.training.fused.layout import Layout
from include.training.fused.learner import Learner
from include.training.fused.player import Player
from include.training.fused.zip import first_parameters, save_zip
from include.training.guards import Guard
from include.training.recorder import Episode, Update


class FusedTrainer:
    """PPO over `system.training.n_envs` environments of the batch face; action masks are heeded where there are any.

    Parameters
    ----------
    system : SystemConfig
        Hyper-parameters and seed.
    dataset : Dataset
        Its train split is played.
    """

    def __init__(self, system: SystemConfig, dataset: Dataset) -> None:
        training = system.training
        seed = derive_seed(training.seed, "environment")
        self._system = system
        self._batch = make_batch(system, dataset, "train", training.n_envs, purpose="training", seed=seed)
        (size,), actions = self._batch.observation_space.shape or (0,), int(self._batch.action_space.n)
        self._architecture = Architecture(observation_size=size, hidden=training.net_arch, actions=actions)
        layout = Layout(size, training.net_arch, actions)
        self._learner = Learner(layout, training, first_parameters(system, self._batch))
        self._player = Player(self._batch, layout, training)
        self._random = np.random.default_rng(derive_seed(training.seed, "fused"))
        self._guard = Guard(system, dataset.info)
        self._timestep = 0
        self._player.reset()
        self._guard.observations(self._player.peaks[0], 0)

    @property
    def timestep(self) -> int:
        """Environment steps done."""
        return self._timestep

    def advance(self) -> Outcome:
        """Collect one rollout and update the policy on it; see `engine.Trainer`."""
        training = self._system.training
        n, t = training.n_envs, training.n_steps
        before = self._timestep
        ends = self._player.collect(self._learner.networks, self._random.random((n, t)))
        self._timestep += n * t
        observations, rewards = self._player.peaks
        self._guard.observations(observations, self._timestep)
        self._guard.rewards(rewards, self._timestep)
        permutations = np.array([self._random.permutation(n * t) for _ in range(training.n_epochs)])
        episodes = self._episodes(before, ends)
        update = Update(self._timestep, *self._learner.update(self._player.samples, permutations).tolist())
        self._guard.update(update, self._learner.parameters)
        return Outcome(self._timestep, episodes, update)

    def adjust(self, *, learning_rate: float | None = None, ent_coef: float | None = None) -> None:
        """Change a coefficient from the next update on; None leaves it."""
        given = {"learning_rate": learning_rate, "ent_coef": ent_coef}
        changes = {name: value for name, value in given.items() if value is not None}
        self._learner.coefficients = self._learner.coefficients._replace(**changes)

    def model(self) -> ModelState:
        """Return the model as it is now."""
        now = self._learner.coefficients
        parameters = self._learner.parameters
        return ModelState(
            timestep=self._timestep,
            parameters=parameters,
            normalizer=self._player.normalizer,
            architecture=self._architecture,
            save_zip=partial(
                save_zip,
                system=with_settings(
                    self._system, {"training.learning_rate": now.learning_rate, "training.ent_coef": now.ent_coef}
                ),
                batch=self._batch,
                timestep=self._timestep,
                parameters=parameters,
                moments=self._learner.moments,
                steps=self._learner.steps,
            ),
        )

    def snapshot(self) -> Snapshot:
        """Return the whole state at this rollout boundary."""
        arrays, batch = self._player.snapshot()
        now = self._learner.coefficients
        meta = {
            "timestep": self._timestep,
            "steps": self._learner.steps,
            "learning_rate": now.learning_rate,
            "ent_coef": now.ent_coef,
            "batch": batch,
            "random": self._random.bit_generator.state,
        }
        return Snapshot(arrays | self._learner.snapshot(), meta)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from `snapshot` bit for bit."""
        arrays, meta = snapshot.arrays, snapshot.meta
        try:
            self._player.restore(arrays, meta["batch"])
            self._learner.restore(arrays)
            self._learner.steps = meta["steps"]
            self.adjust(learning_rate=meta["learning_rate"], ent_coef=meta["ent_coef"])
            self._random.bit_generator.state = meta["random"]
            self._timestep = meta["timestep"]
        except KeyError as error:
            raise IntegrityError(f"`snapshot` must hold {error}, was without it.") from error

    def _episodes(self, before: int, ends: Iterable[tuple[int, EpisodeEnd]]) -> tuple[Episode, ...]:
        rate, n = self._learner.coefficients.learning_rate, self._system.training.n_envs
        return tuple(
            Episode(
                before + steps * n,
                sum(end.components.values()),
                int(end.statistics["steps"] or 0),
                end.statistics,
                rate,
            )
            for steps, end in ends
        )
