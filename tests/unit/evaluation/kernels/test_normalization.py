import math

import pytest

from include.evaluation.kernels.normalization import standardized


@pytest.mark.parametrize(("value", "expected"), [(5.0, 2.0), (-100.0, -10.0), (100.0, 10.0)])
def test_a_value_is_centred_scaled_and_clipped(value, expected):
    assert standardized(value, 1.0, 2.0, 10.0) == expected


def test_no_number_stays_no_number():
    assert math.isnan(standardized(math.nan, 1.0, 2.0, 10.0))


def test_nothing_is_done_with_no_mean_a_deviation_of_one_and_no_clip():
    assert standardized(1e30, 0.0, 1.0, math.inf) == 1e30
