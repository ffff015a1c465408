"""The checks of the day as they were posted: one JSON file per day and slot, the newest of a slot kept.

Making a check does not belong here (`include/training/slots.py`). Light to import: pages read it.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.checks import CheckReport, Severity
from include.core.errors import PerpetuaError
from include.core.files import read_json, write_text
from include.core.paths import Home


class PostedCheck(BaseModel):
    """One check as people read it.

    Parameters
    ----------
    slot, title : str
        Which check, and its name for people.
    at : datetime
        When it was made, wall clock, UTC; its day is the folder's.
    report : CheckReport
        Its verdicts.
    lines : tuple of str
        The content, line by line, plain text.
    run_id : str or None
        The run it was about.
    is_posted : bool
        Whether people were told; False too in files from before this was kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: str
    title: str
    at: datetime
    report: CheckReport
    lines: tuple[str, ...]
    run_id: str | None
    is_posted: bool = False

    @property
    def status(self) -> str:
        """`OK`, `WARNING` or `CRITICAL`, after its most severe failure."""
        worst = {failure.severity for failure in self.report.failures}
        if Severity.CRITICAL in worst:
            return "CRITICAL"
        return "WARNING" if worst & {Severity.WARNING, Severity.EXCLUDE} else "OK"


def keep_check(home: Home, check: PostedCheck) -> Path:
    """Write `check` in the place of an earlier one of its day and slot, and return the file."""
    target = home.checks / check.at.astimezone(UTC).date().isoformat() / f"{check.slot}.json"
    write_text(target, check.model_dump_json(indent=1) + "\n")
    return target


def check_days(home: Home) -> list[date]:
    """Return the days with checks, newest first."""
    folders = home.checks.iterdir() if home.checks.is_dir() else ()
    days = (_day(folder.name) for folder in folders if _files(folder))
    return sorted((day for day in days if day is not None), reverse=True)


def checks_of(home: Home, day: date) -> tuple[list[PostedCheck], list[str]]:
    """Return the checks of `day` in order of time, and the names of files there that are none."""
    found, damaged = [], []
    for file in _files(home.checks / day.isoformat()):
        try:
            found.append(PostedCheck.model_validate(read_json(file)))
        except (PerpetuaError, ValidationError, UnicodeDecodeError):
            damaged.append(file.name)
    return sorted(found, key=lambda check: check.at), damaged


def _files(folder: Path) -> list[Path]:
    # a file that is being written has a name with a dot in front
    return [file for file in sorted(folder.glob("*.json")) if not file.name.startswith(".")]


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    # other ISO spellings of a day are nobody's folder
    return day if day.isoformat() == name else None
