"""The one loop that drives an engine: advance, record, decide, keep, until something ends the training."""

import logging
from dataclasses import dataclass
from pathlib import Path

from include.config.system import SystemConfig
from include.core.clock import format_utc, wall_now
from include.core.progress import Progress
from include.training.course import Course, Decision
from include.training.engine import Outcome, Trainer
from include.training.keeper import Keeper
from include.training.logs import DAILY_SUMMARY, LOGS, append_line
from include.training.mlflow_mirror import Mirror
from include.training.recorder import Recorder
from include.training.rules import decide
from include.training.runs import EndedBy
from include.training.stopping import Stopper
from include.training.watchdog import HangWatchdog

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a training by itself, counted over all attempts of the run: steps, and perhaps episodes or minutes."""

    steps: int
    episodes: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What ended a training; `text` tells people."""

    by: EndedBy
    text: str


@dataclass(frozen=True, slots=True)
class Helpers:
    """Who stands around the loop: keeper of models, recorder, mirror, stop request, watchdog, progress."""

    keeper: Keeper
    recorder: Recorder
    mirror: Mirror
    stopper: Stopper
    watchdog: HangWatchdog
    progress: Progress


def drive(trainer: Trainer, system: SystemConfig, course: Course, limits: Limits, helpers: Helpers) -> Ending:
    """Train until a limit, a rule or a request to stop, and keep the last boundary as a checkpoint.

    Parameters
    ----------
    trainer : Trainer
        At the boundary that `course` describes.
    system : SystemConfig
        As it is trained.
    course : Course
        Goes on in place.
    limits : Limits
        What ends the training.
    helpers : Helpers
        The run around it.

    Returns
    -------
    Ending
        The run's record is not closed yet: the caller ends it as finished or stopped.

    Raises
    ------
    DivergedError
        From the engine's guards or the rules.
    FencedError
        Another process has taken the run over.
    """
    keeper = helpers.keeper
    # pure over the course, so that a resumed training finds here what was decided at its boundary
    decision = decide(system, course) if course.updates else Decision()
    helpers.progress("training", min(course.timestep, limits.steps), limits.steps)
    while (ending := _ending(decision, course, limits, helpers)) is None:
        outcome = trainer.advance()
        keeper.require_owner()
        _record(outcome, course, helpers.recorder)
        is_due = keeper.is_due(course.timestep)
        if is_due:
            course.scores.append((course.timestep, keeper.validate(trainer.model())))
        decision = decide(system, course)
        _apply(decision, trainer, course, keeper.folder)
        if is_due:
            keeper.keep(trainer.model(), trainer.snapshot(), course)
            helpers.mirror.update()
        helpers.watchdog.beat()
        helpers.progress("training", min(course.timestep, limits.steps), limits.steps)
    if not keeper.is_kept(course.timestep):
        if ending.by != "stop":
            keeper.validate(trainer.model())
        keeper.keep(trainer.model(), trainer.snapshot(), course)
    return ending


def _ending(decision: Decision, course: Course, limits: Limits, helpers: Helpers) -> Ending | None:
    if course.timestep >= limits.steps:
        return Ending("steps", f"{course.timestep:,} steps done")
    if decision.stop is not None:
        return Ending("rules", decision.stop)
    if limits.episodes is not None and course.episodes >= limits.episodes:
        return Ending("episodes", f"{course.episodes:,} episodes ended")
    if course.updates and limits.minutes is not None and helpers.keeper.seconds >= 60.0 * limits.minutes:
        return Ending("minutes", f"{helpers.keeper.seconds / 60.0:.1f} minutes trained")
    return None if helpers.stopper.reason is None else Ending("stop", helpers.stopper.reason)


def _record(outcome: Outcome, course: Course, recorder: Recorder) -> None:
    for episode in outcome.episodes:
        recorder.episode(episode)
    recorder.update(outcome.update)
    course.add(outcome.update, [episode.reward for episode in outcome.episodes])


def _apply(decision: Decision, trainer: Trainer, course: Course, folder: Path) -> None:
    trainer.adjust(learning_rate=decision.learning_rate, ent_coef=decision.ent_coef)
    if decision.learning_rate is not None:
        course.learning_rate = decision.learning_rate
    if decision.ent_coef is not None:
        course.ent_coef = decision.ent_coef
    for note in decision.notes:
        line = f"{format_utc(wall_now())} · step {course.timestep:,} · {note}"
        append_line(folder / LOGS, DAILY_SUMMARY, line)
        log.info("Step %s: %s", f"{course.timestep:,}", note)
