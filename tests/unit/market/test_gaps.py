from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from include.core.clock import to_ms
from include.core.errors import InvalidInputError
from include.market.gaps import Gap, epoch_ms, find_gaps

HOUR = 3_600_000


def hour(number: int) -> datetime:
    return datetime(2026, 1, 1, number, tzinfo=UTC)


def times(*numbers: int) -> np.ndarray:
    return np.array([to_ms(hour(n)) for n in numbers], dtype=np.int64)


def test_a_contiguous_series_has_no_gap() -> None:
    assert find_gaps(times(0, 1, 2, 3), HOUR) == ()


def test_each_run_of_missing_candles_is_one_gap_with_its_ends() -> None:
    assert find_gaps(times(0, 1, 3, 8), HOUR) == (Gap(hour(2), hour(2), 1), Gap(hour(4), hour(7), 4))


def test_one_candle_or_none_has_no_gap() -> None:
    assert find_gaps(times(), HOUR) == ()
    assert find_gaps(times(5), HOUR) == ()


@pytest.mark.parametrize("wrong", [times(1, 0), times(1, 1), times(0, 1) + np.array([0, 5])])
def test_times_out_of_order_or_off_the_grid_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="must ascend on the candle grid"):
        find_gaps(wrong, HOUR)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_of_any_unit_become_milliseconds(unit: str) -> None:
    series = pd.Series([hour(3)]).astype(f"datetime64[{unit}, UTC]")
    assert epoch_ms(series).tolist() == [to_ms(hour(3))]
