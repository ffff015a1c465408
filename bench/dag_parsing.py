"""P8: how fast the DAG files parse, against the same files with `import pandas` on top."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.figure import Figure
from include.core.paths import REPOSITORY
from include.core.progress import Progress

ROUNDS = 5
# as the DAG processor does: each file gets a process of its own, forked from one that has imported the manager and the
# airflow modules that the file names, and frozen what they brought
_PARSE = """
import gc, importlib, os, runpy, sys, time
import airflow.dag_processing.manager, airflow.sdk.execution_time.task_runner
from airflow.utils.file import iter_airflow_imports
for file in sys.argv[1:]:
    for name in iter_airflow_imports(file):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    child = os.fork()
    if not child:
        start = time.process_time()
        runpy.run_path(file)
        print("PARSED", time.process_time() - start, flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{file} does not parse")
"""


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the ratio of the median DAG file."""
    files = sorted((REPOSITORY / "dags").glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        pairs = [(file, _with_pandas(file, home)) for file in files]
        progress("rounds", 0, ROUNDS)
        # the first round compiles every module, as it is once a deployment has parsed its files
        seconds = _seconds([file for pair in pairs for file in pair] * (1 + ROUNDS), home)[2 * len(pairs) :]
    progress("rounds", ROUNDS, ROUNDS)
    ours, heavy = median(seconds[0::2]), median(seconds[1::2])
    yield Figure(
        id="P8",
        goal=f"parsing a DAG file, median of {len(files)}, as the DAG processor does",
        figure=heavy / ours,
        target=8,
        unit="× faster",
        measured={"median": f"{ours:.4f} s"},
        peers={f"the same file importing pandas {version('pandas')}": f"{heavy:.4f} s"},
    )


def _with_pandas(file: Path, folder: Path) -> Path:
    """Return a copy of a DAG file that imports pandas first, behind its docstring."""
    text = file.read_text(encoding="utf-8")
    end = text.index('"""', text.index('"""') + 3) + 3
    copy = folder / file.name
    copy.write_text(f"{text[:end]}\nimport pandas\n{text[end:]}", encoding="utf-8")
    return copy


def _seconds(files: list[Path], home: Path) -> list[float]:
    """Return the processor seconds of parsing each of `files`, one after the other."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "AIRFLOW_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(home / "pycache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, *map(str, files)], env=environment, capture_output=True, text=True, check=True
    )
    return [float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("PARSED")]
