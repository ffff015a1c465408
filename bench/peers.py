"""The packages we compare with, in an interpreter of their own: `.venv-bench`, made by `make bench`."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from include.core.errors import MissingInputError
from include.core.paths import REPOSITORY

WORKER = Path(__file__).with_name("peer_worker.py")
INTERPRETER = REPOSITORY / ".venv-bench" / "bin" / "python"


def interpreter() -> Path:
    """Return the interpreter that has the peers."""
    if INTERPRETER.exists():
        return INTERPRETER
    if find_spec("smartmoneyconcepts") and find_spec("pandas_ta_classic"):
        return Path(sys.executable)
    raise MissingInputError(f"{INTERPRETER} does not exist. Hint: `make bench` makes it from requirements-bench.txt.")


class Peers:
    """A process that holds candles and runs the peers on them when asked; times are its own, warm."""

    def __enter__(self) -> Self:
        """Start the process."""
        self._process = subprocess.Popen(
            [str(interpreter()), str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate()

    def ask(self, what: str, **arguments: Any) -> Any:
        """Return the answer to one request; see `peer_worker.py`."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("started without pipes")
        print(json.dumps({"what": what, **arguments}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise MissingInputError(f"The peers ended at {what!r}. Hint: remove .venv-bench and run `make bench`.")
        return json.loads(answer)

    def load(self, folder: Path, markets: dict[str, pd.DataFrame]) -> None:
        """Hand over candles by name through Parquet files in `folder`."""
        for name, frame in markets.items():
            frame.to_parquet(folder / f"{name}.parquet")
        self.ask("load", folder=str(folder))
