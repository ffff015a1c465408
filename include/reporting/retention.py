"""Removing old checkpoints, reports and notes, and never what a champion was made of.

How long each kind stays is in `include/config/retention.yaml`; batches and quality pages have limits of their own.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from include.config.files import system_names
from include.config.retention import Retention
from include.core.clock import from_ms
from include.core.errors import IntegrityError
from include.core.files import read_json
from include.core.paths import Home
from include.reporting.check_log import check_days
from include.reporting.listings import CrossValidationLine, cross_validations, verdicts
from include.training.checkpoints import checkpoint_folders
from include.training.ownership import is_locked
from include.training.runs import RunInfo, all_runs

_ALL = 1_000_000


class Pruned(NamedTuple):
    """Something old: what kind, where, and how many bytes it takes."""

    kind: str
    path: Path
    bytes: int


def prune(home: Home, keep: Retention, now: datetime, *, is_dry: bool = False) -> list[Pruned]:
    """Remove what is older than `keep` says and return it; `is_dry` only returns it.

    What cannot be read stays. Doing it twice removes nothing more.

    Raises
    ------
    IntegrityError
        The record of a champion cannot be read: nothing is removed while it is not known what a champion needs.
    """
    promoted = _promoted(home)
    old = [
        Pruned(kind, path, _size(path))
        for kind, paths in (
            ("checkpoint", _checkpoints(home, promoted, now - timedelta(days=keep.checkpoints))),
            ("fold home", _fold_homes(home, now - timedelta(days=keep.fold_homes))),
            ("revalidation", _revalidations(home, promoted, now - timedelta(days=keep.revalidations))),
            ("cross-validation", _cross_validations(home, now - timedelta(days=keep.cross_validations))),
            ("checks", _checks(home, now - timedelta(days=keep.checks))),
            ("claim", _claims(home, now - timedelta(days=keep.claims))),
        )
        for path in paths
    ]
    if not is_dry:
        for found in old:
            _remove(found.path)
    return old


class _Promoted(NamedTuple):
    """Ids of everything that a champion or an earlier one was made of."""

    runs: frozenset[str]
    revalidations: frozenset[str]


def _promoted(home: Home) -> _Promoted:
    # the records as they are, those of a system whose YAML is gone too
    promotions = []
    for file in home.champion("x").parent.parent.glob("*/champion.json"):
        document = read_json(file)
        try:
            promotions += [(one["run_id"], one["revalidation_id"]) for one in (document, *document.get("history", ()))]
        except (AttributeError, KeyError, TypeError) as error:
            raise IntegrityError(f"`{file}` is not a champion's record: {error!r}") from error
    return _Promoted(frozenset(run for run, _ in promotions), frozenset(identity for _, identity in promotions))


def _checkpoints(home: Home, promoted: _Promoted, before: datetime) -> Iterator[Path]:
    for run in (run for name in system_names() for run in all_runs(home, name)):
        folder = home.run(run.run_id)
        if run.run_id not in promoted.runs and _has_ended(run, folder, before):
            # the newest one is what the run could still go on from
            yield from checkpoint_folders(folder)[:-1]


def _has_ended(run: RunInfo, folder: Path, before: datetime) -> bool:
    return run.ended_at is not None and run.ended_at < before and not is_locked(folder)


def _fold_homes(home: Home, before: datetime) -> Iterator[Path]:
    folders = (home.cross_validation(found.id) for found in _old_cross_validations(home, before))
    return (folder for folder in folders if folder.is_dir())


def _revalidations(home: Home, promoted: _Promoted, before: datetime) -> Iterator[Path]:
    for result in verdicts(home, _ALL).lines:
        if result.created_at < before and result.id not in promoted.revalidations:
            yield home.revalidation(result.id)


def _cross_validations(home: Home, before: datetime) -> Iterator[Path]:
    return (home.cross_validation_report(found.id) for found in _old_cross_validations(home, before))


def _old_cross_validations(home: Home, before: datetime) -> list[CrossValidationLine]:
    return [found for found in cross_validations(home, _ALL).lines if found.created_at < before]


def _checks(home: Home, before: datetime) -> Iterator[Path]:
    return (home.checks / day.isoformat() for day in check_days(home) if day < before.date())


def _claims(home: Home, before: datetime) -> Iterator[Path]:
    for claim in home.claim("x").parent.glob("*.json"):
        if from_ms(claim.stat().st_mtime_ns // 1_000_000) < before:
            yield claim


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
