"""Pre-training checks on the machine: folders that can be written, room on the disk, memory."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from include.config.settings import Profile
from include.core.checks import CheckResult, Severity
from include.core.paths import Home

GB = 1e9
# less and a training fails half-way: its checkpoints and logs take some 0.1 GB, a training of 62 symbols 1.5 GB at most
NEEDED_DISK_GB, NEEDED_MEMORY_GB = 1.0, 1.5


def machine_checks(home: Home, profile: Profile) -> Iterator[CheckResult]:
    """Yield whether folders, disk and memory are there; less than wanted is a warning, less than needed is critical."""
    yield _folders(home)
    disk = shutil.disk_usage(_existing(home.root)).free / GB
    yield _room("disk_space", "Disk space", disk, profile.disk_gb, NEEDED_DISK_GB, f"Free some under {home.root}")
    memory = psutil.virtual_memory().available / GB
    yield _room("memory", "Memory", memory, profile.memory_gb, NEEDED_MEMORY_GB, "End other programs")


def _folders(home: Home) -> CheckResult:
    # logs, TensorBoard files and checkpoints are folders of the run itself, made with it
    folders = (home.runs, home.datasets, home.root / "models", home.reports / "revalidation")
    problems = [f"{folder}: {problem}" for folder in folders if (problem := _problem(folder)) is not None]
    names = ", ".join(str(folder.relative_to(home.root)) for folder in folders)
    message = f"Folders can be written: {names}."
    if problems:
        message = f"Folders cannot be written: {'; '.join(problems)}. Actions: correct their owner or mode."
    return CheckResult(name="directories", passed=not problems, message=message)


def _problem(folder: Path) -> str | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _room(name: str, title: str, seen: float, wanted: float, needed: float, action: str) -> CheckResult:
    is_enough = seen >= wanted
    message = f"{title}: {seen:.1f} GB free, {wanted:g} GB wanted."
    if not is_enough:
        message += f" Actions: {action}; or lower the limit of the profile."
    return CheckResult(
        name=name,
        passed=is_enough,
        observed=round(seen, 1),
        limit=wanted,
        message=message,
        severity=Severity.WARNING if seen >= needed else Severity.CRITICAL,
    )


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
