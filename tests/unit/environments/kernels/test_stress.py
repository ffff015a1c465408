import numpy as np
import pandas as pd
import pytest

from include.environments.kernels.stress import trailing_median


@pytest.mark.parametrize("n", [1, 2, 5, 180])
def test_the_median_is_that_of_pandas(n):
    rng = np.random.default_rng(n)
    # a few values only, so that equal ones come and go
    for x in (rng.normal(size=2_000), rng.integers(4, size=2_000).astype(np.float64), np.zeros(400)):
        np.testing.assert_array_equal(trailing_median(x, n), pd.Series(x).rolling(n).median())


def test_fewer_values_than_the_window_have_none():
    assert np.isnan(trailing_median(np.ones(4), 5)).all()
    assert trailing_median(np.empty(0), 5).shape == (0,)
