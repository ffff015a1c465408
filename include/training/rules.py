"""What a training does about what it sees: schedules, the adaptive learning rate, early stopping, divergence.

Pure over the course of the training, so that one which was resumed decides as if it had never stopped.
"""

from dataclasses import dataclass

from include.config.system import LEARNING_RATES, AdaptiveRateConfig, AlertConfig, SystemConfig, TrainingConfig
from include.core.errors import DivergedError
from include.training.course import Course, Decision
from include.training.recorder import Update


def decide(system: SystemConfig, course: Course) -> Decision:
    """Return what follows from the newest update of `course`.

    Parameters
    ----------
    system : SystemConfig
        Rules of its training and limits of its alerts.
    course : Course
        At least one update.

    Raises
    ------
    DivergedError
        A loss exceeds its alert limit and `on_divergence` is "stop".
    """
    training = system.training
    if training.on_divergence == "stop":
        _require_bounded(system.alerts, course.updates[-1])
    scale, reasons = _rate_scale(training.adaptive_rate, course)
    rate = _learning_rate(training, course.timestep, scale)
    entropy = _ent_coef(training, course.timestep)
    is_lowered = bool(reasons) and rate < course.learning_rate
    return Decision(
        stop=_early_stop(training, course),
        learning_rate=rate if rate != course.learning_rate else None,
        ent_coef=entropy if entropy != course.ent_coef else None,
        notes=(f"learning rate lowered to {rate:.3g}: {'; '.join(reasons)}",) if is_lowered else (),
    )


@dataclass(slots=True)
class _Rounds:
    """Validation rounds so far: the best score and how many came after it."""

    best: float | None = None
    since_best: int = 0

    def add(self, score: float) -> None:
        if self.best is None or score > self.best:
            self.best, self.since_best = score, 0
        else:
            self.since_best += 1


def _require_bounded(limits: AlertConfig, update: Update) -> None:
    for name, limit in (("policy_loss", limits.policy_loss), ("value_loss", limits.value_loss)):
        value = getattr(update, name)
        if abs(value) > limit:
            raise DivergedError(
                f"`{name}` must be at most {limit:g}, was {value:.4g} at step {update.timestep:,}. "
                "Hint: reduce `learning_rate` (preset diverging)."
            )


def _learning_rate(training: TrainingConfig, timestep: int, scale: float) -> float:
    # the schedule at the start of a rollout holds for its update
    rate = training.learning_rate * scale
    if training.learning_rate_schedule == "linear":
        rate *= 1.0 - _share(training, timestep)
    return max(LEARNING_RATES[0], rate)


def _ent_coef(training: TrainingConfig, timestep: int) -> float:
    if training.ent_coef_final is None:
        return training.ent_coef
    return training.ent_coef + _share(training, timestep) * (training.ent_coef_final - training.ent_coef)


def _share(training: TrainingConfig, timestep: int) -> float:
    return min(1.0, timestep / training.total_timesteps)


def _rate_scale(rule: AdaptiveRateConfig | None, course: Course) -> tuple[float, tuple[str, ...]]:
    """Return what the learning rate is multiplied by, and what the newest update adds to it."""
    if rule is None:
        return 1.0, ()
    scale, rounds, scores = 1.0, _Rounds(), dict(course.scores)
    reasons: tuple[str, ...] = ()
    for update in course.updates:
        reasons = _reasons(rule, update, scores.get(update.timestep), rounds)
        scale *= rule.factor if reasons else 1.0
    return scale, reasons


def _reasons(rule: AdaptiveRateConfig, update: Update, score: float | None, rounds: _Rounds) -> tuple[str, ...]:
    reasons = []
    if rule.kl_limit is not None and update.approx_kl > rule.kl_limit:
        reasons.append(f"KL divergence {update.approx_kl:.4f} above {rule.kl_limit:g}")
    if score is not None:
        rounds.add(score)
        if rule.plateau_rounds is not None and rounds.since_best and rounds.since_best % rule.plateau_rounds == 0:
            reasons.append(f"no better validation score for {rounds.since_best} rounds")
    return tuple(reasons)


def _early_stop(training: TrainingConfig, course: Course) -> str | None:
    rounds = _Rounds()
    for _, score in course.scores:
        rounds.add(score)
    patience = training.early_stop_rounds
    if patience is None or rounds.best is None or rounds.since_best < patience:
        return None
    return f"no better validation score than {rounds.best:+.2%} for {patience} rounds"
