"""Work on a lake in a process of its own, so that it can be killed, starved of space, or run against others.

`python -m tests.support.lake_work LOCATION OPERATION[:ARGUMENT…]` prints `ready`, does the operation and prints `done`.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core.columns import FEAR_GREED
from include.lake.evolve import evolve
from include.lake.lake import Lake
from include.lake.maintenance import maintain
from tests.unit.lake.rows import START, candle, candles

ROWS = 3_000
AT_ONCE = timedelta(0)


def state(close: float, symbol: str = "BTC/USDT:USDT", rows: int = ROWS) -> pa.Table:
    """Return one whole state of the table: every candle closes at `close`."""
    return candles(*(candle(symbol, number, close=close) for number in range(rows)))


def closes(lake: Lake) -> set[float]:
    """Return the closes that the table holds; of a whole state there is one."""
    rows = lake.read_arrow("candles", ["close"])
    assert rows.num_rows == ROWS, f"{rows.num_rows} rows"
    return set(rows["close"].to_pylist())


def rows_of(writers: int, commits: int) -> pa.Table:
    """Return what the table holds after so many `write` processes: rows of their own, and shared ones."""
    own = [candle(f"W{writer}/USDT:USDT", number) for writer in range(writers) for number in range(commits)]
    return candles(*(candle("ALL/USDT:USDT", number) for number in range(commits)), *own)


def _write(lake: Lake, writer: str, commits: str) -> None:
    for number in range(int(commits)):
        lake.merge("candles", candles(candle(f"W{writer}/USDT:USDT", number), candle("ALL/USDT:USDT", number)))


def _churn(lake: Lake) -> None:
    """Write one whole state after the other, each above the last, and maintain now and then, without an end."""
    (last,) = closes(lake)
    for number in count(1):
        # closes stay between low and high
        lake.merge("candles", state(90.0 + (last - 90.0 + number / 1_000) % 20.0))
        if number % 4 == 0:
            maintain(lake, {}, AT_ONCE, AT_ONCE)


def _fill(lake: Lake) -> None:
    """Add new rows until there is no space left."""
    for number in count():
        lake.merge("candles", state(92.0 + number % 7, f"F{number}/USDT:USDT"))


def _index(lake: Lake) -> None:
    row = {"timestamp": START, "value": 40, "classification": "Fear", "known_at": START}
    lake.merge("fear_greed", pa.Table.from_pylist([row], schema=FEAR_GREED.schema))


OPERATIONS: dict[str, Callable[..., Any]] = {
    "insert": lambda lake: lake.merge("candles", state(100.0)),
    "rewrite": lambda lake: lake.merge("candles", state(101.0)),
    "create": _index,
    "compact": lambda lake: maintain(lake, {}),
    "vacuum": lambda lake: maintain(lake, {}, AT_ONCE),
    "clean": lambda lake: maintain(lake, {}, AT_ONCE, AT_ONCE),
    "evolve": evolve,
    "write": _write,
    "churn": _churn,
    "fill": _fill,
}


def start(location: Path | str, operation: str, prefix: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
    """Return a process that does `operation`, under the command `prefix`."""
    command = [*prefix, sys.executable, "-B", "-m", "tests.support.lake_work", str(location), operation]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def finish_all(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Wait for processes of `start` and fail with the error of one that did not do its work."""
    for process in processes:
        out, errors = process.communicate(timeout=300)
        assert out == "ready\ndone\n", errors


def _main() -> None:
    location, operation = sys.argv[1:]
    lake = Lake(location)
    print("ready", flush=True)
    name, *arguments = operation.split(":")
    OPERATIONS[name](lake, *arguments)
    print("done", flush=True)


if __name__ == "__main__":
    _main()
