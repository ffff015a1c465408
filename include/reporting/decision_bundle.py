"""The decision bundle: everything a verdict was made of, in one folder that another machine can judge again.

    reports/revalidation/<id>/  revalidation_result.json  revalidation_result.md  revalidation_result.html  *.png
                                model/   run.json  best_model.*        the model as it was judged
                                champion/  the same of the champion it was compared with
                                data/    dataset_info.json  *.parquet  the test window and the candles before it
                                system.json  trades.parquet  equity.parquet  versions.json
                                bundle.json    SHA-256 of every file above
                                approval.json  what people answered, bound to bundle.json
                                judged.json    when the same verdict was last come to

Recomputing a verdict does not belong here (`verify.py`).
"""

import platform
import shutil
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import ValidationError

from include.config.system import SystemConfig
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, sha256_file, write_json
from include.core.version import code_version
from include.evaluation.judgement import Judgement
from include.features.dataset import Dataset, Split
from include.features.excerpt import write_excerpt
from include.reporting import result_files
from include.reporting.verdict import Record, RevalidationResult
from include.training.artifacts import BEST, copy_model
from include.training.runs import RUN_FILE

BUNDLE_FILE = "bundle.json"
APPROVAL_FILE = result_files.APPROVALS
JUDGED_FILE = "judged.json"
SYSTEM_FILE = "system.json"
VERSIONS_FILE = "versions.json"
TRADES_FILE = "trades.parquet"
EQUITY_FILE = "equity.parquet"
MODEL_FOLDER = "model"
RIVAL_FOLDER = "champion"
DATA_FOLDER = "data"
# what the figures of a verdict depend on
_PACKAGES = ("numpy", "pandas", "pyarrow", "numba", "arch", "scipy")
_SHOWN = 5

Answer = Literal["approve", "retrain", "reject", "expired"]


class BundleManifest(Record):
    """What a bundle holds: SHA-256 by file, paths relative to its folder."""

    revalidation_id: str
    created_at: datetime
    code_version: str
    files: dict[str, str]


class Approval(Record):
    """What a person answered on a bundle, or that nobody did in time: bound to its manifest's SHA-256."""

    bundle_sha256: str
    answer: Answer
    answered_by: str
    answered_at: datetime
    reason: str | None = None


def copy_inputs(
    folder: Path,
    run_folder: Path,
    rival_folder: Path | None,
    system: SystemConfig,
    dataset: Dataset,
    split: Split,
    lead: int,
) -> None:
    """Put the models, the rules they are judged by and the candles they are judged on into the bundle `folder`.

    Parameters
    ----------
    folder : Path
        The revalidation's folder.
    run_folder : Path
        Run whose best model is judged.
    rival_folder : Path or None
        Run of the champion that it is compared with.
    system : SystemConfig
        Rules as they were applied.
    dataset : Dataset
        Frozen dataset.
    split : {"train", "validation", "test"}
        Rows that are judged on.
    lead : int
        Candles before them that something looks back on.
    """
    _copy_best(run_folder, folder / MODEL_FOLDER)
    if rival_folder is not None:
        _copy_best(rival_folder, folder / RIVAL_FOLDER)
    (folder / DATA_FOLDER).mkdir()
    write_excerpt(dataset, split, folder / DATA_FOLDER, lead)
    write_json(folder / SYSTEM_FILE, system.model_dump(mode="json"))
    write_json(folder / VERSIONS_FILE, versions())


def write_played(folder: Path, judged: Judgement) -> None:
    """Write the candidate's trades and the portfolio equity of everyone at each close into the bundle."""
    judged.played.trades.to_parquet(folder / TRADES_FILE, index=False)
    low, high = judged.nulls.band()
    curves = {
        "open_time": pd.to_datetime(judged.played.open_time, unit="ms", utc=True).astype("datetime64[ms, UTC]"),
        "candidate": judged.played.portfolio_equity,
        "buy_and_hold": judged.holding.portfolio_equity,
        "momentum": judged.following.portfolio_equity,
        "random_low": low,
        "random_high": high,
    }
    if judged.champion is not None:
        curves["champion"] = judged.champion.portfolio_equity
    pd.DataFrame(curves).to_parquet(folder / EQUITY_FILE, index=False)


def seal_bundle(folder: Path, revalidation_id: str, now: datetime) -> BundleManifest:
    """Write the manifest over every file in `folder` and return it; the same content keeps its first manifest."""
    files = _checksums(folder)
    if (folder / BUNDLE_FILE).is_file():
        standing = read_manifest(folder)
        if (standing.revalidation_id, standing.files) == (revalidation_id, files):
            return standing
    manifest = BundleManifest(revalidation_id=revalidation_id, created_at=now, code_version=code_version(), files=files)
    write_json(folder / BUNDLE_FILE, manifest.model_dump(mode="json"))
    return manifest


def read_manifest(folder: Path) -> BundleManifest:
    """Return the manifest of the bundle in `folder`, its files unchecked.

    Raises
    ------
    MissingInputError
        There is no bundle.
    IntegrityError
        The file is no manifest.
    """
    if not (folder / BUNDLE_FILE).is_file():
        raise MissingInputError(f"`{folder}` is no decision bundle: it has no {BUNDLE_FILE}. Hint: name the folder.")
    try:
        return BundleManifest.model_validate(read_json(folder / BUNDLE_FILE))
    except ValidationError as error:
        raise IntegrityError(f"`{folder / BUNDLE_FILE}` is not a bundle's manifest: {error}") from error


def require_intact(folder: Path) -> BundleManifest:
    """Return the manifest after comparing every file with it.

    Raises
    ------
    IntegrityError
        A file was changed, removed or added; each is named.
    """
    manifest = read_manifest(folder)
    found = _checksums(folder)
    wrong = sorted(name for name, sha256 in manifest.files.items() if found.get(name) != sha256)
    wrong += sorted(f"{name} (added)" for name in found.keys() - manifest.files.keys())
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise IntegrityError(
            f"Bundle `{manifest.revalidation_id}` is not the one that was sealed: {', '.join(wrong[:_SHOWN])}{more}. "
            "Hint: run the revalidation again."
        )
    return manifest


def bundle_sha256(folder: Path) -> str:
    """Return the SHA-256 of the manifest, which stands for all that it names."""
    read_manifest(folder)
    return sha256_file(folder / BUNDLE_FILE)


def write_approval(folder: Path, approval: Approval) -> Approval:
    """Add a person's answer to the bundle's and return it; the newest one counts, the older ones stay on record.

    The same answer of the same person again keeps its first time.

    Raises
    ------
    IntegrityError
        The bundle is not the one that was answered on.
    """
    require_intact(folder)
    found = bundle_sha256(folder)
    if found != approval.bundle_sha256:
        raise IntegrityError(
            f"The bundle must have the sha256 {approval.bundle_sha256[:12]}… that was answered on, was {found[:12]}…. "
            "Hint: ask for approval again."
        )
    before = read_approvals(folder)
    if before and before[-1].model_copy(update={"answered_at": approval.answered_at}) == approval:
        return before[-1]
    write_json(folder / APPROVAL_FILE, [one.model_dump(mode="json") for one in (*before, approval)])
    return approval


def read_approvals(folder: Path) -> tuple[Approval, ...]:
    """Return what was answered on the bundle in `folder`, oldest first; empty while nobody has."""
    source = folder / APPROVAL_FILE
    if not source.is_file():
        return ()
    try:
        return tuple(Approval.model_validate(one) for one in read_json(source))
    except (ValidationError, TypeError) as error:
        raise IntegrityError(f"`{source}` does not hold approvals: {error}") from error


def note_judged(folder: Path, now: datetime) -> None:
    """Write down that the verdict in `folder` was come to at `now`, for the first time or again."""
    write_json(folder / JUDGED_FILE, {"judged_at": now.isoformat()})


def judged_at(folder: Path, result: RevalidationResult) -> datetime:
    """Return when the verdict in `folder` was last come to; a bundle from before this was noted has its first time."""
    if not (folder / JUDGED_FILE).is_file():
        return result.created_at
    return datetime.fromisoformat(read_json(folder / JUDGED_FILE)["judged_at"])


def versions() -> dict[str, str]:
    """Return the versions that figures depend on: Python, machine, packages, code."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "code": code_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def _copy_best(run_folder: Path, target: Path) -> None:
    target.mkdir(parents=True)
    copy_model(run_folder, BEST, target, BEST)
    shutil.copyfile(run_folder / RUN_FILE, target / RUN_FILE)


def _checksums(folder: Path) -> dict[str, str]:
    own = {BUNDLE_FILE, APPROVAL_FILE, JUDGED_FILE}
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    names = {file.relative_to(folder).as_posix(): file for file in files}
    return {name: sha256_file(file) for name, file in names.items() if name not in own}
