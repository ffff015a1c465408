"""How far features have moved from what a model was trained on: population stability and mean shift, per feature.

Loading the rows that are compared does not belong here (`survey.py`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.core.checks import CheckReport, CheckResult, Severity
from include.core.files import read_json, write_json
from include.features.dataset import Window

BINS = 10
MODERATE_PSI, MAJOR_PSI = 0.1, 0.25
# share of an empty bin; without it one value in a bin that training never filled would be infinitely far
SMALLEST_SHARE = 1e-4
MINIMUM_VALUES = 100
DRIFT_FILE = "drift.json"
_NAMED = 5

Sample = NDArray[np.float32]


class FeatureDrift(BaseModel):
    """How far one feature has moved.

    Attributes
    ----------
    psi : float or None
        Population stability index of the newest values against the training rows.
    usual_psi, highest_psi : float or None
        Median and maximum of the same index for the training window's own stretches of that length: a slow feature
        is far from its whole history in any month. None when training holds fewer than two such stretches.
    mean_shift : float or None
        Mean now minus mean in training, in standard deviations of training.
    reason : str or None
        Why the others are None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: str
    psi: float | None = None
    usual_psi: float | None = None
    highest_psi: float | None = None
    mean_shift: float | None = None
    reason: str | None = None


class DriftReport(BaseModel):
    """Drift of every feature of one build against one dataset, `dataset_id` and `training` None before the first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_set: str
    build_id: str
    dataset_id: str | None
    training: Window | None
    recent: Window
    symbols: int
    features: tuple[FeatureDrift, ...]

    @property
    def measured(self) -> tuple[FeatureDrift, ...]:
        """Features with a known index, farthest first."""
        return tuple(sorted((d for d in self.features if d.psi is not None), key=lambda d: -(d.psi or 0.0)))

    def above(self, limit: float) -> tuple[FeatureDrift, ...]:
        """Return the features whose index exceeds `limit`, farthest first."""
        return tuple(drift for drift in self.measured if (drift.psi or 0.0) > limit)

    def beyond(self, limit: float) -> tuple[FeatureDrift, ...]:
        """Return those of `above` that are farther than any stretch of training is from the whole of it."""
        return tuple(d for d in self.above(limit) if d.highest_psi is None or (d.psi or 0.0) > d.highest_psi)


def bin_edges(reference: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the inner edges of bins that hold a tenth of `reference` each; bins include their upper edge.

    A value that fills a whole tenth by itself gets a bin of its own, so that features with few values (a state of
    −1, 0, 1) and values never seen in training are told apart.

    Parameters
    ----------
    reference : float (n,)
        At least one value, none of them NaN.
    """
    ordered = np.sort(reference)
    places = (len(ordered) * np.arange(1, BINS) + BINS - 1) // BINS - 1
    values, counts = np.unique(ordered[places], return_counts=True)
    below = np.nextafter(values[counts > 1], -np.inf, dtype=ordered.dtype)
    return np.unique(np.concatenate([values, below]))


def bin_shares(values: NDArray[np.floating], edges: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the share of `values` in each bin, an empty bin as 0.0001."""
    upper = np.searchsorted(np.sort(values), edges, side="right")
    counts = np.diff(np.concatenate([[0], upper, [len(values)]]))
    return np.maximum(counts / len(values), SMALLEST_SHARE)


def population_stability(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Return the population stability index Σ (q − p) ln(q / p) of two rows of shares (Siddiqi 2006)."""
    return float(np.sum((current - reference) * np.log(current / reference)))


def mean_shift(reference: NDArray[np.floating], current: NDArray[np.floating]) -> float | None:
    """Return how far the mean moved in standard deviations of `reference`; None when that never changes."""
    spread = float(reference.std(dtype=np.float64))
    if spread == 0.0:
        return None
    return (float(current.mean(dtype=np.float64)) - float(reference.mean(dtype=np.float64))) / spread


def feature_drifts(
    names: Sequence[str],
    training: Sample,
    recent: Sample,
    inactive: Mapping[str, str],
    stretches: NDArray[np.int64],
) -> tuple[FeatureDrift, ...]:
    """Return the drift of each feature.

    Parameters
    ----------
    names : sequence of str
        The k features.
    training, recent : float32 (rows, k)
        Pooled over the same symbols; NaN where a value is missing.
    inactive : mapping
        Features that carry nothing in the dataset, and why.
    stretches : int64 (rows of training,)
        Number of the stretch of training that each row belongs to, −1 for rows of none.
    """
    return tuple(
        FeatureDrift(feature=name, reason=f"inactive: {inactive[name]}")
        if name in inactive
        else _drift(name, training[:, column], recent[:, column], stretches)
        for column, name in enumerate(names)
    )


def drift_checks(report: DriftReport) -> CheckReport:
    """Return the verdicts on a drift report: no feature above 0.1, none above 0.25; both warn, and stop nothing."""
    results = (
        _verdict(report, "feature_drift_moderate", MODERATE_PSI),
        _verdict(report, "feature_drift_major", MAJOR_PSI),
    )
    return CheckReport(subject=f"drift of {report.feature_set} {report.build_id}", results=results)


def save_drift(report: DriftReport, folder: Path) -> None:
    """Write `report` into `folder`, atomically."""
    write_json(folder / DRIFT_FILE, report.model_dump(mode="json"))


def read_drift(folder: Path) -> DriftReport:
    """Return the drift report in `folder`.

    Raises
    ------
    MissingInputError
        None was written yet.
    """
    return DriftReport.model_validate(read_json(folder / DRIFT_FILE))


def _drift(name: str, training: Sample, recent: Sample, stretches: NDArray[np.int64]) -> FeatureDrift:
    known = np.isfinite(training)
    reference, current = training[known], recent[np.isfinite(recent)]
    for values, where in ((reference, "training"), (current, "the newest candles")):
        if len(values) < MINIMUM_VALUES:
            return FeatureDrift(feature=name, reason=f"{len(values)} values in {where}, needs {MINIMUM_VALUES}")
    shift = mean_shift(reference, current)
    if shift is None:
        return FeatureDrift(feature=name, reason=f"constant at {reference[0]:g} in training")
    edges = bin_edges(reference)
    shares = bin_shares(reference, edges)
    own = _own_indices(reference, stretches[known], edges, shares)
    return FeatureDrift(
        feature=name,
        psi=population_stability(shares, bin_shares(current, edges)),
        usual_psi=float(np.median(own)) if len(own) > 1 else None,
        highest_psi=max(own) if len(own) > 1 else None,
        mean_shift=shift,
    )


def _own_indices(
    reference: Sample, stretches: NDArray[np.int64], edges: NDArray[np.floating], shares: NDArray[np.float64]
) -> list[float]:
    parts = (reference[stretches == number] for number in range(int(stretches.max(initial=-1)) + 1))
    return [population_stability(shares, bin_shares(part, edges)) for part in parts if len(part) >= MINIMUM_VALUES]


def _verdict(report: DriftReport, name: str, limit: float) -> CheckResult:
    found, measured = report.above(limit), report.measured
    if not measured:
        return _unknown(report, name, limit)
    named = ", ".join(f"{drift.feature} {drift.psi:.2f}" for drift in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    beyond = f"{len(report.beyond(limit))} beyond training's own months"
    return CheckResult(
        name=name,
        passed=not found,
        observed=measured[0].psi,
        limit=limit,
        message=f"{len(found)} of {len(measured)} features above {limit:g}, {beyond}: {named}{more}"
        if found
        else f"none of {len(measured)} features above {limit:g}",
        severity=Severity.WARNING,
    )


def _unknown(report: DriftReport, name: str, limit: float) -> CheckResult:
    # before the first dataset there is nothing to move away from: worth saying, no reason to warn
    known = report.dataset_id is not None
    why = "no feature has an index" if known else "no dataset of this feature set is frozen yet"
    severity = Severity.WARNING if known else Severity.INFO
    return CheckResult(name=name, passed=False, limit=limit, message=f"drift is not known: {why}", severity=severity)
