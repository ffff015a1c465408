import pytest

from include.config.system import load_system, system_names
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
        (("phase9",), "`system` must be one of phase4"),
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
