from math import log, sqrt

import numpy as np
import pytest

from include.features.families.price import FAMILY
from include.features.matrix import compute
from include.features.registry import feature_set
from tests.unit.features.samples import flat_candles, inputs, market, markets

MARKET94 = feature_set("market94")


@pytest.mark.parametrize("name", markets())
@pytest.mark.parametrize("row", [179, 1000, 2999])
def test_price_features_follow_their_formulas(name, row):
    frame = market(name)
    ours = compute(inputs(frame), MARKET94).iloc[row]
    now, before = frame.iloc[row], frame.iloc[row - 1]
    volumes = frame["volume"].iloc[row - 179 : row + 1].tolist()
    mean = sum(volumes) / 180
    deviation = sqrt(sum((v - mean) ** 2 for v in volumes) / 180)
    window = list(frame.iloc[row - 41 : row + 1].itertuples())
    value = sum((c.high + c.low + c.close) / 3 * c.volume for c in window)
    expected = {
        "f_price_day_phase_1": (int(now["open_time"]) // 3_600_000 % 24) / 24,
        "f_price_open_1": log(now["open"] / before["open"]),
        "f_price_high_1": log(now["high"] / now["close"]),
        "f_price_low_1": log(now["low"] / now["close"]),
        "f_price_close_position_1": (now["close"] - now["low"]) / (now["high"] - now["low"]),
        "f_price_volume_z_180": (now["volume"] - mean) / deviation,
        "f_price_vwap_distance_42": log(now["close"] / (value / sum(c.volume for c in window))),
        "f_price_return_1": log(now["close"] / before["close"]),
    }
    assert list(expected) == [spec.name for spec in FAMILY.specs]
    for feature, number in expected.items():
        assert ours[feature] == pytest.approx(number, rel=1e-5, abs=1e-7), feature


def test_a_market_that_stands_still_claims_nothing():
    last = compute(inputs(flat_candles(200)), MARKET94).iloc[-1]
    assert last["f_price_close_position_1"] == 0.5
    for spec in FAMILY.specs:
        if spec.short_name not in ("day_phase", "close_position"):
            # a third of three times 0.1 is not 0.1 to the last bit
            assert last[spec.name] == pytest.approx(0.0, abs=1e-15), spec.name


def test_the_day_phase_is_that_of_the_open():
    phases = compute(inputs(flat_candles(7)), MARKET94)["f_price_day_phase_1"]
    np.testing.assert_allclose(phases, [0, 4 / 24, 8 / 24, 12 / 24, 16 / 24, 20 / 24, 0], rtol=1e-7)
