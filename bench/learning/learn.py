"""One training, rollout by rollout under the rules of the loop, judged on validation paths at intervals."""

from dataclasses import dataclass

from bench.learning.play import Arena
from include.config.system import SystemConfig
from include.core.progress import Progress, no_progress
from include.features.dataset import Dataset
from include.training.course import Course
from include.training.engines import make_trainer
from include.training.policy import Policy, policy_of
from include.training.rules import decide

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """What a training left.

    Attributes
    ----------
    curve : tuple of (step, mean net profit of a validation episode in percent)
        From before the first update to after the last.
    best, final : Policy
        Of the curve's highest and of its last point.
    """

    curve: Curve
    best: Policy
    final: Policy


def learn(
    system: SystemConfig,
    dataset: Dataset,
    validation: Arena,
    *,
    interval: int,
    progress: Progress = no_progress,
) -> Learned:
    """Train `system` on `dataset` for its `total_timesteps` and return the policies and the learning curve.

    Parameters
    ----------
    system : SystemConfig
        Environment, engine, hyper-parameters, seed.
    dataset : Dataset
        Market to learn from.
    validation : Arena
        Paths that choose the best policy.
    interval : int
        Environment steps from one point of the curve to the next, at least.
    progress : callable
        Called with "training", steps done, steps in all.
    """
    training, info = system.training, dataset.info
    trainer, total = make_trainer(system, dataset, "cpu"), training.total_timesteps
    course = Course(total, training.learning_rate, training.ent_coef)
    curve: list[tuple[int, float]] = []
    policies: list[Policy] = []

    def judge() -> None:
        policies.append(policy_of(trainer.model(), info.features, info.inactive_features, "learning"))
        curve.append((trainer.timestep, validation.play(policies[-1].predict).mean_net))

    judge()
    while trainer.timestep < total:
        outcome = trainer.advance()
        course.add(outcome.update, [episode.reward for episode in outcome.episodes])
        decision = decide(system, course)
        trainer.adjust(learning_rate=decision.learning_rate, ent_coef=decision.ent_coef)
        progress("training", trainer.timestep, total)
        if trainer.timestep - curve[-1][0] >= interval or trainer.timestep >= total:
            judge()
    best = max(range(len(curve)), key=lambda place: curve[place][1])
    return Learned(tuple(curve), policies[best], policies[-1])
