from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from include.core.errors import InvalidInputError
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.timelines import Shared, require_sound, timeline
from tests.unit.features.samples import candles
from tests.unit.features.surroundings import around


def _shared(given):
    return Shared(given.fear_greed, given.macro, given.reference)


def test_what_symbols_share_is_made_once_and_changes_no_value():
    given = around(candles(800, seed=3))
    shared = _shared(given)
    first, second = replace(given, shared=shared), replace(around(candles(800, seed=4)), macro=given.macro)
    assert first.macro_lines is shared.macro_lines
    assert replace(first).macro_lines is shared.macro_lines
    # another object in the place of one of them: nothing is taken over
    assert replace(second, shared=shared).macro_lines is not shared.macro_lines
    chosen = feature_set("market94")
    pd.testing.assert_frame_equal(compute(first, chosen), compute(given, chosen), check_exact=True)


def test_frames_that_were_changed_are_not_taken_from_what_is_shared():
    given = around(candles(800, seed=3))
    cut = replace(given, shared=_shared(given), macro=given.macro.iloc[:50])
    assert sum(len(line.value) for line in cut.macro_lines.values()) == 50


def test_a_source_out_of_order_is_put_in_order_and_loses_missing_values():
    frame = pd.DataFrame({"known_at": [3, 1, 2, 3], "timestamp": [3, 1, 2, 2], "value": [3.0, 1.0, np.nan, 2.0]})
    line = timeline(frame, "timestamp", "value")
    assert (line.known_at.tolist(), line.event.tolist(), line.value.tolist()) == ([1, 3, 3], [1, 2, 3], [1, 2, 3])


def test_unsound_prices_are_refused_with_their_row():
    with pytest.raises(InvalidInputError, match=r"`candles.close` must be finite and positive, was 0.0 in row 1"):
        require_sound({"close": np.array([1.0, 0.0])}, "candles")
    with pytest.raises(InvalidInputError, match=r"`candles.volume` must be finite and not negative, was -1.0 in row 0"):
        require_sound({"volume": np.array([-1.0])}, "candles")
    require_sound({"volume": np.array([0.0])}, "candles")
