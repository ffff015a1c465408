"""A verdict judged again from its bundle alone, to see whether this machine finds the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from include.config.system import stored_system
from include.core.checks import CheckReport, CheckResult
from include.core.files import read_json
from include.core.progress import Progress, no_progress
from include.evaluation.backtest import backtest_stage
from include.evaluation.judgement import Case, Judgement, Rival, judge
from include.evaluation.replay import Stage
from include.features.dataset import load_dataset
from include.reporting.decision_bundle import (
    DATA_FOLDER,
    MODEL_FOLDER,
    RIVAL_FOLDER,
    SYSTEM_FILE,
    TRADES_FILE,
    VERSIONS_FILE,
    require_intact,
    versions,
)
from include.reporting.verdict import RevalidationResult, read_result
from include.training.policy import load_policy

TOLERANCE = 1e-6
_KEY = ["symbol", "entry_time", "exit_time"]


class Verification(BaseModel):
    """What came of judging a bundle again.

    Parameters
    ----------
    revalidation_id : str
        Whose bundle.
    checks : CheckReport
        Decision, evidence, metrics, gates and trades, each recorded against recomputed.
    differing_trades : tuple of dict
        Trades that only one side has, or has otherwise; `side` says which.
    other_versions : dict of str to str
        Packages that differ: version then and now.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    revalidation_id: str
    checks: CheckReport
    differing_trades: tuple[dict[str, str], ...]
    other_versions: dict[str, str]


def verify(folder: Path, progress: Progress = no_progress) -> Verification:
    """Judge the bundle in `folder` again, from nothing but its files, and compare.

    Parameters
    ----------
    folder : Path
        A revalidation's folder, or a copy of it on another machine.
    progress : callable
        Called with a label, the number done and the number of all.

    Raises
    ------
    MissingInputError
        The folder is no bundle.
    IntegrityError
        A file is not the one that was sealed; nothing is recomputed then.
    """
    require_intact(folder)
    recorded = read_result(folder)
    found = judge(_case(folder, recorded), progress)
    trades = _differing(pd.read_parquet(folder / TRADES_FILE), found.played.trades)
    checks = CheckReport(subject=f"bundle {recorded.id}", results=(*_checks(recorded, found), _trade_check(trades)))
    return Verification(
        revalidation_id=recorded.id,
        checks=checks,
        differing_trades=trades,
        other_versions=_other_versions(read_json(folder / VERSIONS_FILE)),
    )


def _case(folder: Path, recorded: RevalidationResult) -> Case:
    system = stored_system(read_json(folder / SYSTEM_FILE))
    dataset, policy = load_dataset(folder / DATA_FOLDER), load_policy(folder / MODEL_FOLDER)
    stage = Stage(system, dataset, recorded.split)  # type: ignore[arg-type]  # one of the three, as it was sealed
    rival = None
    if (folder / RIVAL_FOLDER).is_dir():
        champion = load_policy(folder / RIVAL_FOLDER)
        rival = Rival(champion.run_id, champion.network)
    return Case(
        stage=stage,
        dataset=dataset,
        played=backtest_stage(stage, policy.network),
        inactive_features=policy.inactive_features,
        draws=recorded.null_draws,
        seed=recorded.seed,
        trials=recorded.evidence.trials,
        rival=rival,
        rival_reason=recorded.evidence.comparison_reason,
    )


def _checks(recorded: RevalidationResult, found: Judgement) -> tuple[CheckResult, ...]:
    then, now = recorded.evidence, found.evidence
    passed_then = [result.passed for result in recorded.gates.results]
    passed_now = [result.passed for result in found.gates.results]
    return (
        _same("decision", recorded.decision, found.decision),
        _same("evidence", then.sufficiency, now.sufficiency),
        _same("gates", str(passed_then), str(passed_now)),
        _close("metrics", recorded.metrics, found.metrics.values()),
        _close("evidence_figures", then.model_dump(mode="json"), now.model_dump(mode="json")),
    )


def _same(name: str, then: str, now: str) -> CheckResult:
    return CheckResult(name=name, passed=then == now, observed=now, limit=then, message=f"recorded {then}, found {now}")


def _close(name: str, then: Any, now: Any) -> CheckResult:
    differences = [f"{key}: {a!r}, now {b!r}" for key, a, b in _pairs(then, now) if not _equal(a, b)]
    message = f"{'; '.join(differences[:5])}" if differences else f"equal within {TOLERANCE:g}"
    return CheckResult(name=name, passed=not differences, observed=len(differences), limit=0, message=message)


def _equal(then: Any, now: Any) -> bool:
    if isinstance(then, (int, float)) and isinstance(now, (int, float)):
        return bool(np.isclose(then, now, rtol=TOLERANCE, atol=TOLERANCE))
    return bool(then == now)


def _pairs(then: Any, now: Any, key: str = "") -> list[tuple[str, Any, Any]]:
    """Every figure of two documents of one shape, beside each other; a shape that differs is one pair."""
    if isinstance(then, dict) and isinstance(now, dict) and then.keys() == now.keys():
        return [pair for name in then for pair in _pairs(then[name], now[name], f"{key}.{name}".lstrip("."))]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [pair for place in range(len(then)) for pair in _pairs(then[place], now[place], f"{key}[{place}]")]
    return [(key, then, now)]


def _differing(then: pd.DataFrame, now: pd.DataFrame) -> tuple[dict[str, str], ...]:
    both = then.merge(now, on=_KEY, how="outer", suffixes=("_then", "_now"), indicator="found")
    net = np.isclose(both["net_usd_then"], both["net_usd_now"], rtol=TOLERANCE, atol=TOLERANCE)
    odd = both[(both["found"] != "both") | ~net]
    where = odd["found"].map({"left_only": "recorded only", "right_only": "found only", "both": "other result"})
    rows = odd[_KEY].astype(str).assign(side=where.astype(str))
    return tuple({str(key): str(value) for key, value in row.items()} for row in rows.to_dict("records"))


def _trade_check(differing: tuple[dict[str, str], ...]) -> CheckResult:
    count = len(differing)
    message = f"{count} trades differ" if count else "every trade is the same"
    return CheckResult(name="trades", passed=not count, observed=count, limit=0, message=message)


def _other_versions(recorded: dict[str, str]) -> dict[str, str]:
    here = versions()
    return {name: f"{then}, now {here.get(name)}" for name, then in recorded.items() if here.get(name) != then}
