import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from include.config.files import preset_names, system_names
from include.config.system import (
    LEARNING_RATES,
    ChampionConfig,
    RangeConfig,
    RewardConfig,
    ShadowRewardConfig,
    SystemConfig,
    load_system,
    with_settings,
)
from include.core.errors import ConfigurationError
from tests.support.documents import document, needs_documents


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
        (("phase4", "bold"), "`preset` must be one of checklist, handoff, diverging, .*, was 'bold'"),
        (("phase4", None, {"training.lr": 1}), "`training.lr` extra inputs are not permitted, was 1"),
        (("phase4", None, {"gates": []}), "`gates` must begin with one of training, reward"),
        (("phase4", None, {"training.learning_rate": 1.01e-3}), "`training.learning_rate` .*0.001, was 0.00101"),
        (("phase4", None, {"training.learning_rate": 0.99e-5}), "`training.learning_rate` .*0.00001, was 9.9e-06"),
        (("phase4", None, {"training.adaptive_rate": {"factor": 0.5}}), "`kl_limit` or `plateau_rounds` must be given"),
        (("phase4", None, {"training.adaptive_rate": {"factor": 1.0, "kl_limit": 0.1}}), "factor` .*less than 1"),
        (("phase4", None, {"training.weight_decay": -0.1}), "`training.weight_decay` .*, was -0.1"),
    ],
)
def test_what_is_unknown_or_out_of_bounds_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_system(*arguments)


def test_every_preset_of_every_system_is_valid() -> None:
    for name in system_names():
        for preset in load_system(name).presets:
            load_system(name, preset)


@pytest.mark.parametrize("rate", [1e-5, 1e-3])
def test_the_ends_of_the_learning_rates_range_are_allowed(rate: float) -> None:
    assert load_system("phase4", None, {"training.learning_rate": rate}).training.learning_rate == rate


def test_what_no_document_asks_of_phase4_is_off() -> None:
    training = load_system("phase4").training
    assert (training.engine, training.learning_rate_schedule, training.weight_decay) == ("fused", "constant", 0.0)
    assert (training.ent_coef_final, training.target_kl, training.early_stop_rounds, training.adaptive_rate) == (
        None,
        None,
        None,
        None,
    )


def test_shared_presets_stand_beside_a_systems_own_and_a_systems_own_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "presets.yaml"
    shared.write_text(
        "handoff: {training: {n_steps: 4}}\nsteady: {training: {gamma: 0.95}}\nother: {training: {n_steps: 8}}\n"
    )
    monkeypatch.setattr("include.config.files.PRESETS", shared)
    assert preset_names("phase4")[-1] == "other"
    assert load_system("phase4", "other").training.n_steps == 8
    assert load_system("phase4", "handoff").training.n_steps == 2048


@needs_documents
def test_the_hyper_parameters_of_both_documents_are_read_from_their_tables() -> None:
    checklist, handoff = document("phase4_operations_checklist"), document("phase4_handoff")
    written = dict(re.findall(r"- \[ \] (\w+) = ([\d.,e-]+)", checklist))
    assert len(written) == 11
    training = load_system("phase4").training
    assert {name: float(text.replace(",", "")) for name, text in written.items()} == {
        name: getattr(training, name) for name in written
    }
    names = {"Entropy Coef": "ent_coef", "Total Timesteps": "total_timesteps", "Learning Rate": "learning_rate",
             "Batch Size": "batch_size", "Value Func Coef": "vf_coef", "GAE Lambda": "gae_lambda"}  # fmt: skip
    found = {label: float(text.replace(",", "")) for label, text in re.findall(r"- \*\*(.+)\*\*: ([\d.,e-]+)", handoff)}
    preset = load_system("phase4", "handoff").training
    assert {label: found[label] for label in names} == {label: getattr(preset, name) for label, name in names.items()}
    low, high = re.search(r"range: (\S+) to (\S+)\)", handoff).groups()
    assert (float(low), float(high)) == LEARNING_RATES


@needs_documents
def test_the_remedies_of_the_handoff_and_the_checklist_are_presets() -> None:
    note = document("phase4_handoff").split("If divergence observed")[1]
    rate, entropy, norm = re.search(r"learning rate to (\S+)\n.*entropy coef to (\S+)\n.*max_norm=(\S+)", note).groups()
    diverging = load_system("phase4", "diverging").training
    assert (diverging.learning_rate, diverging.ent_coef, diverging.max_grad_norm) == (
        float(rate),
        float(entropy),
        float(norm),
    )
    guide = document("phase4_operations_checklist")
    assert load_system("phase4", "explore").training.ent_coef == float(entropy)
    conservative = re.search(r"Reduce learning_rate to (\S+) \(conservative\)", guide)
    steps = re.search(r"Consider reducing n_steps → (\d+)", guide)
    longer = re.search(r"add (\d+)k more timesteps", guide)
    assert conservative
    assert steps
    assert longer
    usual = load_system("phase4").training
    assert load_system("phase4", "conservative_rate").training.learning_rate == float(conservative[1])
    assert load_system("phase4", "short_rollouts").training.n_steps == int(steps[1])
    more = load_system("phase4", "longer").training.total_timesteps - usual.total_timesteps
    assert more == 1000 * int(longer[1])


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
    fees = {preset: load_system("shadow", preset).account.fee_bps for preset in ("bybit_taker", "bybit_maker")}
    assert fees == {"bybit_taker": 5.5, "bybit_maker": 2.0}


def test_shadow_is_judged_by_the_six_gates_without_owner_limits() -> None:
    phase4, shadow = load_system("phase4"), load_system("shadow")
    # what a model that fails one is retrained with is each system's own
    assert [gate.model_copy(update={"preset": None}) for gate in shadow.gates] == [
        gate.model_copy(update={"preset": None}) for gate in phase4.gates
    ]
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


@pytest.mark.parametrize(("max_age_days", "warning_days"), [(7, 7), (7, 8), (0, 1), (7, 0)])
def test_a_champion_is_warned_of_before_it_expires(max_age_days: float, warning_days: float) -> None:
    with pytest.raises(ValidationError):
        ChampionConfig(max_age_days=max_age_days, warning_days=warning_days)


def test_a_gate_that_names_no_preset_of_its_system_is_refused() -> None:
    system = load_system("phase4")
    gates = [gate.model_dump() | {"preset": "nonsense"} for gate in system.gates]
    with pytest.raises(ValueError, match="`preset` of gate sharpe must be one of `presets`, was 'nonsense'"):
        SystemConfig.model_validate(system.model_dump() | {"gates": gates})
