"""What the terminal shows of a single stage: progress bars, and what the stage returned."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from include.core.progress import Progress


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """Yield a progress function that draws one bar per label, with the time that is left."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        known: dict[str, Any] = {}

        def report(label: str, done: int, total: int) -> None:
            if label not in known:
                known[label] = bars.add_task(label, total=total)
            bars.update(known[label], completed=done, total=total)

        yield report


def show(document: Any) -> None:
    """Print a document of a stage as a table of names and values."""
    console = Console()
    for record in document if isinstance(document, list) else [document]:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for key, value in record.items():
            table.add_row(f"[bold]{key}[/]", Text(_text(value)))
        console.print(table)


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) > 8:
        return f"{', '.join(map(str, value[:8]))} … ({len(value)})"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {entry}" for key, entry in value.items()) or "none"
    return str(value)
