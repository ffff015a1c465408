"""The facts of a feature report: values in training and now, coverage, drift, what is wrong with each.

Drawing (`feature_figures.py`) and writing (`feature_report.py`) do not belong here.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from include.core.checks import CheckReport, CheckResult
from include.core.files import read_json
from include.core.paths import Home
from include.features.build import REPORT_FILE
from include.features.checks import MINIMUM_COVERAGE
from include.features.drift import DriftReport, FeatureDrift, drift_checks
from include.features.redundancy import redundant
from include.features.registry import feature_set as named_set
from include.features.spec import FeatureSpec
from include.features.survey import Survey, drift_of, survey

HISTOGRAM_BINS = 32
STRONG_CORRELATION = 0.9
_TAIL = 0.005
_CORRELATION_ROWS = 30_000

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """Shares of values in equal bins between `low` and `high`; what lies beyond counts in the outer bins."""

    low: float
    high: float
    training: Values
    recent: Values | None


@dataclass(frozen=True)
class FeatureFacts:
    """One feature.

    Attributes
    ----------
    coverage : float
        Share of warm rows of the build that have it.
    histogram : Histogram or None
        None where it has fewer than two different values.
    inactive, redundant : str or None
        Why it carries nothing, or nothing new.
    """

    name: str
    family: str
    short_name: str
    formula: str
    coverage: float
    mean: float | None
    deviation: float | None
    low: float | None
    high: float | None
    histogram: Histogram | None
    drift: FeatureDrift
    inactive: str | None
    redundant: str | None


@dataclass(frozen=True)
class ReportFacts:
    """Everything on the page of one feature set.

    Attributes
    ----------
    correlation : float64 (features, features)
        Pearson correlation over the reference rows, NaN for features that do not vary.
    month_coverage : float64 (months, features)
    reference_rows : int
        Rows of the sample behind distribution and correlation.
    """

    survey: Survey
    drift: DriftReport
    checks: CheckReport
    features: tuple[FeatureFacts, ...]
    correlation: Values
    month_coverage: Values
    reference_rows: int

    @property
    def families(self) -> dict[str, tuple[FeatureFacts, ...]]:
        """Features by family, both in column order."""
        found: dict[str, list[FeatureFacts]] = {}
        for feature in self.features:
            found.setdefault(feature.family, []).append(feature)
        return {family: tuple(features) for family, features in found.items()}

    @property
    def causality(self) -> CheckResult | None:
        """Verdict of the look-ahead check, None when the build was checked without it."""
        return next((result for result in self.checks.results if result.name == "feature_causality"), None)

    @property
    def strong_pairs(self) -> tuple[tuple[str, str, float], ...]:
        """Pairs with a correlation above 0.9 either way, strongest first."""
        strength = np.abs(np.nan_to_num(np.tril(self.correlation, k=-1)))
        rows, columns = np.nonzero(strength > STRONG_CORRELATION)
        order = np.argsort(-strength[rows, columns], kind="stable")
        return tuple(
            (self.features[column].name, self.features[row].name, float(self.correlation[row, column]))
            for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True)
        )


def gather(home: Home, feature_set: str) -> ReportFacts:
    """Return the facts of the published build of `feature_set`.

    Raises
    ------
    MissingInputError
        Nothing is published, or by another version of the feature set.
    IntegrityError
        A file is not the one that was built.
    """
    seen = survey(home, feature_set)
    drift = drift_of(seen)
    built = CheckReport.model_validate(read_json(home.features(feature_set) / REPORT_FILE)["report"])
    inactive, doubled = _inactive(seen), _redundant(seen)
    features = tuple(
        _facts(seen, column, spec, drift.features[column], inactive.get(spec.name), doubled.get(spec.name))
        for column, spec in enumerate(named_set(feature_set).specs)
    )
    return ReportFacts(
        survey=seen,
        drift=drift,
        checks=built.merge(drift_checks(drift)),
        features=features,
        correlation=_correlation(seen, inactive),
        month_coverage=seen.present / np.maximum(seen.rows, 1)[:, None],
        reference_rows=len(seen.reference),
    )


def _inactive(seen: Survey) -> dict[str, str]:
    if seen.dataset is not None:
        return seen.dataset.inactive_features
    return {
        name: f"covers {coverage:.1%} of the warm candles, needs {MINIMUM_COVERAGE:.0%}"
        for name, coverage in zip(seen.manifest.features, seen.coverage.tolist(), strict=True)
        if coverage < MINIMUM_COVERAGE
    }


def _redundant(seen: Survey) -> dict[str, str]:
    if seen.dataset is not None:
        return seen.dataset.redundant_features
    names, sample = _complete(seen, _inactive(seen))
    return redundant(sample, [seen.manifest.features[column] for column in names]) if len(sample) else {}


def _complete(seen: Survey, inactive: dict[str, str]) -> tuple[list[int], NDArray[np.float32]]:
    active = [column for column, name in enumerate(seen.manifest.features) if name not in inactive]
    values = seen.reference.sample(_CORRELATION_ROWS).values[:, active]
    return active, values[np.isfinite(values).all(axis=1)]


def _correlation(seen: Survey, inactive: dict[str, str]) -> Values:
    active, sample = _complete(seen, inactive)
    width = len(seen.manifest.features)
    matrix = np.full((width, width), np.nan)
    if len(sample) > 1:
        moving = np.flatnonzero(sample.min(axis=0) < sample.max(axis=0))
        columns = np.array(active, dtype=np.int64)[moving]
        matrix[np.ix_(columns, columns)] = np.corrcoef(sample[:, moving].astype(np.float64), rowvar=False)
    return matrix


def _facts(
    seen: Survey, column: int, spec: FeatureSpec, drift: FeatureDrift, inactive: str | None, redundant: str | None
) -> FeatureFacts:
    # a dataset holds 0 in place of an inactive feature: that says nothing about the feature
    training = _known(seen.reference.values[:, column]) if inactive is None else np.zeros(0)
    measures = (training.mean(), training.std(), training.min(), training.max()) if len(training) else (np.nan,) * 4
    mean, deviation, low, high = (float(value) if isfinite(value) else None for value in measures)
    return FeatureFacts(
        name=spec.name,
        family=spec.family,
        short_name=f"{spec.short_name}_{spec.lookback}",
        formula=spec.formula,
        coverage=float(seen.coverage[column]),
        mean=mean,
        deviation=deviation,
        low=low,
        high=high,
        histogram=_histogram(training, _known(seen.recent.values[:, column])),
        drift=drift,
        inactive=inactive,
        redundant=redundant,
    )


def _histogram(training: Values, recent: Values) -> Histogram | None:
    if not len(training) or training.min() == training.max():
        return None
    low, high = np.quantile(training, [_TAIL, 1 - _TAIL]).tolist()
    if low == high:
        low, high = float(training.min()), float(training.max())
    return Histogram(low, high, _shares(training, low, high), _shares(recent, low, high) if len(recent) else None)


def _shares(values: Values, low: float, high: float) -> Values:
    counts, _ = np.histogram(np.clip(values, low, high), bins=HISTOGRAM_BINS, range=(low, high))
    shares: Values = counts / len(values)
    return shares


def _known(column: NDArray[np.float32]) -> Values:
    return column[np.isfinite(column)].astype(np.float64)
