import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from include.core.paths import REPOSITORY
from include.features.kernels.jit import kernel

KERNELS = """
from pathlib import Path
from include.features.kernels.jit import compiler
kernel = compiler(Path(__file__).parent)
"""


@kernel
def _telescope(x: np.ndarray) -> float:
    total = 0.0
    for value in x:
        total += value
    return total


def test_a_kernel_adds_in_the_order_it_is_written():
    # reordered, as fastmath may, the small one would survive
    assert _telescope(np.array([1e16, 1.0, -1e16])) == 0.0


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_has_changed(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "jit.py").write_text(KERNELS)
    (folder / "outer.py").write_text(
        "from jit import kernel\nfrom inner import inner\n@kernel\ndef outer(): return inner()\n"
    )
    answers = []
    for value in ("1", "22"):
        (folder / "inner.py").write_text(f"from jit import kernel\n@kernel\ndef inner(): return {value}\n")
        command = [sys.executable, "-c", "from outer import outer; print(outer())"]
        paths = os.pathsep.join((str(folder), str(REPOSITORY)))
        run = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True
        )
        answers.append(run.stdout.strip())
    assert answers == ["1", "22"]
