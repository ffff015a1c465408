"""A revalidation's result with figures that are easy to check by eye."""

from datetime import UTC, datetime
from typing import Any

from include.config.system import GateConfig, load_system
from include.core.checks import CheckReport, CheckResult
from include.evaluation.bootstrap import Bound
from include.evaluation.evidence import Evidence, TrialFacts, criteria
from include.evaluation.metrics import metric_names
from include.evaluation.overfitting import Overfitting
from include.evaluation.regimes import RegimeResult
from include.evaluation.significance import rate_of
from include.evaluation.stress import CostPoint, Stress, Stressed
from include.features.drift import FeatureDrift
from include.reporting.verdict import RevalidationResult, SymbolResult, Totals, revalidation_id

GATES = (
    GateConfig(name="sharpe", label="Sharpe ratio", direction="at_least", limit=1.0),
    GateConfig(name="max_drawdown", label="Max drawdown", direction="at_most", limit=0.15),
    GateConfig(name="profit_factor", label="Profit factor", direction="at_least", limit=1.5, minimum=1.0),
)
RUN, MODEL, DATASET = "phase4-abc-s42", "a" * 64, "d" * 16


def metrics_of(**values: float | None) -> dict[str, float | None]:
    """Return all metrics, None but for `values`."""
    return dict.fromkeys(metric_names()) | values


def result_of(**changes: Any) -> RevalidationResult:
    """Return a result with two of three gates passed."""
    observed = {"sharpe": 1.25, "max_drawdown": 0.08, "profit_factor": 1.2}
    passed = {"sharpe": True, "max_drawdown": True, "profit_factor": False}
    verdicts = [
        CheckResult(name=g.name, passed=passed[g.name], observed=observed[g.name], limit=g.limit) for g in GATES
    ]
    values: dict[str, Any] = {
        "id": revalidation_id(RUN, MODEL, DATASET, "test"),
        "system": "phase4",
        "timeframe": "4h",
        "run_id": RUN,
        "dataset_id": DATASET,
        "split": "test",
        "model_sha256": MODEL,
        "decision": "PARTIAL-GO",
        "gates": CheckReport(subject="risk gates", results=tuple(verdicts)),
        "gate_definitions": GATES,
        "metrics": metrics_of(**observed, total_return=-0.0312, trades=1234.0),
        "metric_reasons": {"calmar": "there was no drawdown"},
        "baselines": {
            "random": metrics_of(sharpe=-3.5, max_drawdown=0.2),
            "buy_and_hold": metrics_of(sharpe=0.4),
            "momentum": metrics_of(sharpe=0.2),
            "flat": metrics_of(max_drawdown=0.0),
            "recorded_phase3": metrics_of(sharpe=0.06, max_drawdown=0.1724, profit_factor=0.75),
        },
        "null_draws": 20,
        "seed": 1,
        "evidence": evidence_of(),
        "symbols": ("BTC/USDT:USDT", "ETH/USDT:USDT"),
        "symbol_results": (symbol_of("BTC/USDT:USDT", -620.0), symbol_of("ETH/USDT:USDT", 310.5)),
        "window_start": datetime(2025, 7, 3, 8, tzinfo=UTC),
        "window_end": datetime(2025, 9, 24, 16, tzinfo=UTC),
        "candles": 500,
        "trades": 1234,
        "totals": Totals(
            initial_balance_usd=20_000.0, final_equity_usd=19_690.5, fees_usd=210.0, slippage_usd=84.0,
            funding_usd=-12.5, funding_assumed_share=0.25,
        ),
        "action_counts": {"HOLD": 700, "OPEN_LONG": 300},
        "inactive_features": {"open_interest": "no source"},
        "drift": (
            FeatureDrift(feature="f_price_return_1", psi=0.31, usual_psi=0.05, highest_psi=0.2, mean_shift=-0.4),
            FeatureDrift(feature="f_price_range_1", psi=0.12, usual_psi=0.06, highest_psi=0.3, mean_shift=0.1),
            FeatureDrift(feature="open_interest", reason="inactive: no source"),
        ),
        "notes": (),
        "created_at": datetime(2026, 2, 27, 14, 5, tzinfo=UTC),
        "steps_seconds": {"Load trained model": 0.5},
    }  # fmt: skip
    return RevalidationResult.model_validate(values | changes)


def evidence_of(**changes: Any) -> Evidence:
    """Return insufficient evidence: enough trades, no skill."""
    luck = rate_of([True] + [False] * 19)
    point = {"total_return": -0.0312, "sharpe": 1.25, "max_drawdown": 0.08}
    values: dict[str, Any] = {
        "sufficiency": "insufficient",
        "criteria": criteria(
            load_system("phase4").evidence, trades=1234, p_value=0.2, deflated_sharpe=0.6, is_variance_known=True,
            funding_assumed_share=0.25, inactive_features=["open_interest"], contamination="",
        ),
        "bounds": tuple(
            Bound(metric=gate.name, low=0.05, high=2.5, worst=0.1, pass_share=0.4, samples=2000) for gate in GATES
        ),
        "luck": (luck,) * len(GATES),
        "go_rate": luck,
        "gates_rate": rate_of([True] * 3 + [False] * 17),
        "p_value": 0.2,
        "shifts": 499,
        "probabilistic_sharpe": 0.9,
        "deflated_sharpe": 0.6,
        "candles_needed": 12_345,
        "trials": TrialFacts(
            trials_count=3, effective_trials=2.5, sharpe_variance=0.001, ledger_sha256="e" * 64, opening=1,
            candidates_before=0, contamination="",
            selection=Overfitting(pbo=0.4, loss_share=0.6, slope=-0.2, trials=49, splits=12_870),
        ),
        "regimes": (
            RegimeResult(
                kind="trend", candles=300, total_return=0.01, sharpe=0.5, max_drawdown=0.04, market_return=0.1
            ),
        ),
        "stress": Stress(
            costs=(CostPoint(factor=0.0, **point), CostPoint(factor=2.0, **point)),
            break_even_fee_bps=None,
            break_even_reason="the candidate loses even without any fee",
            funding=(CostPoint(factor=2.0, **point),),
            late=Stressed(**point),
        ),
        "comparison": None,
        "comparison_reason": "there is no champion yet",
    }  # fmt: skip
    return Evidence.model_validate(values | changes)


def symbol_of(symbol: str, pnl_usd: float) -> SymbolResult:
    """Return one symbol's part with that result of a sub-account of 10,000 USD."""
    return SymbolResult(
        symbol=symbol, trades=617, win_rate=0.5, pnl_usd=pnl_usd, fees_usd=105.0, funding_usd=-6.25,
        total_return=pnl_usd / 10_000, max_drawdown=0.08,
    )  # fmt: skip
