import numpy as np
import pytest

from include.evaluation.kernels.matrix import LANES, multiply


def _product(a: np.ndarray, b: np.ndarray, *, is_transposed: bool = False) -> np.ndarray:
    (m, k), n = a.shape, b.shape[1]
    flat = np.ascontiguousarray(a.T if is_transposed else a).ravel()
    row, column = (1, m) if is_transposed else (k, 1)
    c = np.full(m * n, np.nan, np.float32)
    multiply(flat, 0, row, column, b.ravel(), 0, c, 0, m, n, k)
    return c.reshape(m, n)


@pytest.mark.parametrize("is_transposed", [False, True])
@pytest.mark.parametrize(("m", "n", "k"), [(64, 64, 104), (1, 16, 1), (13, 48, 7), (8, 32, 3), (9, 16, 64)])
def test_a_product_is_that_of_float64(m: int, n: int, k: int, is_transposed: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(m, k)).astype(np.float32), rng.normal(size=(k, n)).astype(np.float32)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    np.testing.assert_allclose(_product(a, b, is_transposed=is_transposed), expected, atol=1e-5)


def test_a_row_of_a_product_has_the_same_bits_alone_and_among_others() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(21, 50)).astype(np.float32), rng.normal(size=(50, 48)).astype(np.float32)
    whole = _product(a, b)
    for i in range(len(a)):
        assert (_product(a[i : i + 1], b) == whole[i]).all()


def test_factors_and_product_may_lie_anywhere_in_their_arrays() -> None:
    a = np.arange(10, dtype=np.float32)
    b = np.ones(5 + 2 * LANES, np.float32)
    c = np.zeros(3 + 2 * LANES, np.float32)
    multiply(a, 4, 2, 1, b, 5, c, 3, 2, LANES, 2)
    # rows (4, 5) and (6, 7) of a against ones
    assert c.tolist() == [0.0] * 3 + [9.0] * LANES + [13.0] * LANES
