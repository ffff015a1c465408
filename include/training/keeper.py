"""What happens to a model at a checkpoint: score, save, best, prune, alerts, run.json; whatever engine trains."""

import logging
import time
from datetime import datetime
from pathlib import Path

from include.config.system import SystemConfig
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import format_utc, wall_now
from include.features.dataset import Dataset
from include.training.artifacts import BEST, FINAL, ModelState, write_model
from include.training.checkpoints import prune_checkpoints, save_checkpoint
from include.training.facts import RunFacts, last, read_facts
from include.training.logs import ALERTS, DAILY_SUMMARY, LOGS, append_line
from include.training.policy import policy_of
from include.training.recorder import Recorder
from include.training.runs import RunInfo, write_run
from include.training.scoring import validation_score
from include.training.watch import evaluate_facts

log = logging.getLogger(__name__)


class Keeper:
    """Keep the models of one running training.

    Parameters
    ----------
    folder : Path
        The run, locked by this process.
    system : SystemConfig
        As the run trains it.
    dataset : Dataset
        Its validation split decides the best model.
    info : RunInfo
        As written to `run.json`.
    recorder : Recorder
        Takes the validation scores.
    """

    def __init__(self, folder: Path, system: SystemConfig, dataset: Dataset, info: RunInfo, recorder: Recorder) -> None:
        self.info = info
        self._folder = folder
        self._system = system
        self._dataset = dataset
        self._recorder = recorder
        self._every = system.training.checkpoint_every_steps
        self._kept_at = 0
        self._active: set[tuple[str, Severity]] = set()
        self._started = time.perf_counter()

    def is_due(self, timestep: int) -> bool:
        """Return whether a multiple of `checkpoint_every_steps` was passed since the last checkpoint."""
        return timestep // self._every > self._kept_at // self._every

    def keep(self, state: ModelState) -> None:
        """Score `state` on the validation split, save it as a checkpoint, and as the best if it is."""
        policy = policy_of(state, self.info.features, self.info.inactive_features, self.info.run_id)
        score = validation_score(self._system, self._dataset, policy)
        self._recorder.validation(state.timestep, score.total_return)
        save_checkpoint(self._folder, state, self.info.run_id, score.total_return)
        best = self.info.best_score
        if best is None or score.total_return > best:
            write_model(self._folder, BEST, state, self.info.run_id, score.total_return)
            self._change(
                best_score=score.total_return,
                best_timestep=state.timestep,
                best_gates=score.gates_passed,
                best_decision=score.decision,
            )
        self._change(timesteps=state.timestep)
        self._kept_at = state.timestep
        prune_checkpoints(self._folder, self._system.training.checkpoints_kept, self.info.best_timestep)
        self._speak(score.total_return)

    def finish(self, state: ModelState) -> None:
        """Save the final model, as a checkpoint too if none was taken at its step, and end the run."""
        if state.timestep != self._kept_at:
            self.keep(state)
        write_model(self._folder, FINAL, state, self.info.run_id, None)
        self._end(status="finished", timesteps=state.timestep, parameters_sha256=state.sha256)

    def fail(self, error: BaseException) -> None:
        """End the run as failed with the text of `error`, or as stopped when a person interrupted it."""
        status = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        timesteps = read_facts(self._folder).timesteps
        text = str(error) or type(error).__name__
        self._end(status=status, timesteps=timesteps, error=text, error_type=type(error).__name__)

    def _end(self, **changes: object) -> None:
        seconds = time.perf_counter() - self._started
        self._change(**changes, seconds=seconds, ended_at=wall_now())
        self._change(steps_per_second=self.info.timesteps / seconds)
        text = f"{self.info.status} at step {self.info.timesteps:,}" + (
            f": {self.info.error}" if self.info.error else ""
        )
        append_line(self._folder / LOGS, DAILY_SUMMARY, f"{format_utc(wall_now())} · {text}")
        self._raise_alerts(read_facts(self._folder), wall_now())
        log.info("Run %s %s", self.info.run_id, text)

    def _change(self, **changes: object) -> None:
        self.info = write_run(self._folder, RunInfo.model_validate(self.info.model_dump() | changes))

    def _speak(self, score: float) -> None:
        facts, now = read_facts(self._folder), wall_now()
        append_line(self._folder / LOGS, DAILY_SUMMARY, f"{format_utc(now)} · {summary_line(facts, score)}")
        self._raise_alerts(facts, now)

    def _raise_alerts(self, facts: RunFacts, now: datetime) -> None:
        failures = _alerting(evaluate_facts(facts, self._system.alerts, now))
        for result in failures:
            if (result.name, result.severity) not in self._active:
                line = f"{format_utc(now)} · {result.severity.upper()} · {result.name} · {result.message}"
                append_line(self._folder / LOGS, ALERTS, line)
                log.warning("Run %s: %s", self.info.run_id, result.message)
        self._active = {(result.name, result.severity) for result in failures}


def summary_line(facts: RunFacts, score: float) -> str:
    """Return one line on where a training stands; an undefined value is a dash."""
    info, latest = facts.info, facts.convergence
    share = facts.timesteps / info.total_timesteps
    parts = [
        f"{facts.timesteps:,} / {info.total_timesteps:,} steps ({share:.0%})",
        f"reward {_shown(last(latest, 'reward'), '.2f')}",
        f"KL {_shown(last(latest, 'kl_divergence'), '.4f')}",
        f"value loss {_shown(last(latest, 'value_loss'), '.3f')}",
        f"entropy {_shown(last(latest, 'policy_entropy'), '.3f')}",
        f"validation {score:+.2%}",
        f"best {_shown(info.best_score, '+.2%')} at step {info.best_timestep or 0:,}",
    ]
    return " · ".join(parts)


def _shown(value: float | None, style: str) -> str:
    return "–" if value is None or value != value else format(value, style)


def _alerting(report: CheckReport) -> tuple[CheckResult, ...]:
    return tuple(result for result in report.failures if result.severity is not Severity.INFO)
