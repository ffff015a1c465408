from itertools import pairwise
from math import ceil, inf, log, sqrt

import numpy as np
import pytest

from include.core.checks import Severity
from include.core.clock import from_ms
from include.core.errors import MissingInputError
from include.features.dataset import Window
from include.features.drift import (
    DriftReport,
    FeatureDrift,
    bin_edges,
    bin_shares,
    drift_checks,
    feature_drifts,
    mean_shift,
    population_stability,
    read_drift,
    save_drift,
)

NO_STRETCHES = np.full(1000, -1)


def _of(reference, current):
    reference, current = (np.asarray(part, dtype=np.float32) for part in (reference, current))
    edges = bin_edges(reference)
    return population_stability(bin_shares(reference, edges), bin_shares(current, edges))


def _slow_index(reference, current):
    """The index from its definition, in plain Python, for a reference without ties."""
    ordered = sorted(reference)
    edges = [-inf, *(ordered[ceil(len(ordered) * k / 10) - 1] for k in range(1, 10)), inf]
    total = 0.0
    for low, high in pairwise(edges):
        p = max(sum(low < x <= high for x in reference) / len(reference), 0.0001)
        q = max(sum(low < x <= high for x in current) / len(current), 0.0001)
        total += (q - p) * log(q / p)
    return total


def test_the_index_of_two_rows_of_shares_by_hand():
    assert population_stability(np.array([0.5, 0.5]), np.array([0.9, 0.1])) == pytest.approx(0.4 * log(9))


def test_the_index_equals_its_definition_on_values_without_ties():
    rng = np.random.default_rng(5)
    reference = rng.normal(size=733).astype(np.float32).tolist()
    for current in (rng.normal(0.3, 1.2, 211), rng.normal(4, 0.1, 150), reference):
        current = np.asarray(current, dtype=np.float32).tolist()
        assert _of(reference, current) == pytest.approx(_slow_index(reference, current), rel=1e-9, abs=1e-12)


def test_ten_values_make_ten_bins():
    assert bin_edges(np.arange(1, 11, dtype=np.float32)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    # five at each end: 2 · (0.5 − 0.1) ln 5 and eight empty bins at 0.0001
    expected = 0.8 * log(5) + 8 * (0.1 - 0.0001) * log(0.1 / 0.0001)
    assert _of(np.arange(1, 11), [1] * 5 + [10] * 5) == pytest.approx(expected)


def test_each_state_of_a_state_has_a_bin_of_its_own():
    reference = [-1] * 40 + [0] * 30 + [1] * 30
    current = [-1] * 10 + [0] * 30 + [1] * 60
    assert _of(reference, current) == pytest.approx(0.3 * log(8))
    assert _of(reference, reference) == 0.0


@pytest.mark.parametrize("unseen", [-2.0, 0.5, 7.0])
def test_a_value_that_training_never_held_is_seen_between_beside_and_beyond_its_states(unseen):
    reference = [0] * 60 + [1] * 40
    # half of the values went into a bin that was empty: 0.4999 ln 5000 from there alone
    assert _of(reference, [0] * 50 + [unseen] * 50) > 0.4999 * log(5000)


def test_the_mean_shift_is_in_population_deviations_of_training():
    assert mean_shift(np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0])) == pytest.approx(3 / sqrt(1.25))
    assert mean_shift(np.array([2.0, 2.0]), np.array([5.0])) is None


def test_a_feature_that_kept_its_distribution_has_hardly_an_index_and_one_that_moved_a_large_one():
    rng = np.random.default_rng(1)
    training = rng.normal(size=(1000, 2)).astype(np.float32)
    recent = rng.normal(size=(500, 2)).astype(np.float32) + np.array([0, 2], dtype=np.float32)
    kept, moved = feature_drifts(("kept", "moved"), training, recent, {}, NO_STRETCHES)
    assert kept.psi < 0.1 < 0.25 < moved.psi
    assert moved.mean_shift == pytest.approx(2.0, abs=0.2)
    assert (kept.reason, kept.usual_psi, kept.highest_psi) == (None, None, None)


def test_inactive_constant_absent_and_rare_features_have_no_index_but_a_reason():
    noise = np.random.default_rng(2).normal(size=1000)
    training = np.column_stack([noise, np.full(1000, 0.25), noise, noise]).astype(np.float32)
    recent = training[:500].copy()
    recent[:, 2] = np.nan
    recent[99:, 3] = np.nan
    drifts = feature_drifts(("off", "still", "gone", "rare"), training, recent, {"off": "no source"}, NO_STRETCHES)
    assert [drift.reason for drift in drifts] == [
        "inactive: no source",
        "constant at 0.25 in training",
        "0 values in the newest candles, needs 100",
        "99 values in the newest candles, needs 100",
    ]
    assert {(drift.psi, drift.mean_shift, drift.usual_psi) for drift in drifts} == {(None, None, None)}


def test_missing_values_are_no_values():
    rng = np.random.default_rng(3)
    training, recent = (rng.normal(size=(1000, 1)).astype(np.float32) for _ in range(2))
    holed = training.copy()
    holed[::2] = np.nan
    (with_holes,) = feature_drifts(("x",), holed, recent, {}, NO_STRETCHES)
    (without,) = feature_drifts(("x",), training[1::2], recent, {}, NO_STRETCHES[1::2])
    assert with_holes == without


def test_stretches_of_training_say_what_is_usual():
    # three stretches: the middle of the values, the lower half and the upper half; a row of none counts in none
    parts = [np.linspace(-1, 1, 200), np.linspace(-1, 0, 200), np.linspace(0, 1, 200), np.full(7, 9.0)]
    training = np.concatenate(parts).astype(np.float32)
    stretches = np.repeat([0, 1, 2, -1], [200, 200, 200, 7])
    (drift,) = feature_drifts(("x",), training[:, None], training[:300, None], {}, stretches)
    edges = bin_edges(training)
    own = sorted(
        population_stability(bin_shares(training, edges), bin_shares(part.astype(np.float32), edges))
        for part in parts[:3]
    )
    assert (drift.usual_psi, drift.highest_psi) == pytest.approx((own[1], own[2]))
    assert own[0] < 0.1 < own[1]


def test_one_stretch_alone_is_not_usual():
    training = np.random.default_rng(4).normal(size=(500, 1)).astype(np.float32)
    (drift,) = feature_drifts(("x",), training, training, {}, np.zeros(500, dtype=np.int64))
    assert (drift.psi, drift.usual_psi, drift.highest_psi) == (0.0, None, None)


def _report(*features, dataset_id="d1"):
    window = Window(start=from_ms(0), end=from_ms(1))
    return DriftReport(
        feature_set="market94",
        build_id="b1",
        dataset_id=dataset_id,
        training=window,
        recent=window,
        symbols=2,
        features=features,
    )


REPORT = _report(
    FeatureDrift(feature="near", psi=0.05, mean_shift=0.0),
    FeatureDrift(feature="off", reason="inactive"),
    FeatureDrift(feature="usual", psi=0.6, usual_psi=0.5, highest_psi=0.7, mean_shift=1.0),
    FeatureDrift(feature="some", psi=0.2, usual_psi=0.1, highest_psi=0.15, mean_shift=1.0),
    FeatureDrift(feature="far", psi=0.5, usual_psi=0.1, highest_psi=0.2, mean_shift=-1.0),
)


def test_features_are_named_farthest_first():
    assert [drift.feature for drift in REPORT.measured] == ["usual", "far", "some", "near"]
    assert [drift.feature for drift in REPORT.above(0.1)] == ["usual", "far", "some"]
    assert [drift.feature for drift in REPORT.beyond(0.1)] == ["far", "some"]


def test_both_levels_warn_and_name_who_moved():
    moderate, major = drift_checks(REPORT).results
    assert (moderate.name, moderate.limit, moderate.passed) == ("feature_drift_moderate", 0.1, False)
    assert (major.name, major.limit, major.observed) == ("feature_drift_major", 0.25, 0.6)
    assert major.message == "2 of 4 features above 0.25, 1 beyond training's own months: usual 0.60, far 0.50"
    assert {moderate.severity, major.severity} == {Severity.WARNING}
    assert drift_checks(REPORT).passed


def test_features_at_their_limit_have_not_moved():
    results = drift_checks(_report(FeatureDrift(feature="x", psi=0.1, mean_shift=0.0))).results
    assert [result.passed for result in results] == [True, True]
    assert results[0].message == "none of 1 features above 0.1"


def test_many_moved_features_are_counted_not_listed():
    moved = [FeatureDrift(feature=f"f{i}", psi=1.0 + i, mean_shift=0.0) for i in range(8)]
    assert (
        drift_checks(_report(*moved))
        .results[1]
        .message.endswith("f7 8.00, f6 7.00, f5 6.00, f4 5.00, f3 4.00 and 3 more")
    )


@pytest.mark.parametrize(
    ("dataset_id", "reason", "severity"),
    [
        (None, "no dataset of this feature set is frozen yet", Severity.INFO),
        ("d1", "no feature has an index", Severity.WARNING),
    ],
)
def test_unknown_drift_does_not_pass_and_warns_once_there_is_a_dataset(dataset_id, reason, severity):
    results = drift_checks(_report(FeatureDrift(feature="x", reason="inactive"), dataset_id=dataset_id)).results
    assert [(r.passed, r.observed, r.severity) for r in results] == [(False, None, severity)] * 2
    assert reason in results[0].message


def test_a_report_reads_back_as_it_was_written(tmp_path):
    save_drift(REPORT, tmp_path)
    assert read_drift(tmp_path) == REPORT


def test_before_the_first_report_there_is_none(tmp_path):
    with pytest.raises(MissingInputError, match=r"`drift.json` does not exist"):
        read_drift(tmp_path)
