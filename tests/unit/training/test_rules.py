"""The rules of a training: schedules, early stopping, the adaptive learning rate, divergence."""

from dataclasses import replace

import pytest

from include.config.system import SystemConfig, load_system
from include.core.errors import DivergedError
from include.training.course import Course, Decision
from include.training.recorder import Update
from include.training.rules import decide

UPDATE = Update(10_240, policy_loss=-0.01, value_loss=0.5, entropy=1.5, approx_kl=0.01, clip_fraction=0.1)


def _system(**training: object) -> SystemConfig:
    return load_system("phase4", overrides={f"training.{name}": value for name, value in training.items()})


def _course(
    system: SystemConfig, updates: list[Update], scores: list[float] | None = None, rate: float = 3e-4
) -> Course:
    """Return a course whose first updates were each followed by one of the `scores`."""
    steps = [update.timestep for update in updates]
    return Course(
        total_timesteps=system.training.total_timesteps,
        learning_rate=rate,
        ent_coef=system.training.ent_coef,
        timestep=steps[-1],
        updates=updates,
        rewards=[None] * len(updates),
        scores=list(zip(steps, scores or [], strict=False)),
    )


def _updates(count: int, **changes: float) -> list[Update]:
    return [replace(UPDATE, timestep=10_240 * place, **changes) for place in range(1, count + 1)]


def _played(system: SystemConfig, scores: list[float]) -> list[Decision]:
    """Return the decision after each round, the learning rate of one being in force in the next."""
    rate, decisions = system.training.learning_rate, []
    for count in range(1, len(scores) + 1):
        decision = decide(system, _course(system, _updates(count), scores[:count], rate))
        rate = decision.learning_rate or rate
        decisions.append(decision)
    return decisions


def test_the_owners_hyper_parameters_are_left_alone_whatever_happens() -> None:
    system = load_system("phase4")
    shaken = _updates(40, approx_kl=5.0, clip_fraction=0.9)
    assert decide(system, _course(system, shaken, [-0.01 * place for place in range(40)])) == Decision()


@pytest.mark.parametrize(
    ("timestep", "rate", "entropy"),
    [(125_000, 2.25e-4, 0.01525), (250_000, 1.5e-4, 0.0105), (499_000, 1e-5, 0.001038), (502_000, 1e-5, 0.001)],
)
def test_linear_schedules_run_over_the_training_and_keep_the_rate_in_its_range(
    timestep: int, rate: float, entropy: float
) -> None:
    system = _system(learning_rate_schedule="linear", ent_coef=0.02, ent_coef_final=0.001)
    decision = decide(system, _course(system, [replace(UPDATE, timestep=timestep)]))
    assert (decision.learning_rate, decision.ent_coef) == (pytest.approx(rate), pytest.approx(entropy))


def test_a_coefficient_that_is_already_in_force_is_not_set_again() -> None:
    system = _system(learning_rate_schedule="linear")
    course = _course(system, [replace(UPDATE, timestep=250_000)], rate=3e-4 * 0.5)
    assert decide(system, course) == Decision()


def test_a_training_stops_early_at_its_patience_and_not_a_round_before() -> None:
    decisions = _played(_system(early_stop_rounds=3), [0.01, 0.02, 0.02, 0.0, 0.019])
    assert [decision.stop for decision in decisions] == [
        None,
        None,
        None,
        None,
        "no better validation score than +2.00% for 3 rounds",
    ]


def test_a_new_best_score_starts_the_patience_anew() -> None:
    decisions = _played(_system(early_stop_rounds=2), [0.01, 0.0, 0.011, 0.0])
    assert all(decision.stop is None for decision in decisions)


@pytest.mark.parametrize(("kl", "rate"), [(0.0999, None), (0.1, None), (0.1001, 1.5e-4)])
def test_the_learning_rate_is_lowered_above_the_limit_of_kl(kl: float, rate: float | None) -> None:
    system = _system(adaptive_rate={"factor": 0.5, "kl_limit": 0.1})
    decision = decide(system, _course(system, _updates(1, approx_kl=kl)))
    assert decision.learning_rate == (None if rate is None else pytest.approx(rate))
    assert decision.notes == (
        () if rate is None else ("learning rate lowered to 0.00015: KL divergence 0.1001 above 0.1",)
    )


def test_the_learning_rate_never_falls_below_its_floor_and_says_so_only_while_it_falls() -> None:
    system, rate, rates, notes = _system(adaptive_rate={"factor": 0.1, "kl_limit": 0.1}), 3e-4, [], []
    for count in range(1, 5):
        decision = decide(system, _course(system, _updates(count, approx_kl=0.2), rate=rate))
        rate = decision.learning_rate or rate
        rates.append(rate)
        notes.append(len(decision.notes))
    assert rates == pytest.approx([3e-5, 1e-5, 1e-5, 1e-5])
    assert notes == [1, 1, 0, 0]


def test_a_plateau_lowers_the_learning_rate_once_per_span_and_only_at_a_round() -> None:
    system = _system(adaptive_rate={"factor": 0.5, "plateau_rounds": 2})
    scores = [0.01, 0.0, 0.0, 0.0, 0.0]
    rates = [decision.learning_rate for decision in _played(system, scores)]
    assert rates == [None, None, pytest.approx(1.5e-4), None, pytest.approx(7.5e-5)]
    between = decide(system, _course(system, _updates(6), scores, rate=7.5e-5))
    assert between == Decision()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"policy_loss": -1000.0}, None),
        ({"policy_loss": -1000.1}, "policy_loss"),
        ({"value_loss": 10_000.0}, None),
        ({"value_loss": 10_001.0}, "value_loss"),
    ],
)
def test_losses_beyond_the_alert_limits_end_the_training_as_diverged(
    change: dict[str, float], name: str | None
) -> None:
    system, updates = load_system("phase4"), [replace(UPDATE, **change)]
    if name is None:
        assert decide(system, _course(system, updates)) == Decision()
        return
    with pytest.raises(DivergedError, match=rf"`{name}` must be at most .* at step 10,240.*preset diverging"):
        decide(system, _course(system, updates))
    assert decide(_system(on_divergence="warn"), _course(system, updates)) == Decision()
