import math

import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import ConfigurationError
from include.evaluation.backtest import backtest
from include.evaluation.baselines import flat
from include.evaluation.decision import decide, gates_passed
from include.evaluation.gates import evaluate_gates
from include.evaluation.metrics import Metrics, metrics_of, recorded_metrics
from tests.support.datasets import dataset_of, martingale

SYSTEM = load_system("phase4")
GOOD = {
    "sharpe": 1.0,
    "max_drawdown": 0.15,
    "win_rate": 0.45,
    "profit_factor": 1.5,
    "consecutive_losses": 5.0,
    "calmar": 2.0,
}


def verdicts(metrics: Metrics) -> dict[str, bool]:
    return {result.name: result.passed for result in evaluate_gates(metrics, SYSTEM.gates).results}


def test_every_gate_passes_at_its_limit():
    assert verdicts(recorded_metrics(GOOD)) == dict.fromkeys(GOOD, True)


@pytest.mark.parametrize(("name", "limit"), GOOD.items())
def test_each_gate_alone_fails_just_beyond_its_limit(name, limit):
    worse = math.nextafter(limit, math.inf if name in ("max_drawdown", "consecutive_losses") else 0.0)

    assert verdicts(recorded_metrics(GOOD | {name: worse})) == dict.fromkeys(GOOD, True) | {name: False}


def test_the_recorded_random_baseline_passes_two_of_six_and_is_no_go():
    report = evaluate_gates(recorded_metrics(SYSTEM.recorded_baseline), SYSTEM.gates)

    assert [result.name for result in report.results if result.passed] == ["win_rate", "consecutive_losses"]
    assert gates_passed(report) == 2
    assert decide(report, SYSTEM.decision) == "NO-GO"


def test_a_policy_that_never_trades_passes_no_gate_on_trades_or_returns():
    result = backtest(SYSTEM, dataset_of(martingale("BTC/USDT:USDT", 1_300, seed=1)), "test", flat)

    report = evaluate_gates(metrics_of(result, 2_190), SYSTEM.gates)

    # cash truly has no drawdown; nothing else is known about it
    assert [result.name for result in report.results if result.passed] == ["max_drawdown"]
    assert decide(report, SYSTEM.decision) == "NO-GO"


def test_an_undefined_metric_fails_with_its_reason_and_no_value():
    metrics = Metrics(win_rate=None, reasons={"win_rate": "no trade was closed"})

    result = next(r for r in evaluate_gates(metrics, SYSTEM.gates).results if r.name == "win_rate")

    assert not result.passed
    assert result.observed is None
    assert "undefined: no trade was closed" in result.message


@pytest.mark.parametrize(
    ("value", "tier", "passed"), [(0.9, "missed", False), (1.2, "reached", False), (1.6, "reached", True)]
)
def test_both_tiers_of_the_profit_factor_are_shown_and_the_target_decides(value, tier, passed):
    report = evaluate_gates(recorded_metrics(GOOD | {"profit_factor": value}), SYSTEM.gates)

    result = next(r for r in report.results if r.name == "profit_factor")

    assert result.message == f"Profit factor must be ≥ 1.5 (minimum ≥ 1: {tier}), was {value}."
    assert result.passed is passed


def test_the_report_names_its_subject_and_keeps_the_order_of_the_gates():
    report = evaluate_gates(recorded_metrics(GOOD), SYSTEM.gates, subject="run 7")

    assert report.subject == "run 7"
    assert [result.name for result in report.results] == list(GOOD)


def test_not_a_number_never_passes():
    assert not any(verdicts(recorded_metrics(dict.fromkeys(GOOD, np.nan))).values())


def test_a_gate_on_an_unknown_metric_is_refused():
    gate = SYSTEM.gates[0].model_copy(update={"name": "luck"})

    with pytest.raises(ConfigurationError, match=r"`gates`.*was 'luck'"):
        evaluate_gates(Metrics(), [gate])
