"""The checklist as a whole: its items are those of the operating document, its verdict follows from them."""

import pytest

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system
from include.core.checks import CheckResult, Severity
from include.training.pre_training import pre_training


def results(settings: Settings, system: SystemConfig) -> dict[str, CheckResult]:
    return {entry.name: entry for entry in pre_training(settings, system.name, lambda: system).report.results}


def test_every_item_of_the_document_is_looked_at(settings: Settings) -> None:
    assert list(results(settings, load_system("phase4"))) == [
        "directories",
        "disk_space",
        "memory",
        "configuration",
        "hyperparameters",
        "environment",
        "reward_components",
        "reward_clip",
        "normalization",
        "training_data",
        "random_baseline",
    ]


@pytest.mark.parametrize(
    ("name", "failed"),
    # an empty home has no features, and for shadow nobody recorded a baseline
    [("phase4", {"training_data"}), ("shadow", {"training_data", "random_baseline"})],
)
def test_the_shipped_configurations_have_nothing_against_them(settings: Settings, name: str, failed: set[str]) -> None:
    found = {entry.name for entry in results(settings, load_system(name)).values() if not entry.passed}
    assert found - {"disk_space", "memory"} == failed


def test_the_eleven_hyperparameters_are_those_of_the_document(settings: Settings) -> None:
    message = results(settings, load_system("phase4"))["hyperparameters"].message
    assert message == (
        "All 11 hyper-parameters are set: learning_rate 0.0003, batch_size 64, n_steps 2,048, n_epochs 10, gamma 0.99, "
        "gae_lambda 0.95, ent_coef 0.001, clip_range 0.2, vf_coef 0.5, max_grad_norm 0.5, total_timesteps 500,000."
    )


def test_a_changed_hyperparameter_is_told_and_does_not_hold_up(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"training.learning_rate": 1e-4}))["hyperparameters"]
    assert (found.passed, found.severity) == (False, Severity.INFO)
    assert found.message.endswith("The system's own are others: learning_rate 0.0003.")


def test_a_configuration_that_does_not_load_blocks_with_its_own_words(settings: Settings) -> None:
    checklist = pre_training(
        settings, "phase4", lambda: load_system("phase4", overrides={"training.learning_rate": 1.0})
    )
    assert checklist.verdict == "BLOCKED"
    assert "`training.learning_rate`" in next(b.message for b in checklist.blockers if b.name == "configuration")


def test_an_error_that_is_no_refusal_is_not_swallowed(settings: Settings) -> None:
    def broken() -> SystemConfig:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pre_training(settings, "phase4", broken)


def test_a_reward_component_that_is_off_is_worth_a_look(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"reward.r_hold_bonus": 0}))["reward_components"]
    assert (found.passed, found.observed, found.limit, found.severity) == (False, 3, 4, Severity.WARNING)
    assert found.message.endswith("Off: r_hold_bonus.")


def test_normalisation_that_is_off_is_worth_a_look(settings: Settings) -> None:
    found = results(settings, load_system("phase4", overrides={"training.normalize_reward": False}))["normalization"]
    assert (found.passed, found.message) == (False, "Not normalised: rewards.")


def test_a_baseline_must_name_every_gate_of_the_owner(settings: Settings) -> None:
    system = load_system("phase4")
    less = {name: value for name, value in system.recorded_baseline.items() if name != "calmar"}
    found = results(settings, system.model_copy(update={"recorded_baseline": less}))["random_baseline"]
    assert (found.passed, found.severity, found.observed, found.limit) == (False, Severity.WARNING, 5, 6)
    assert "calmar" in found.message
