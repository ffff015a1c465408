import pytest

from include.config.system import load_system
from include.core.errors import ConfigurationError, InvalidInputError
from include.environments.configuration import configured, sampled


def test_overrides_replace_settings_of_account_and_reward_by_name():
    system = configured("phase4", overrides={"fee_bps": 2.5, "clip": 3.0})

    assert (system.account.fee_bps, system.reward.clip) == (2.5, 3.0)
    assert system.account.slippage_bps == load_system("phase4").account.slippage_bps


def test_overrides_come_after_the_preset():
    assert configured("shadow", "bybit_taker").account.fee_bps == 5.5
    assert configured("shadow", "bybit_taker", {"fee_bps": 1.0}).account.fee_bps == 1.0


def test_a_configuration_of_ones_own_is_kept_as_it_is():
    own = load_system("phase4", overrides={"account.fee_bps": 9.0})

    assert configured(own) is own
    assert configured(own, overrides={"clip": 3.0}).account.fee_bps == 9.0


def test_a_preset_of_a_configuration_is_refused():
    with pytest.raises(InvalidInputError, match="`preset` must be None with a configuration, was 'handoff'"):
        configured(load_system("phase4"), "handoff")


def test_an_unknown_setting_or_a_value_out_of_bounds_is_refused():
    with pytest.raises(InvalidInputError, match=r"An override must be one of initial_balance_usd, .*, was `leverage`"):
        configured("phase4", overrides={"leverage": 3})
    with pytest.raises(ConfigurationError, match=r"`account.fee_bps`.*was -1"):
        configured("phase4", overrides={"fee_bps": -1})


@pytest.mark.parametrize("name", ["phase4", "shadow"])
def test_sampled_settings_lie_in_their_ranges_and_follow_the_seed(name):
    system = load_system(name)
    drawn = [sampled(system, seed) for seed in range(50)]

    for key, bounds in system.sampling.items():
        section, setting = key.split(".")
        values = [getattr(getattr(one, section), setting) for one in drawn]
        assert bounds.low <= min(values) < max(values) <= bounds.high
        assert len(set(values)) == 50
    assert sampled(system, 7) == drawn[7]
    assert sampled(system, None) != sampled(system, None)
