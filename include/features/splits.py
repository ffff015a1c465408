"""Calendar splits common to all symbols of a dataset: train, embargo, validation, embargo, test."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from include.config.system import SplitConfig
from include.core.clock import format_utc, from_ms, to_ms
from include.core.errors import DataQualityError, InvalidInputError
from include.features.dataset import Split, Window


def common_end(last_open_times: Iterable[int], step_ms: int) -> int:
    """Return the close of the newest candle that at least half of the symbols have, epoch milliseconds.

    The newest candle of all would let one symbol that was fetched first cut the last test candle of all others.
    """
    newest_first = sorted(last_open_times, reverse=True)
    if not newest_first:
        raise InvalidInputError("`last_open_times` must name at least one symbol's newest candle, was empty.")
    return newest_first[(len(newest_first) - 1) // 2] + step_ms


def calendar_splits(start_ms: int, end_ms: int, step_ms: int, config: SplitConfig) -> dict[Split, Window]:
    """Return the half-open windows of open times, counted back from the newest candle.

    Parameters
    ----------
    start_ms : int
        Open time of the first training candle, epoch milliseconds.
    end_ms : int
        Close of the newest candle.
    step_ms : int
        Length of a candle.
    config : SplitConfig
        Candles of each part and of the embargo between them.

    Raises
    ------
    DataQualityError
        Nothing is left for training.
    """
    test_start = end_ms - config.test_candles * step_ms
    validation_end = test_start - config.embargo_candles * step_ms
    validation_start = validation_end - config.validation_candles * step_ms
    train_end = validation_start - config.embargo_candles * step_ms
    if train_end <= start_ms:
        raise DataQualityError(
            f"History must start before {format_utc(from_ms(train_end))} to leave candles for training, "
            f"was {format_utc(from_ms(start_ms))}: {(end_ms - start_ms) // step_ms:,} warm candles, of which test, "
            f"validation and two embargoes take {(end_ms - train_end) // step_ms:,}. Hint: fetch more candles."
        )
    return {
        "train": Window(start=from_ms(start_ms), end=from_ms(train_end)),
        "validation": Window(start=from_ms(validation_start), end=from_ms(validation_end)),
        "test": Window(start=from_ms(test_start), end=from_ms(end_ms)),
    }


def rows_within(open_time: NDArray[np.int64], window: Window) -> slice:
    """Return the rows of ascending `open_time` that lie in `window`."""
    start, stop = np.searchsorted(open_time, [to_ms(window.start), to_ms(window.end)])
    return slice(int(start), int(stop))


def shortfall(open_time: NDArray[np.int64], splits: dict[Split, Window], config: SplitConfig) -> str | None:
    """Return why a symbol with complete rows at `open_time` cannot join the dataset, None when it can."""
    needed: dict[Split, int] = {
        "train": config.min_train_candles,
        "validation": config.validation_candles,
        "test": config.test_candles,
    }
    for name, minimum in needed.items():
        rows = rows_within(open_time, splits[name])
        count = rows.stop - rows.start
        if count < minimum:
            return f"{count} {name} candles, needs {minimum}"
    return None
