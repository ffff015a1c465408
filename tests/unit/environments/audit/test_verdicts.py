from include.core.checks import CheckReport
from include.environments.audit.verdicts import not_applicable, verdict, word


def test_what_could_not_be_judged_has_neither_passed_nor_failed():
    result = not_applicable("funding_sign", "the account pays no funding")

    assert not result.passed
    assert word(result) == "n/a"
    assert result.message == "not applicable: the account pays no funding"
    assert CheckReport(subject="env", results=(result,)).passed


def test_a_verdict_that_counts_passes_or_fails():
    assert word(verdict("determinism", True, "same")) == "pass"
    failed = verdict("determinism", False, "differs", 3, 0)
    assert word(failed) == "FAIL"
    assert not CheckReport(subject="env", results=(failed,)).passed
