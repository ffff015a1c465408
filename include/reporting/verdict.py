"""The result of a revalidation: one frozen record that the report, Slack and the approval all read.

How it is computed is in `revalidate.py`, how it is shown in `revalidation.py`.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from include.config.system import GateConfig
from include.core.checks import CheckReport
from include.core.errors import IntegrityError, PerpetuaError
from include.core.files import read_json
from include.core.paths import Home
from include.evaluation.bootstrap import Bound
from include.evaluation.decision import Decision, gates_passed
from include.evaluation.evidence import Evidence
from include.evaluation.significance import Rate
from include.features.drift import FeatureDrift
from include.reporting import result_files

RESULT_FILE = result_files.REVALIDATION
Metrics = dict[str, float | None]


class Record(BaseModel):
    """Base of the records: frozen, unknown keys refused, NaN and infinity refused (undefined is None)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Totals(Record):
    """Sums over all symbols, US dollars; costs are positive, negative funding was received."""

    initial_balance_usd: float
    final_equity_usd: float
    fees_usd: float
    slippage_usd: float
    funding_usd: float
    funding_assumed_share: float | None


class SymbolResult(Record):
    """One symbol's part of the backtest: closed trades, net result in US dollars, fractions of its sub-account."""

    symbol: str
    trades: int
    win_rate: float | None
    pnl_usd: float
    fees_usd: float
    funding_usd: float
    total_return: float
    max_drawdown: float


class GateRow(Record):
    """One line of the gate table: what was demanded, seen, may truly be, what others and luck reached."""

    name: str
    label: str
    direction: Literal["at_least", "at_most"]
    limit: float
    minimum: float | None
    preset: str | None
    observed: float | None
    passed: bool
    minimum_passed: bool | None
    reason: str
    baselines: Metrics
    bound: Bound
    luck: Rate


class RevalidationResult(Record):
    """Everything a person needs to judge a candidate, and where it came from.

    Parameters
    ----------
    id : str
        Content hash of run, model, dataset and split: the same candidate on the same window has the same id.
    decision : {"GO", "PARTIAL-GO", "NO-GO"}
        What the decision table says of the gates.
    gates, gate_definitions : CheckReport, tuple of GateConfig
        The verdicts and the limits they were made with, in the same order.
    metrics, metric_reasons : dict
        Metrics of the candidate, fractions and ratios; why one is None.
    baselines : dict of dict
        The same metrics of `random` (mean over the draws), `buy_and_hold`, `momentum`, `flat`, `recorded_phase3` and,
        where there is one to compare with, `champion`.
    null_draws : int
        Random policies with the candidate's habits, scored by the same code.
    seed : int
        Root of every draw.
    evidence : Evidence
        How far the verdict can be believed.
    drift : tuple of FeatureDrift
        How far each feature of the window is from the training rows, farthest first.
    window_start, window_end, candles
        The test window [start, end) and its length.
    created_at, steps_seconds
        When and how long; no part of the id.
    """

    id: str
    system: str
    timeframe: str
    run_id: str
    dataset_id: str
    split: str
    model_sha256: str
    decision: Decision
    gates: CheckReport
    gate_definitions: tuple[GateConfig, ...]
    metrics: Metrics
    metric_reasons: dict[str, str]
    baselines: dict[str, Metrics]
    null_draws: int
    seed: int
    evidence: Evidence
    symbols: tuple[str, ...]
    symbol_results: tuple[SymbolResult, ...]
    window_start: datetime
    window_end: datetime
    candles: int
    trades: int
    totals: Totals
    action_counts: dict[str, int]
    inactive_features: dict[str, str]
    drift: tuple[FeatureDrift, ...]
    notes: tuple[str, ...]
    created_at: datetime
    steps_seconds: dict[str, float]

    @property
    def null_go_rate(self) -> float:
        """Share of the random policies that would be GO."""
        return self.evidence.go_rate.share

    @property
    def gates_passed(self) -> int:
        """Number of gates that passed."""
        return gates_passed(self.gates)

    @property
    def gate_rows(self) -> tuple[GateRow, ...]:
        """The gate table, in the order of the system's configuration."""
        verdicts = {result.name: result for result in self.gates.results}
        return tuple(
            GateRow(
                **definition.model_dump(),
                observed=self.metrics.get(definition.name),
                passed=verdicts[definition.name].passed,
                minimum_passed=_minimum_passed(definition, self.metrics.get(definition.name)),
                reason=self.metric_reasons.get(definition.name, ""),
                baselines={name: values.get(definition.name) for name, values in self.baselines.items()},
                bound=bound,
                luck=luck,
            )
            for definition, bound, luck in zip(
                self.gate_definitions, self.evidence.bounds, self.evidence.luck, strict=True
            )
        )


def revalidation_id(*parts: str | int) -> str:
    """Return the id of a revalidation: 16 hex digits that depend on all parts and nothing else."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]


def read_result(folder: Path) -> RevalidationResult:
    """Return the result in the revalidation folder `folder`.

    Raises
    ------
    MissingInputError
        There is none.
    IntegrityError
        The file is not a result.
    """
    document = read_json(folder / RESULT_FILE)
    try:
        return RevalidationResult.model_validate(document)
    except ValidationError as error:
        raise IntegrityError(f"`{folder / RESULT_FILE}` is not a revalidation's result: {error}") from error


def all_results(home: Home) -> list[RevalidationResult]:
    """Return every result that can be read, newest first."""
    readable = []
    for folder in home.revalidation("x").parent.glob("*/"):
        try:
            readable.append(read_result(folder))
        except PerpetuaError:
            continue  # a result that is being written, or is not one, is not listed
    return sorted(readable, key=lambda result: result.created_at, reverse=True)


def _minimum_passed(definition: GateConfig, observed: float | None) -> bool | None:
    if definition.minimum is None:
        return None
    if observed is None:
        return False
    return observed >= definition.minimum if definition.direction == "at_least" else observed <= definition.minimum
