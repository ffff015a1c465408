import pytest

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.environments.phase4.kernels import SEAT, phase4_rules
from include.environments.phase4.rewards import RewardComponents


def test_the_rules_are_those_of_the_system():
    system = load_system("phase4", overrides={"training.gamma": 0.9, "reward.clip": 7.0})

    rules = phase4_rules(system)

    assert (rules["reward"]["gamma"], rules["reward"]["clip"]) == (0.9, 7.0)
    assert rules["reward"]["invalid_action_penalty"] == -0.5
    assert (rules["account"]["stop_atr"], rules["account"]["risk_per_trade"]) == (1.5, 0.02)
    assert rules["periods_per_year"] == 2_190


def test_a_seat_has_room_for_every_component():
    assert SEAT["components"].shape == (len(RewardComponents._fields),)


def test_the_settings_of_another_system_are_refused():
    with pytest.raises(InvalidInputError, match=r"`system` must have phase4's reward, .*was 'shadow'"):
        phase4_rules(load_system("shadow"))
