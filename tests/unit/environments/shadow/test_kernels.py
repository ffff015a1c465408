import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.environments.shadow.kernels import SEAT, shadow_rules
from include.environments.shadow.rewards import ShadowComponents


def test_the_rules_are_those_of_the_system():
    rules = shadow_rules(load_system("shadow", "bybit_taker"))

    assert rules["account"]["fee"] == pytest.approx(0.00055)
    assert np.isinf([rules["account"][name] for name in ("stop_atr", "take_profit_atr")]).all()
    assert (rules["reward"]["realised_weight"], rules["reward"]["ruin_penalty"]) == (10.0, -10.0)
    assert (rules["reward"]["lookback"], rules["reward"]["inactivity_candles"]) == (20, 100)
    assert rules["periods_per_year"] == 365 * 24 * 60


def test_a_seat_has_room_for_every_component():
    assert SEAT["components"].shape == (len(ShadowComponents._fields),)


def test_the_settings_of_another_system_are_refused():
    with pytest.raises(InvalidInputError, match="`system` must have shadow's reward, was 'phase4'"):
        shadow_rules(load_system("phase4"))
