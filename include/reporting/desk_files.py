"""Which files the desk serves: those below the reports, and its own scripts and styles; nothing a link leads out to."""

from pathlib import Path

from include.core.errors import InvalidInputError, MissingInputError
from include.core.paths import Home
from include.reporting.page import TEMPLATES, script_digest

STATIC = Path(__file__).parent / "static"
# reports bring one script, the sorting of their tables, and styles of their own
REPORT_POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src '{script_digest(TEMPLATES / 'sort.js')}'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def report_file(home: Home, path: str) -> Path:
    """Return the file `path` below the reports.

    Raises
    ------
    MissingInputError
        There is none, or it lies elsewhere once every link is followed.
    """
    return _below(home.reports, path, "report")


def static_file(name: str) -> Path:
    """Return a script or style of the desk."""
    return _below(STATIC, name, "file")


def run_folder(home: Home, run_id: str) -> Path:
    """Return the folder of a run that exists and lies in this home.

    Raises
    ------
    MissingInputError
        There is none.
    """
    try:
        folder = home.run(run_id)
    except InvalidInputError:
        raise MissingInputError(f"There is no run {run_id!r}. Hint: the desk lists them all.") from None
    if not folder.is_dir() or not folder.resolve().is_relative_to(home.runs.resolve()):
        raise MissingInputError(f"There is no run {run_id!r}. Hint: the desk lists them all.")
    return folder


def _below(root: Path, path: str, what: str) -> Path:
    missing = MissingInputError(f"There is no {what} {path[-200:]!r}.")
    try:
        found = (root / path).resolve()
        is_file = found.is_file()
    except (OSError, ValueError):
        # names too long for the file system, and NUL
        raise missing from None
    if not is_file or not found.is_relative_to(root.resolve()):
        raise missing
    return found
