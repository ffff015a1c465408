"""The three outcomes of a training check."""

from include.core.checks import Severity
from include.training.verdicts import not_yet, undefined, verdict


def test_a_failure_carries_its_causes_and_remedies() -> None:
    result = verdict("kl_divergence", False, 0.2, 0.1, "KL divergence 0.2.", Severity.CRITICAL)
    assert not result.passed
    assert (result.observed, result.limit, result.severity) == (0.2, 0.1, Severity.CRITICAL)
    assert result.message.startswith("KL divergence 0.2. Possible causes: large reward outlier")
    assert "Actions: reduce learning_rate" in result.message


def test_a_passed_check_says_only_its_value() -> None:
    assert verdict("kl_divergence", True, 0.01, 0.05, "KL 0.01.", Severity.WARNING).message == "KL 0.01."


def test_not_enough_data_passes_without_a_value_and_says_why() -> None:
    result = not_yet("reward_trend", "silent before step 100,000")
    assert result.passed
    assert result.observed is None
    assert "silent before step 100,000" in result.message


def test_an_undefined_value_does_not_pass() -> None:
    result = undefined("entropy", "the entropy is NaN")
    assert not result.passed
    assert result.observed is None
    assert "the entropy is NaN" in result.message
