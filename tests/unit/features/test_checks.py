import numpy as np
import pytest

from include.core.checks import Severity
from include.features.checks import Facts, evenly, observe, verdicts
from include.features.inputs import Segment
from include.features.spec import Family, FeatureSet, candle_feature

STEP = 10
TIMES = np.arange(500) * STEP


def _nothing(_segment: Segment, _inputs: object) -> dict:
    return {}


CHOSEN = FeatureSet(
    "test",
    (
        Family(
            "x",
            (
                candle_feature("x", "a_1", "close", 3, "a", range=(0.0, 1.0)),
                candle_feature("x", "b_1", "close", 5, "b"),
            ),
            _nothing,
        ),
    ),
)


def _values(seed=0):
    values = np.random.default_rng(seed).uniform(size=(500, 2)).astype(np.float32)
    values[:3, 0] = values[:5, 1] = np.nan
    return values


def _results(values, times=TIMES, expected=500):
    facts = Facts()
    observe(facts, CHOSEN, "BTC", times, STEP, values, expected)
    return {result.name: result for result in verdicts(facts, CHOSEN)}


def _failed(values, **more):
    return {name: result.message for name, result in _results(values, **more).items() if not result.passed}


def test_sound_features_pass_every_check():
    assert _failed(_values()) == {}


def test_lost_rows_are_counted():
    assert _failed(_values(), expected=501) == {"feature_rows": "rows differ from candles: BTC 500 of 501"}


def test_a_value_before_the_warmup_is_critical():
    values = _values()
    values[4, 1] = 0.5
    assert _failed(values) == {"feature_warmup": "has values before it is warm: f_x_b_1"}


def test_the_warmup_starts_anew_after_a_gap():
    times = np.concatenate([TIMES[:250], TIMES[250:] + STEP])
    assert _failed(_values(), times=times)["feature_warmup"] == "has values before it is warm: f_x_a_1, f_x_b_1"


def test_infinite_and_outlying_values_are_critical():
    values = _values()
    values[100, 1] = np.inf
    values[101, 0] = 1.01
    results = _results(values)
    assert results["feature_finite"].message == "is infinite: f_x_b_1"
    assert results["feature_range"].message == "leaves its declared range: f_x_a_1"
    assert results["feature_range"].severity is Severity.CRITICAL


@pytest.mark.parametrize(("missing", "passed"), [(24, True), (25, False)])
def test_coverage_below_ninety_five_percent_of_the_warm_rows_warns(missing, passed):
    # 495 rows are warm; 24 of them are 4.8 %, 25 are 5.05 %
    values = _values()
    values[10 : 10 + missing, 0] = np.nan
    coverage = _results(values)["feature_coverage"]
    assert coverage.passed is passed
    assert coverage.severity is Severity.WARNING
    assert coverage.observed == pytest.approx(1 - missing / 495)


def test_coverage_is_pooled_over_symbols():
    facts = Facts()
    lacking = _values()
    lacking[5:45, 0] = np.nan
    observe(facts, CHOSEN, "BTC", TIMES, STEP, lacking, 500)
    observe(facts, CHOSEN, "ETH", TIMES, STEP, _values(1), 500)
    coverage = next(result for result in verdicts(facts, CHOSEN) if result.name == "feature_coverage")
    assert coverage.observed == pytest.approx(1 - 40 / 990)
    assert coverage.passed


def test_a_build_without_a_warm_row_fails():
    results = _results(_values()[:5], times=TIMES[:5], expected=5)
    assert not results["feature_coverage"].passed
    assert results["feature_coverage"].severity is Severity.CRITICAL


def test_constant_and_redundant_features_warn():
    still = _values()
    still[5:, 0] = 0.5
    assert _failed(still) == {"feature_constant": "never changes: f_x_a_1 = 0.5"}
    twins = _values()
    twins[5:, 1] = 2 * twins[5:, 0]
    assert _failed(twins) == {"feature_redundant": "says nothing new: f_x_b_1: r = 1.00000 with f_x_a_1"}


def test_an_absent_feature_is_reported_once():
    values = _values()
    values[:, 0] = np.nan
    assert list(_failed(values)) == ["feature_coverage"]


def test_a_sample_spans_the_series_evenly():
    assert evenly(np.arange(9.0)[:, None], 3)[:, 0].tolist() == [0.0, 4.0, 8.0]
    assert len(evenly(np.zeros((2, 1)), 3)) == 2
