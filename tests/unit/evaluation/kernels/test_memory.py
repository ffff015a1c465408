import numpy as np

from include.evaluation.kernels.memory import copy, zeros


def test_arrays_begin_at_a_multiple_of_64_bytes() -> None:
    for size in (1, 5, 1000, 100_000):
        array = zeros((size, 3))
        assert array.ctypes.data % 64 == 0
        assert array.shape == (size, 3)
        assert not array.any()


def test_an_array_has_the_type_asked_for_and_can_be_written_to() -> None:
    array = zeros(4, np.int64)
    array[2] = -7
    assert array.dtype == np.int64
    assert array.tolist() == [0, 0, -7, 0]


def test_copy_writes_every_value() -> None:
    target = zeros(3)
    copy(np.array([1.0, 2.0, 3.0], np.float32), target)
    assert target.tolist() == [1.0, 2.0, 3.0]
