"""What happens to a model at a checkpoint: score, save, best, prune, alerts, run.json; whatever engine trains."""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from include.config.system import SystemConfig
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import format_utc, wall_now
from include.core.version import code_version
from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import ScoredModel, trial_of, window_of
from include.features.dataset import Dataset
from include.training.artifacts import BEST, CHECKPOINT, FINAL, ModelState, copy_model
from include.training.bundle import BestModel, Bundle, BundleInfo, bundle_arrays
from include.training.checkpoints import checkpoint_folder, prune_checkpoints, save_checkpoint
from include.training.course import Course
from include.training.engine import Snapshot
from include.training.facts import RunFacts, last, read_facts
from include.training.identity import identity_of, shaping_sha256
from include.training.log_positions import log_positions
from include.training.logs import ALERTS, DAILY_SUMMARY, LOGS, append_line
from include.training.ownership import Owner
from include.training.policy import Policy, policy_of
from include.training.recorder import Recorder
from include.training.runs import Attempt, EndedBy, RunInfo, RunStatus, write_run
from include.training.scoring import ValidationScore, validation_score
from include.training.watch import evaluate_facts

log = logging.getLogger(__name__)
_LEVELS = {Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.CRITICAL}


class Keeper:
    """Keep the models of one running training.

    Parameters
    ----------
    owner : Owner
        This process as the owner of the run's folder; nothing is written once another has taken it over.
    system : SystemConfig
        As the run trains it.
    dataset : Dataset
        Its validation split decides the best model.
    info : RunInfo
        As the run stands at the step where this attempt begins.
    recorder : Recorder
        Takes the validation scores.
    ledger : TrialLedger
        Counts every model that is scored.
    alerting : sequence of (str, str)
        Names and severities of the alerts that last from an earlier attempt and are written down already.
    """

    def __init__(
        self,
        owner: Owner,
        system: SystemConfig,
        dataset: Dataset,
        info: RunInfo,
        recorder: Recorder,
        ledger: TrialLedger,
        alerting: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._owner = owner
        self._folder = owner.folder
        self._system = system
        self._dataset = dataset
        self._recorder = recorder
        self._ledger = ledger
        self._config_sha256 = shaping_sha256(system)
        self._every = system.training.checkpoint_every_steps
        self._kept_at = info.timesteps
        self._active = {(name, Severity(severity)) for name, severity in alerting}
        self._scored: tuple[int, ValidationScore] | None = None
        self._started = time.perf_counter()
        self.info = info.model_copy(update={"attempts": _begun(info, owner.token)})
        self._change()

    @property
    def folder(self) -> Path:
        """The run."""
        return self._folder

    @property
    def seconds(self) -> float:
        """Time that this run was trained, over all attempts, as far as it is known."""
        return sum(attempt.seconds for attempt in self.info.attempts[:-1]) + self._elapsed

    @property
    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    def require_owner(self) -> None:
        """Refuse to go on when another process has taken the run over."""
        self._owner.require()

    def is_due(self, timestep: int) -> bool:
        """Return whether a multiple of `checkpoint_every_steps` was passed since the last checkpoint."""
        return timestep // self._every > self._kept_at // self._every

    def is_kept(self, timestep: int) -> bool:
        """Return whether `timestep` has its checkpoint already."""
        return timestep == self._kept_at

    def validate(self, state: ModelState) -> float:
        """Score `state` on the validation split and return its total return; `keep` saves the score beside it."""
        policy = policy_of(state, self.info.features, self.info.inactive_features, self.info.run_id)
        score = validation_score(self._system, self._dataset, policy)
        self._recorder.validation(state.timestep, score)
        self._count(policy, score)
        self._scored = (state.timestep, score)
        return score.total_return

    def keep(self, state: ModelState, snapshot: Snapshot, course: Course) -> None:
        """Save `state` as a checkpoint that can be resumed from, and as the best model where its score is the best.

        What the bundle says of the logs must hold whenever it exists, so the lines of this checkpoint come first;
        the best model comes after, and is copied again on resume where a crash prevented it.
        """
        score = self._scored[1] if self._scored and self._scored[0] == state.timestep else None
        is_best = score is not None and (self.info.best_score is None or score.total_return > self.info.best_score)
        reached = {"timesteps": state.timestep, "episodes": course.episodes}
        if score is not None and is_best:
            total, gates = score.total_return, score.gates_passed
            best = BestModel(score=total, timestep=state.timestep, gates=gates, decision=score.decision)
            reached |= best_fields(best)
        self.info = self.info.model_copy(update=reached)
        total_return = None if score is None else score.total_return
        self._speak(total_return)
        bundle = self._bundle(state.timestep, snapshot, course)
        self._owner.require()
        folder = save_checkpoint(self._folder, state, self.info.run_id, total_return, bundle)
        if is_best:
            copy_model(folder, CHECKPOINT, self._folder, BEST)
        self._change()
        self._kept_at = state.timestep
        prune_checkpoints(self._folder, self._system.training.checkpoints_kept, self.info.best_timestep)

    def finish(self, timestep: int, ended_by: EndedBy, text: str | None = None) -> None:
        """End the run as finished: the checkpoint at `timestep`, which must exist, is its final model."""
        manifest = copy_model(checkpoint_folder(self._folder, timestep), CHECKPOINT, self._folder, FINAL)
        self._end("finished", text, ended_by=ended_by, timesteps=timestep, parameters_sha256=manifest.parameters_sha256)

    def stop(self, timestep: int, text: str) -> None:
        """End the run as stopped from outside; it goes on from its checkpoint when it is asked for again."""
        self._end("stopped", text, ended_by="stop", timesteps=timestep)

    def fail(self, error: BaseException) -> None:
        """End the run as failed with the text of `error`, or as stopped when a person interrupted it."""
        status: RunStatus = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        timesteps = read_facts(self._folder).timesteps
        text = str(error) or type(error).__name__
        self._end(status, text, timesteps=timesteps, error=text, error_type=type(error).__name__)

    def _count(self, policy: Policy, score: ValidationScore) -> None:
        info = self._dataset.info
        model = ScoredModel(
            candidate=policy.sha256, run_id=policy.run_id, seed=self.info.seed, timestep=policy.timestep
        )
        window = window_of(self._system.name, info, "validation")
        trial = trial_of("validation", window, info.id, model, self._config_sha256, score.equity, wall_now())
        self._ledger.record(*trial)

    def _bundle(self, timestep: int, snapshot: Snapshot, course: Course) -> Bundle:
        info = BundleInfo(
            run_id=self.info.run_id,
            timestep=timestep,
            token=self._owner.token,
            code_version=code_version(),
            identity=identity_of(self._system, self._dataset.info, self.info.device),
            logs=log_positions(self._folder / LOGS),
            episodes=course.episodes,
            alerting=tuple(sorted((name, severity.value) for name, severity in self._active)),
            best=best_of(self.info),
            learning_rate=course.learning_rate,
            ent_coef=course.ent_coef,
            trainer=snapshot.meta,
        )
        return Bundle(info, bundle_arrays(snapshot, course))

    def _end(self, status: RunStatus, text: str | None, **changes: object) -> None:
        self._change(status=status, ended_at=wall_now(), **changes)
        line = f"{status} at step {self.info.timesteps:,}" + (f": {text}" if text else "")
        append_line(self._folder / LOGS, DAILY_SUMMARY, f"{format_utc(wall_now())} · {line}")
        self._raise_alerts(read_facts(self._folder), wall_now())
        log.info("Run %s %s", self.info.run_id, line)

    def _change(self, **changes: object) -> None:
        self._owner.require()
        values: dict[str, Any] = self.info.model_dump() | changes
        last_attempt = values["attempts"][-1]
        reached = max(values["timesteps"], last_attempt["from_step"])
        last_attempt |= {"seconds": self._elapsed, "to_step": reached, "ended_at": values["ended_at"]}
        last_attempt["status"] = values["status"]
        values["seconds"] = sum(attempt["seconds"] for attempt in values["attempts"])
        done = sum(attempt["to_step"] - attempt["from_step"] for attempt in values["attempts"])
        values["steps_per_second"] = done / values["seconds"]
        self.info = write_run(self._folder, RunInfo.model_validate(values))

    def _speak(self, score: float | None) -> None:
        facts, now = replace(read_facts(self._folder), info=self.info), wall_now()
        append_line(self._folder / LOGS, DAILY_SUMMARY, f"{format_utc(now)} · {summary_line(facts, score)}")
        self._raise_alerts(facts, now)

    def _raise_alerts(self, facts: RunFacts, now: datetime) -> None:
        failures = _alerting(evaluate_facts(facts, self._system.alerts, now))
        for result in failures:
            if (result.name, result.severity) not in self._active:
                line = f"{format_utc(now)} · {result.severity.upper()} · {result.name} · {result.message}"
                append_line(self._folder / LOGS, ALERTS, line)
                log.log(_LEVELS[result.severity], "Run %s: %s", self.info.run_id, result.message)
        self._active = {(result.name, result.severity) for result in failures}


def summary_line(facts: RunFacts, score: float | None) -> str:
    """Return one line on where a training stands; an undefined value is a dash."""
    info, latest = facts.info, facts.convergence
    share = facts.timesteps / info.total_timesteps
    parts = [
        f"{facts.timesteps:,} / {info.total_timesteps:,} steps ({share:.0%})",
        f"reward {_shown(last(latest, 'reward'), '.2f')}",
        f"KL {_shown(last(latest, 'kl_divergence'), '.4f')}",
        f"value loss {_shown(last(latest, 'value_loss'), '.3f')}",
        f"entropy {_shown(last(latest, 'policy_entropy'), '.3f')}",
        f"validation {_shown(score, '+.2%')}",
        f"best {_shown(info.best_score, '+.2%')} at step {info.best_timestep or 0:,}",
    ]
    return " · ".join(parts)


def best_of(info: RunInfo) -> BestModel | None:
    """Return the best validation round that a run's record names."""
    score, timestep, gates, decision = info.best_score, info.best_timestep, info.best_gates, info.best_decision
    if score is None or timestep is None or gates is None or decision is None:
        return None
    return BestModel(score=score, timestep=timestep, gates=gates, decision=decision)


def best_fields(best: BestModel | None) -> dict[str, Any]:
    """Return the fields of a run's record that name the best validation round."""
    return {f"best_{name}": getattr(best, name, None) for name in BestModel.model_fields}


def _begun(info: RunInfo, token: int) -> tuple[Attempt, ...]:
    lost = [
        attempt.model_copy(update={"status": "lost"}) if attempt.status == "running" else attempt
        for attempt in info.attempts
    ]
    at = info.timesteps
    return (*lost, Attempt(token=token, pid=os.getpid(), started_at=wall_now(), from_step=at, to_step=at))


def _shown(value: float | None, style: str) -> str:
    return "–" if value is None or value != value else format(value, style)


def _alerting(report: CheckReport) -> tuple[CheckResult, ...]:
    return tuple(result for result in report.failures if result.severity is not Severity.INFO)
