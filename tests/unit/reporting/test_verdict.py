import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from include.config.system import GateConfig
from include.core.checks import CheckReport, CheckResult
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import write_json
from include.reporting.verdict import RESULT_FILE, read_result, revalidation_id
from tests.unit.reporting.results import GATES, evidence_of, metrics_of, result_of


def test_the_id_depends_on_run_model_dataset_and_split_and_nothing_else() -> None:
    parts = ["run", "model", "dataset", "test"]
    base = revalidation_id(*parts)
    assert base == revalidation_id(*parts)
    assert len(base) == 16
    others = {revalidation_id(*[part + "x" if i == at else part for i, part in enumerate(parts)]) for at in range(4)}
    assert len(others | {base}) == 5


def test_parts_of_the_id_do_not_run_into_each_other() -> None:
    assert revalidation_id("ab", "c", "d", "e") != revalidation_id("a", "bc", "d", "e")


def test_a_result_survives_json(tmp_path: Path) -> None:
    result = result_of()
    write_json(tmp_path / RESULT_FILE, result.model_dump(mode="json"))
    assert read_result(tmp_path) == result


def test_a_missing_result_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError):
        read_result(tmp_path)
    write_json(tmp_path / RESULT_FILE, {"decision": "GO"})
    with pytest.raises(IntegrityError, match="not a revalidation"):
        read_result(tmp_path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_metric_is_none_never_nan_or_infinity(value: float) -> None:
    with pytest.raises(ValidationError):
        result_of(metrics=metrics_of(sharpe=value))


def test_gates_passed_are_counted() -> None:
    assert result_of().gates_passed == 2


def test_gate_rows_join_definition_verdict_and_baselines() -> None:
    sharpe, drawdown, factor = result_of().gate_rows
    assert (sharpe.label, sharpe.limit, sharpe.observed, sharpe.passed) == ("Sharpe ratio", 1.0, 1.25, True)
    assert sharpe.baselines == {
        "random": -3.5,
        "buy_and_hold": 0.4,
        "momentum": 0.2,
        "flat": None,
        "recorded_phase3": 0.06,
    }
    assert (drawdown.minimum, drawdown.minimum_passed) == (None, None)
    # 1.2 misses the limit of 1.5 and reaches the minimum of 1.0
    assert (factor.passed, factor.minimum, factor.minimum_passed) == (False, 1.0, True)


def test_an_undefined_metric_has_its_reason_and_misses_the_minimum() -> None:
    failed = CheckReport(subject="gates", results=tuple(CheckResult(name=g.name, passed=False) for g in GATES))
    result = result_of(gates=failed, metrics=metrics_of(), metric_reasons={"profit_factor": "no trade was closed"})
    factor = result.gate_rows[2]
    assert factor.observed is None
    assert factor.minimum_passed is False
    assert factor.reason == "no trade was closed"


def test_a_minimum_of_an_upper_limit_is_reached_from_below() -> None:
    gate = GateConfig(name="max_drawdown", label="Max drawdown", direction="at_most", limit=0.1, minimum=0.2)
    report = CheckReport(subject="gates", results=(CheckResult(name="max_drawdown", passed=False),))
    whole = evidence_of()
    one_gate = whole.model_copy(update={"bounds": whole.bounds[:1], "luck": whole.luck[:1]})
    for observed, is_reached in ((0.15, True), (0.2, True), (0.25, False)):
        metrics = metrics_of(max_drawdown=observed)
        (row,) = result_of(gate_definitions=(gate,), gates=report, metrics=metrics, evidence=one_gate).gate_rows
        assert row.minimum_passed is is_reached
