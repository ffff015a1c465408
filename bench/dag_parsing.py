"""P8: how fast the DAG files parse, against the same files with `import pandas` on top."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from bench.figure import Figure
from bench.timing import interleaved
from include.core.paths import REPOSITORY
from include.core.progress import Progress

ROUNDS = 5
# as the DAG processor does: airflow.sdk imported and what it brought frozen before each file gets a process of its own
_PARSE = """
import gc, runpy, sys, time
import airflow.sdk
gc.collect()
gc.freeze()
start = time.process_time()
runpy.run_path(sys.argv[1])
print(time.process_time() - start)
"""


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the ratio of the median DAG file."""
    files = sorted((REPOSITORY / "dags").glob("*.py"))
    rounds = ROUNDS * len(files)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        heavy = [_with_pandas(file, home) for file in files]

        def parse(place: int, sources: list[Path]) -> float:
            progress("files", place, rounds)
            return _seconds(sources[place % len(sources)], home)

        for file in (*files[:1], *heavy[:1]):
            _seconds(file, home)
        seconds = interleaved({"ours": lambda n: parse(n, files), "pandas": lambda n: parse(n, heavy)}, rounds)
    progress("files", rounds, rounds)
    yield Figure(
        id="P8",
        goal=f"parsing a DAG file, median of {len(files)}, airflow.sdk imported before",
        figure=seconds["pandas"] / seconds["ours"],
        target=8,
        unit="× faster",
        measured={"median": f"{seconds['ours']:.4f} s"},
        peers={f"the same file importing pandas {version('pandas')}": f"{seconds['pandas']:.4f} s"},
    )


def _with_pandas(file: Path, folder: Path) -> Path:
    """Return a copy of a DAG file that imports pandas first, behind its docstring."""
    text = file.read_text(encoding="utf-8")
    end = text.index('"""', text.index('"""') + 3) + 3
    copy = folder / file.name
    copy.write_text(f"{text[:end]}\nimport pandas\n{text[end:]}", encoding="utf-8")
    return copy


def _seconds(file: Path, home: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "AIRFLOW_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, str(file)], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
