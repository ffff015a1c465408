"""Verdicts on a build of features before it is published.

Reading and publishing builds does not belong here (`build.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from include.core.checks import CheckResult, Severity
from include.features.inputs import run_positions
from include.features.redundancy import Sample, constant, redundant
from include.features.spec import FeatureSet

Number = TypeVar("Number", bound=np.generic)

MINIMUM_COVERAGE = 0.95
_SAMPLE_ROWS = 400


@dataclass(slots=True)
class Facts:
    """What was seen of the features of all symbols so far."""

    rows: int = 0
    warm_rows: int = 0
    present: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    miscounted: list[str] = field(default_factory=list)
    early: set[str] = field(default_factory=set)
    infinite: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    samples: list[Sample] = field(default_factory=list)


def observe(
    facts: Facts,
    feature_set: FeatureSet,
    symbol: str,
    open_time: NDArray[np.int64],
    step_ms: int,
    values: NDArray[np.float32],
    expected_rows: int,
) -> None:
    """Add one symbol to `facts`.

    Parameters
    ----------
    facts : Facts
        Changed in place.
    feature_set : FeatureSet
        Declares warm-up and range of each column.
    symbol : str
        For the messages.
    open_time : int64 (rows,)
        Epoch milliseconds.
    step_ms : int
        Length of a candle.
    values : float32 (rows, features)
        Columns in the set's order.
    expected_rows : int
        Candles the build was made from.
    """
    position = run_positions(open_time, step_ms)
    warm = position >= feature_set.warmup
    present = ~np.isnan(values)
    facts.rows += len(values)
    facts.warm_rows += int(warm.sum())
    facts.present = present[warm].sum(axis=0) + (facts.present if len(facts.present) else 0)
    if len(values) != expected_rows:
        facts.miscounted.append(f"{symbol} {len(values)} of {expected_rows}")
    for column, spec in enumerate(feature_set.specs):
        own = values[:, column]
        if present[position < spec.warmup, column].any():
            facts.early.add(spec.name)
        if np.isinf(own).any():
            facts.infinite.add(spec.name)
        low, high = spec.range
        if ((own < low) | (own > high)).any():
            facts.outside.add(spec.name)
    facts.samples.append(values[evenly(np.flatnonzero(warm), _SAMPLE_ROWS)])


def evenly(values: NDArray[Number], count: int) -> NDArray[Number]:
    """Return at most `count` rows of `values`, evenly spread over it."""
    if len(values) <= count:
        return values
    return values[np.linspace(0, len(values) - 1, count).astype(np.int64)]


def verdicts(facts: Facts, feature_set: FeatureSet) -> tuple[CheckResult, ...]:
    """Return the checks over everything observed, critical ones first."""
    return (
        _none("feature_rows", facts.miscounted, "rows differ from candles", Severity.CRITICAL),
        _none("feature_warmup", sorted(facts.early), "has values before it is warm", Severity.CRITICAL),
        _none("feature_finite", sorted(facts.infinite), "is infinite", Severity.CRITICAL),
        _none("feature_range", sorted(facts.outside), "leaves its declared range", Severity.CRITICAL),
        _coverage(facts, feature_set),
        *_redundancy(facts, feature_set),
    )


def _none(name: str, found: Iterable[str], problem: str, severity: Severity) -> CheckResult:
    offenders = list(found)
    return CheckResult(
        name=name,
        passed=not offenders,
        observed=len(offenders),
        limit=0,
        message=f"{problem}: {', '.join(offenders)}" if offenders else "none",
        severity=severity,
    )


def _coverage(facts: Facts, feature_set: FeatureSet) -> CheckResult:
    if facts.warm_rows == 0:
        message = f"no symbol has more than {feature_set.warmup} candles in a row, the warm-up of {feature_set.name}"
        return CheckResult(name="feature_coverage", passed=False, limit=MINIMUM_COVERAGE, message=message)
    shares = facts.present / facts.warm_rows
    short = [f"{feature_set.names[i]} {shares[i]:.1%}" for i in np.flatnonzero(shares < MINIMUM_COVERAGE)]
    return CheckResult(
        name="feature_coverage",
        passed=not short,
        observed=float(shares.min()),
        limit=MINIMUM_COVERAGE,
        message=f"covered too little of {facts.warm_rows} warm rows: {', '.join(short)}" if short else "all covered",
        severity=Severity.WARNING,
    )


def _redundancy(facts: Facts, feature_set: FeatureSet) -> tuple[CheckResult, CheckResult]:
    pooled = np.concatenate(facts.samples) if facts.samples else np.zeros((0, len(feature_set.names)), np.float32)
    # a feature that is nowhere has been named by the coverage check; rows lacking any other are left out
    sound = np.isfinite(pooled)
    seen = np.flatnonzero(sound.any(axis=0))
    names = [feature_set.names[column] for column in seen]
    complete = pooled[:, seen][sound[:, seen].all(axis=1)]
    still = constant(complete, names) if len(complete) else {}
    twins = redundant(complete, names) if len(complete) else {}
    return (
        _none("feature_constant", [f"{n} = {v:g}" for n, v in still.items()], "never changes", Severity.WARNING),
        _none("feature_redundant", [f"{n}: {r}" for n, r in twins.items()], "says nothing new", Severity.WARNING),
    )
