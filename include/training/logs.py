"""The log files of a run: one definition of their columns, which writer and readers share.

What the values mean for people is decided in `watch.py`, not here.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from include.core.errors import IntegrityError, InvalidInputError, MissingInputError

LOGS = "logs"
DAILY_SUMMARY = "daily_summary.log"
ALERTS = "alerts.log"
TENSORBOARD = "tensorboard"

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class LogFile:
    """One CSV log: its file name and its columns, in order."""

    name: str
    columns: tuple[str, ...]


CONVERGENCE = LogFile(
    "convergence_dashboard.csv", ("timestep", "reward", "kl_divergence", "value_loss", "policy_entropy")
)
UPDATES = LogFile(
    "training_metrics.csv", ("timestep", "policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction")
)
EPISODES = LogFile(
    "episodes.csv",
    ("episode", "timesteps", "reward", "length", "win_rate", "profit_factor", "sharpe", "max_dd", "lr"),
)
# not one of the operating documents': a row per validation round
VALIDATION = LogFile(
    "validation.csv",
    ("timestep", "total_return", "win_rate", "profit_factor", "sharpe", "max_drawdown", "trades", "gates_passed"),
)
CSV_LOGS = (CONVERGENCE, UPDATES, EPISODES)
ALL_LOGS = (*(log.name for log in CSV_LOGS), DAILY_SUMMARY, ALERTS, TENSORBOARD)


class LogWriter:
    """Write one CSV log, every row flushed as it comes.

    Parameters
    ----------
    folder : Path
        The run's `logs` folder; it is created when absent.
    log : LogFile
        Which file; the header is written at once.
    is_resumed : bool
        Go on behind the rows that are there.
    """

    def __init__(self, folder: Path, log: LogFile, *, is_resumed: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._stream = (folder / log.name).open("a" if is_resumed else "w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._stream, lineterminator="\n")
        if not self._stream.tell():
            self._put(log.columns)

    def write(self, row: Mapping[str, float | int | None]) -> None:
        """Append one row; its keys must be the file's columns. None and NaN become empty cells."""
        if tuple(sorted(row)) != tuple(sorted(self._log.columns)):
            raise InvalidInputError(f"`row` of {self._log.name} must have {self._log.columns}, was {tuple(row)}.")
        self._put([_cell(row[column]) for column in self._log.columns])

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _put(self, cells: tuple[str, ...] | list[str]) -> None:
        self._writer.writerow(cells)
        self._stream.flush()


def read_log(folder: Path, log: LogFile) -> Columns:
    """Return the columns of a CSV log as float64 arrays of equal length, empty cells as NaN.

    A last line that is still being written is left out.

    Raises
    ------
    MissingInputError
        The file does not exist.
    IntegrityError
        Its columns are not those of `log`, or a cell is not a number.
    """
    source = folder / log.name
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingInputError(f"`{log.name}` does not exist, looked in {folder}.") from None
    lines = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
    if not lines or tuple(lines[0]) != log.columns:
        raise IntegrityError(f"`{source}` must have the columns {log.columns}, was {lines[:1]}.")
    return {name: _numbers(source, [row[i : i + 1] for row in lines[1:]]) for i, name in enumerate(log.columns)}


def empty_log(log: LogFile) -> Columns:
    """Return what `read_log` returns for a file without rows."""
    return {name: np.empty(0) for name in log.columns}


def append_line(folder: Path, name: str, line: str = "") -> None:
    """Append `line` to a text log; an empty line only makes sure that the file exists."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n" if line else "")


def _cell(value: float | int | None) -> str:
    if value is None or math.isnan(value):
        return ""
    return str(value) if isinstance(value, int) else repr(float(value))


def _numbers(source: Path, cells: list[list[str]]) -> NDArray[np.float64]:
    try:
        return np.array([float(cell[0]) if cell[0] else math.nan for cell in cells], dtype=np.float64)
    except (ValueError, IndexError) as error:
        raise IntegrityError(f"`{source}` must hold numbers only: {error}") from error
