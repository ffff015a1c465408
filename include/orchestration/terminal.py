"""What the terminal shows of a single stage: progress bars, and what the stage returned."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from include.core.checks import CheckReport, Severity
from include.core.progress import Progress

_VERDICTS = {
    Severity.CRITICAL: "stops",
    Severity.EXCLUDE: "left out",
    Severity.WARNING: "warns",
    Severity.INFO: "note",
}


@contextmanager
def progress(screen: Console) -> Iterator[Progress]:
    """Yield a progress function that draws one bar per label, with the time that is left; a file gets a line each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=screen, transient=True) as bars:
        known: dict[str, Any] = {}

        def report(label: str, done: int, total: int) -> None:
            if label not in known:
                if not screen.is_terminal:
                    screen.print(Text(label))
                known[label] = bars.add_task(label, total=total, completed=done)
            bars.update(known[label], completed=done, total=total)

        yield report


def console(*, stderr: bool = False) -> Console:
    """Return a console; a file or a pipe has no edge to wrap at, so it gets a wide one."""
    screen = Console(stderr=stderr, highlight=False)
    if not screen.is_terminal:
        screen.width = 200
    return screen


def show(document: Any) -> None:
    """Print a document of a stage: a list of records as a table, a record as names and values."""
    screen = console()
    if isinstance(document, list):
        screen.print(_table_of(document))
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in _flat(document):
        table.add_row(f"[bold]{name}[/]", Text(_text(value)))
    screen.print(table)


def verdicts(report: CheckReport) -> list[dict[str, Any]]:
    """Return the lines of a report for people: what failed first, most severe first, then what passed."""
    passed = (result for result in report.results if result.passed)
    return [
        {
            "": "✓" if result.passed else "✗",
            "check": result.name,
            "verdict": "passed" if result.passed else _VERDICTS[result.severity],
            "seen": result.observed,
            "limit": result.limit,
            "what": result.message,
        }
        for result in (*report.failures, *passed)
    ]


def _table_of(records: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in records[0] if records else ():
        table.add_column(name)
    for record in records:
        table.add_row(*(Text(_text(value)) for value in record.values()))
    return table


def _flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{prefix}{key}", "\n".join(map(_verdict, value))
        else:
            yield f"{prefix}{key}", value


def _verdict(entry: dict[str, Any]) -> str:
    mark = {True: "✓ ", False: "✗ "}.get(entry.get("passed"), "")  # type: ignore[arg-type]  # None is no verdict
    return f"{mark}{entry.get('message', entry)}"


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) > 8:
        return f"{', '.join(map(str, value[:4]))} … ({len(value)})"
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if value is None:
        return "–"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
