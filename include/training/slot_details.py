"""What each check of the day adds: convergence indicators, the metrics snapshot, verified checkpoints."""

from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from include.config.system import AlertConfig
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.errors import IntegrityError, MissingInputError
from include.training.artifacts import BEST, FINAL, Manifest, ModelFiles, verify_model
from include.training.checkpoints import checkpoint_folders, verify_checkpoint
from include.training.convergence import indicators
from include.training.facts import RunFacts, last
from include.training.slot_lines import BAD, OK, UNKNOWN, WARN, hours_since
from include.training.verdicts import verdict

_HALF_WINDOW = 100


def convergence_lines(facts: RunFacts, limits: AlertConfig) -> tuple[str, list[str]]:
    """Return the headline and the lines of the convergence review: the five indicators, each with its verdict."""
    found = indicators(facts, limits)
    good = sum(one.mark == OK for one in found)
    open_ones = [one.name for one in found if one.mark not in (OK, BAD, WARN)]
    waiting = f", {len(open_ones)} not judged yet" if open_ones else ""
    return f"{good} of {len(found)} indicators as expected{waiting}", [one.line for one in found]


def snapshot_lines(facts: RunFacts) -> tuple[str, list[str]]:
    """Return the headline and the lines of the snapshot: the newest and the best or mean value of every metric."""
    rewards = _known(facts.convergence["reward"])
    best = f"{rewards.max():.2f}" if len(rewards) else UNKNOWN
    info = facts.info
    validation = UNKNOWN if info.best_score is None else f"{info.best_score:+.2%} at step {info.best_timestep:,}"
    speed = UNKNOWN if info.steps_per_second is None else f"{info.steps_per_second:,.0f} steps/s"
    reward = _shown(last(facts.convergence, "reward"), ".2f")
    score = UNKNOWN if info.best_score is None else f"{info.best_score:+.2%}"
    headline = f"{facts.timesteps:,} / {info.total_timesteps:,} steps · reward {reward} · best validation {score}"
    return headline, [
        f"- Reward: last {_shown(last(facts.convergence, 'reward'), '.2f')}, best {best}",
        f"- Validation return: best {validation}",
        *[f"- {label}: {_shown(last(facts.updates, name), style)}" for name, label, style in _UPDATE_METRICS],
        *[f"- {label}: {_recent_mean(facts, name, style)}" for name, label, style in _EPISODE_METRICS],
        f"- Episodes: {len(facts.episodes['episode']):,}, speed {speed}",
    ]


def checkpoint_headline(facts: RunFacts, report: CheckReport, now: datetime) -> str:
    """Return how many saved models were opened, how many of them are sound, and how old the newest checkpoint is."""
    opened = len(report.results)
    if not opened:
        return "nothing saved yet"
    sound = sum(result.passed for result in report.results)
    age = "" if facts.saved_at is None else f", newest {hours_since(facts.saved_at, now):.1f} h old"
    return f"{sound} of {opened} saved models opened and intact{age}"


def checkpoint_report(facts: RunFacts, now: datetime) -> tuple[CheckReport, list[str]]:
    """Return the verdict on every checkpoint and saved model, each opened and its checksums compared."""
    results: list[CheckResult] = []
    lines: list[str] = []
    for name, folder, files in _saved_models(facts.folder):
        result, line = _verify(name, folder, files, now)
        results.append(result)
        lines.append(line)
    return CheckReport(subject="checkpoints", results=tuple(results)), lines or ["- No checkpoint has been saved yet"]


_UPDATE_METRICS = (
    ("policy_loss", "Policy loss", ".5f"),
    ("value_loss", "Value loss", ".4f"),
    ("entropy", "Entropy", ".3f"),
    ("approx_kl", "KL divergence", ".4f"),
    ("clip_fraction", "Clip fraction", ".3f"),
)
_EPISODE_METRICS = (
    ("win_rate", "Win rate", ".1%"),
    ("profit_factor", "Profit factor", ".2f"),
    ("sharpe", "Sharpe", ".2f"),
    ("max_dd", "Max drawdown", ".1%"),
)


def _saved_models(run_folder: Path) -> list[tuple[str, Path, ModelFiles | None]]:
    checkpoints: list[tuple[str, Path, ModelFiles | None]] = [
        (folder.name, folder, None) for folder in checkpoint_folders(run_folder)
    ]
    named = [(files.zip, run_folder, files) for files in (BEST, FINAL) if (run_folder / files.zip).exists()]
    return checkpoints + named


def _verify(name: str, folder: Path, files: ModelFiles | None, now: datetime) -> tuple[CheckResult, str]:
    try:
        manifest = verify_model(folder, files) if files else verify_checkpoint(folder)
    except (IntegrityError, MissingInputError) as error:
        result = verdict("checkpoint_integrity", False, name, None, f"{name}: {error}", Severity.CRITICAL)
        return result, f"- {BAD} {name}: {error}"
    result = verdict("checkpoint_integrity", True, name, None, f"{name} is intact.", Severity.CRITICAL)
    return result, f"- {OK} {name}: {_described(manifest, now)}"


def _described(manifest: Manifest, now: datetime) -> str:
    score = "" if manifest.score is None else f", validation {manifest.score:+.2%}"
    age = hours_since(manifest.created_at, now)
    return f"step {manifest.timestep:,}, checksums match{score}, {age:.1f} h old"


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def _recent_mean(facts: RunFacts, column: str, style: str) -> str:
    recent = _known(facts.episodes[column][-_HALF_WINDOW:])
    return f"mean {format(recent.mean(), style)} of {len(recent)} recent episodes" if len(recent) else UNKNOWN


def _shown(value: float | None, style: str) -> str:
    return UNKNOWN if value is None or not np.isfinite(value) else format(value, style)
