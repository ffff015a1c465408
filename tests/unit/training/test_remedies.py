"""Remedies: one for every alert, with the causes and actions of the operating documents."""

import re

import pytest

from include.config.files import preset_names
from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.core.paths import REPOSITORY
from include.training.remedies import RUNBOOK, remedies, remedy, runbook
from tests.support.documents import document, needs_documents, table


def test_every_remedy_names_causes_and_actions() -> None:
    for name, entry in remedies().items():
        assert entry.title, name
        assert entry.causes, name
        assert entry.actions, name
        assert f"docs/runbook.md#{name}." in entry.text


def test_every_preset_that_a_remedy_names_exists_and_is_named_in_its_text() -> None:
    for name, entry in remedies().items():
        named = set(re.findall(r"\bpresets? (\w+)(?:, (\w+))?", " ".join(entry.actions)))
        assert {preset for pair in named for preset in pair if preset} <= set(entry.presets), name
        assert set(entry.presets) <= set(preset_names("phase4")), name


@pytest.mark.parametrize(
    ("alert", "preset", "setting", "value"),
    [
        ("kl_divergence", "conservative_rate", "learning_rate", 1e-4),
        ("kl_divergence", "short_rollouts", "n_steps", 1024),
        ("entropy", "explore", "ent_coef", 0.02),
        ("entropy", "entropy_annealing", "ent_coef_final", 0.001),
        ("out_of_memory", "small_batch", "batch_size", 32),
        ("training_win_rate", "longer", "total_timesteps", 700_000),
        ("overfitting", "weight_decay", "weight_decay", 1e-4),
        ("finite_losses", "wide_clip", "clip_range", 0.3),
        ("value_loss", "long_horizon", "gamma", 0.995),
    ],
)
def test_the_named_presets_do_what_the_actions_say(alert: str, preset: str, setting: str, value: float) -> None:
    assert preset in remedy(alert).presets
    assert getattr(load_system("phase4", preset).training, setting) == value


def test_smaller_positions_and_tighter_stops_are_smaller_and_tighter() -> None:
    usual = load_system("phase4").account
    position, stop = load_system("phase4", "small_position").account, load_system("phase4", "tight_stop").account
    assert position.risk_per_trade is not None
    assert usual.risk_per_trade is not None
    assert position.risk_per_trade < usual.risk_per_trade
    assert position.max_leverage < usual.max_leverage
    assert stop.stop_atr is not None
    assert usual.stop_atr is not None
    assert stop.stop_atr < usual.stop_atr


def test_the_runbook_is_what_the_remedies_say_with_the_limits_of_phase4() -> None:
    text = (REPOSITORY / RUNBOOK).read_text(encoding="utf-8")
    assert runbook(load_system("phase4").alerts) in text


def test_the_runbook_carries_the_limits_themselves() -> None:
    limits = load_system("phase4").alerts
    changed = limits.model_copy(update={"kl_critical": 0.37})
    assert "above 0.05 (warning) or 0.37 (critical)" in runbook(changed)
    assert runbook(changed) != runbook(limits)


@needs_documents
def test_limits_of_the_documents_tables_are_those_of_phase4() -> None:
    handoff = {row["Metric"]: row["Threshold"] for row in table(document("phase4_handoff"), "## ⚠️ Alert Thresholds")}
    limits = load_system("phase4").alerts
    assert handoff == {
        "Episode reward": f"< {limits.episode_reward:g}",
        "Win rate": f"< {limits.win_rate:.0%}",
        "Max drawdown": f"> {limits.max_drawdown:.0%}",
        "Policy loss": f"> {limits.policy_loss:g}",
        "Value loss": f"> {limits.value_loss:g}",
    }
    rows = table(document("phase4_operations_checklist"), "### Alert Thresholds")
    checklist = {row["Alert"]: row["Threshold"] for row in rows}
    window, patience = limits.reward_trend_window_steps // 1000, limits.no_improvement_steps // 1000
    assert checklist == {
        "Negative reward trend": f"< {limits.reward_trend_critical:g}/step for {window}k steps",
        "KL divergence spike": f"> {limits.kl_critical:g}",
        "No improvement": f"< {limits.no_improvement:g} reward increase for {patience}k steps",
        "Checkpoint age": f"> {limits.checkpoint_age_critical_hours:g}h without save",
        "GPU memory error": "OOM",
        "Gradient explosion": "nan or inf loss",
    }


@needs_documents
@pytest.mark.parametrize(
    ("title", "alert"),
    [
        ("Issue: Negative Reward Trend", "reward_trend"),
        ("Issue: KL Divergence Spike", "kl_divergence"),
        ("Issue: Training Hangs", "checkpoint_age"),
    ],
)
def test_every_cause_of_the_troubleshooting_guide_is_named(title: str, alert: str) -> None:
    text = document("phase4_operations_checklist")
    section = text[text.index(title) :].split("---")[0]
    causes = re.findall(r"^\d\. (.+)$", section[section.index("Causes") : section.index("**Actions")], re.MULTILINE)
    assert len(causes) >= 3
    ours = " ".join(remedy(alert).causes).lower()
    for cause in causes:
        words = [word for word in re.findall(r"[a-z]+", cause.lower()) if len(word) > 3]
        assert sum(word in ours for word in words) >= len(words) / 2, cause


@pytest.mark.parametrize(
    ("name", "cause", "action"),
    [
        ("reward_trend", "reward function not scaled correctly", "reduce learning_rate to 1e-4"),
        ("kl_divergence", "batch_size or n_steps mismatch", "consider reducing n_steps to 1024"),
        ("checkpoint_age", "deadlock in environment or data loading", "check disk space: df -h"),
        ("training_win_rate", "proper entry and exit logic", "train longer (200k more timesteps"),
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
