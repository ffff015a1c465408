"""Remedies: one for every alert, with the causes and actions of the operating documents."""

import pytest

from include.core.errors import InvalidInputError
from include.training.remedies import remedies, remedy


def test_every_remedy_names_causes_and_actions() -> None:
    for name, entry in remedies().items():
        assert entry.title, name
        assert entry.causes, name
        assert entry.actions, name


@pytest.mark.parametrize(
    ("name", "cause", "action"),
    [
        ("reward_trend", "reward function not scaled correctly", "reduce learning_rate to 1e-4"),
        ("kl_divergence", "batch_size or n_steps mismatch", "consider reducing n_steps to 1024"),
        ("checkpoint_age", "deadlock in environment or data loading", "check disk space: df -h"),
        ("training_win_rate", "proper entry and exit logic", "train longer (200k more timesteps)"),
        ("training_drawdown", "oversized positions or bad entries", "tighten the stop-loss"),
        ("finite_losses", "learning rate", "increase clip_range"),
        ("out_of_memory", "batch", "reduce batch_size or n_steps"),
        ("value_loss", "value function", "maybe increase gamma"),
    ],
)
def test_remedies_say_what_the_documents_say(name: str, cause: str, action: str) -> None:
    assert cause in remedy(name).text
    assert action in remedy(name).text


def test_an_unknown_alert_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`name` must be one of"):
        remedy("bad_mood")
