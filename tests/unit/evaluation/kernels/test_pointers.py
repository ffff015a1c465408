import subprocess
import sys

import numpy as np
import pytest
from numba import types

from include.evaluation.kernels.jit import kernel
from include.evaluation.kernels.pointers import pointer

COUNT_COMPILATIONS = """
from numba.core import event
from tests.unit.training.builders import tiny_dataset, tiny_system
from include.training.fused.trainer import FusedTrainer
trainer = FusedTrainer(tiny_system(), tiny_dataset())
trainer.advance()
with event.install_recorder("numba:compile") as recorder:
    FusedTrainer(tiny_system(), tiny_dataset()).advance()
from include.training.fused.rollout import play
from include.training.fused.update import update
print(sum(play.stats.cache_hits.values()), sum(update.stats.cache_hits.values()), len(recorder.buffer))
"""


@kernel
def _double(values: np.ndarray) -> float:
    return 2.0 * values.sum()


@kernel
def _call(function: object, values: np.ndarray) -> float:
    return function(values) + 1.0


def test_a_kernel_calls_the_kernel_it_is_given() -> None:
    values = np.array([1.0, 2.5])
    assert _call(pointer(_double, types.float64, (values,)), values) == 8.0


def test_a_kernel_that_divides_by_zero_goes_on() -> None:
    @kernel
    def quotient(a: float, b: float) -> float:
        return a / b

    assert quotient(1.0, 0.0) == np.inf
    assert np.isnan(quotient(0.0, 0.0))


@pytest.mark.slow
def test_a_second_process_finds_the_compiled_kernels_on_disk() -> None:
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", COUNT_COMPILATIONS], capture_output=True, text=True, check=True, timeout=500
        )
    assert run.stdout.split() == ["1", "1", "0"]
