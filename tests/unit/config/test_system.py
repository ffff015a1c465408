import pytest
from pydantic import ValidationError

from include.config.files import system_names
from include.config.system import (
    RangeConfig,
    RewardConfig,
    ShadowRewardConfig,
    SystemConfig,
    load_system,
    with_settings,
)
from include.core.errors import ConfigurationError


def test_phase4_holds_the_checklists_eleven_hyper_parameters() -> None:
    training = load_system("phase4").training
    checklist = {
        "learning_rate": 3e-4, "batch_size": 64, "n_steps": 2048, "n_epochs": 10, "gamma": 0.99, "gae_lambda": 0.95,
        "ent_coef": 0.001, "clip_range": 0.2, "vf_coef": 0.5, "max_grad_norm": 0.5, "total_timesteps": 500_000,
    }  # fmt: skip
    assert {name: getattr(training, name) for name in checklist} == checklist


def test_the_handoff_preset_overrides_steps_entropy_and_symbols() -> None:
    system = load_system("phase4", "handoff")
    assert system.training.total_timesteps == 1_000_000
    assert system.training.ent_coef == 0.01
    assert system.symbols == ("OGN/USDT:USDT", "1000PEPE/USDT:USDT")
    assert system.training.learning_rate == 3e-4


def test_the_six_gates_carry_the_owners_limits() -> None:
    gates = {gate.name: (gate.direction, gate.limit) for gate in load_system("phase4").gates}
    assert gates == {
        "sharpe": ("at_least", 1.0),
        "max_drawdown": ("at_most", 0.15),
        "win_rate": ("at_least", 0.45),
        "profit_factor": ("at_least", 1.5),
        "consecutive_losses": ("at_most", 5),
        "calmar": ("at_least", 2.0),
    }


def test_dotted_overrides_come_last() -> None:
    assert load_system("phase4", "handoff", {"training.ent_coef": 0.02}).training.ent_coef == 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("phase9",), "`system` must be one of phase4, shadow"),
        (("phase4", "bold"), "`preset` must be one of checklist, handoff, diverging, was 'bold'"),
        (("phase4", None, {"training.lr": 1}), "`training.lr` extra inputs are not permitted, was 1"),
        (("phase4", None, {"gates": []}), "`gates` must begin with one of training, reward"),
        (("phase4", None, {"training.learning_rate": 0.5}), "`training.learning_rate` .*0.001, was 0.5"),
    ],
)
def test_what_is_unknown_or_out_of_bounds_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_system(*arguments)


def test_every_preset_of_every_system_is_valid() -> None:
    for name in system_names():
        for preset in load_system(name).presets:
            load_system(name, preset)


def test_shadow_holds_the_documents_defaults() -> None:
    system = load_system("shadow")
    training = system.training
    documented = {
        "total_timesteps": 200_000, "n_envs": 4, "learning_rate": 3e-4, "n_epochs": 10, "batch_size": 64,
        "checkpoint_every_steps": 10_000,
    }  # fmt: skip
    assert {name: getattr(training, name) for name in documented} == documented
    assert (system.timeframe, system.symbols, system.lookback) == ("1m", ("BTC/USDT:USDT",), 20)
    assert system.history is not None
    assert (system.history.exchange, system.history.candles, system.history.warning_candles) == (
        "bybit",
        100_000,
        50_000,
    )
    assert (system.account.initial_balance_usd, system.account.fee_bps, system.account.max_leverage) == (
        100.0,
        4.0,
        1.0,
    )
    assert isinstance(system.reward, ShadowRewardConfig)
    assert system.reward.scaling == 1e-4


def test_the_presets_of_shadow_are_the_fees_of_its_exchange() -> None:
    fees = {preset: load_system("shadow", preset).account.fee_bps for preset in load_system("shadow").presets}
    assert fees == {"bybit_taker": 5.5, "bybit_maker": 2.0}


def test_shadow_is_judged_by_the_six_gates_without_owner_limits() -> None:
    phase4, shadow = load_system("phase4"), load_system("shadow")
    assert shadow.gates == phase4.gates
    assert (phase4.has_owner_limits, shadow.has_owner_limits) == (True, False)


def test_each_system_has_its_own_kind_of_reward_before_and_after_a_dump() -> None:
    for name, kind in (("phase4", RewardConfig), ("shadow", ShadowRewardConfig)):
        system = load_system(name)
        assert type(system.reward) is kind
        assert SystemConfig.model_validate(system.model_dump()) == system


def test_a_wrong_reward_is_named_by_its_kind_only() -> None:
    with pytest.raises(ConfigurationError, match=r"system shadow: `reward.shadow.scaling` .*was 0\.$"):
        load_system("shadow", overrides={"reward.scaling": 0})


@pytest.mark.parametrize("missing", ["stop_atr", "risk_per_trade"])
def test_a_risk_per_trade_needs_a_stop_and_a_stop_a_risk(missing: str) -> None:
    with pytest.raises(ConfigurationError, match="`risk_per_trade` and `stop_atr` must both be given"):
        load_system("phase4", overrides={f"account.{missing}": None})


def test_settings_of_a_loaded_system_are_replaced_and_checked() -> None:
    system = load_system("phase4", "handoff")
    changed = with_settings(system, {"account.fee_bps": 1.0, "lookback": 3})
    assert (changed.account.fee_bps, changed.lookback, changed.training) == (1.0, 3, system.training)
    with pytest.raises(ConfigurationError, match=r"`account.fee_bps`.*was -1"):
        with_settings(system, {"account.fee_bps": -1})


def test_a_sampling_range_is_ordered() -> None:
    with pytest.raises(ValidationError, match="`low` must be at most `high`"):
        RangeConfig.model_validate({"low": 2.0, "high": 1.0})
