import numpy as np

from include.features.kernels.jit import kernel


@kernel
def _telescope(x: np.ndarray) -> float:
    total = 0.0
    for value in x:
        total += value
    return total


def test_a_kernel_adds_in_the_order_it_is_written():
    # reordered, as fastmath may, the small one would survive
    assert _telescope(np.array([1e16, 1.0, -1e16])) == 0.0
