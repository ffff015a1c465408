"""Sufficient evidence: every criterion at its limit and beyond it."""

import pytest

from include.config.system import load_system
from include.evaluation.evidence import criteria, sufficiency

LIMITS = load_system("phase4").evidence
AT_THE_LIMITS = {
    "trades": 30,
    "p_value": 0.01,
    "deflated_sharpe": 0.95,
    "is_variance_known": True,
    "funding_assumed_share": 0.05,
    "inactive_features": [],
    "contamination": "",
}


def test_at_every_limit_the_evidence_is_sufficient() -> None:
    assert sufficiency(criteria(LIMITS, **AT_THE_LIMITS)) == "sufficient"


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"trades": 29}, "enough_trades"),
        ({"p_value": 0.0101}, "beats_shifted_signals"),
        ({"p_value": None}, "beats_shifted_signals"),
        ({"deflated_sharpe": 0.9499}, "survives_deflation"),
        ({"deflated_sharpe": None}, "survives_deflation"),
        ({"funding_assumed_share": 0.0501}, "funding_is_known"),
        ({"inactive_features": ["f_macro_gold_return_1d"]}, "inactive_features_accepted"),
        ({"contamination": "seen before"}, "window_was_sealed"),
    ],
)
def test_one_step_beyond_a_limit_it_is_not_and_the_criterion_is_named(change: dict, failed: str) -> None:
    report = criteria(LIMITS, **(AT_THE_LIMITS | change))
    assert sufficiency(report) == "insufficient"
    assert [failure.name for failure in report.failures] == [failed]
    assert report.failures[0].message


def test_an_inactive_feature_that_was_accepted_by_name_does_not_count() -> None:
    limits = LIMITS.model_copy(update={"accepted_inactive_features": ("f_a",)})
    assert sufficiency(criteria(limits, **(AT_THE_LIMITS | {"inactive_features": ["f_a"]}))) == "sufficient"
    assert "f_b" in criteria(limits, **(AT_THE_LIMITS | {"inactive_features": ["f_a", "f_b"]})).failures[0].message


def test_a_policy_that_never_held_a_position_assumed_no_funding() -> None:
    report = criteria(LIMITS, **(AT_THE_LIMITS | {"funding_assumed_share": None}))
    assert sufficiency(report) == "sufficient"


def test_a_deflated_ratio_that_is_not_known_says_why() -> None:
    for known, reason in ((True, "no variation or are too few"), (False, "fewer than two of the trials")):
        report = criteria(LIMITS, **(AT_THE_LIMITS | {"deflated_sharpe": None, "is_variance_known": known}))
        assert reason in report.failures[0].message
