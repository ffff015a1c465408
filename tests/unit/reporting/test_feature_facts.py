import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import MissingInputError
from include.core.paths import Home
from include.features.registry import FEATURE_SETS
from include.reporting.feature_facts import HISTOGRAM_BINS, ReportFacts, gather
from tests.support import feature_builds as builds
from tests.support.feature_builds import ABSENT, LATE, MOVED, STATE, STEADY, STILL, write_build, write_dataset


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    return settings.home


@pytest.fixture
def facts(home: Home) -> ReportFacts:
    write_build(home)
    write_dataset(home)
    return gather(home, "market94")


def test_before_the_first_build_there_are_no_facts(home: Home) -> None:
    with pytest.raises(MissingInputError, match="No features in"):
        gather(home, "market94")


def test_features_are_told_by_family_in_column_order(facts: ReportFacts) -> None:
    names = {family: [feature.name for feature in features] for family, features in facts.families.items()}
    assert names == {"price": [STEADY, MOVED, STATE], "smart_money": [LATE, ABSENT, STILL]}
    assert facts.features[1].short_name == "moved_7"
    assert facts.features[1].formula == "formula of moved_7"


def test_measures_are_those_of_the_training_rows(facts: ReportFacts) -> None:
    rows = [builds.values(symbol)[builds.TRAIN_ROWS, 0] for symbol in builds.SYMBOLS]
    pooled = np.concatenate(rows).astype(np.float64)
    steady = facts.features[0]
    assert (steady.mean, steady.deviation) == pytest.approx((pooled.mean(), pooled.std()))
    assert (steady.low, steady.high) == (pooled.min(), pooled.max())
    assert facts.reference_rows == len(pooled) == 1480


def test_an_inactive_feature_has_its_reason_and_no_measures(facts: ReportFacts) -> None:
    late = next(feature for feature in facts.features if feature.name == LATE)
    assert late.inactive == "covers 21.0% of the training candles, needs 95%"
    assert (late.mean, late.histogram, late.drift.psi) == (None, None, None)
    assert late.coverage == pytest.approx(670 / 1260)


def test_redundancy_is_what_the_dataset_states(facts: ReportFacts) -> None:
    assert {feature.name: feature.redundant for feature in facts.features if feature.redundant} == {
        STATE: f"r = 0.99990 with {STEADY}"
    }


def test_without_a_dataset_inactive_and_redundant_features_are_those_of_the_build(home: Home) -> None:
    write_build(home)
    facts = gather(home, "market94")
    inactive = {feature.name: feature.inactive for feature in facts.features if feature.inactive}
    assert inactive == {
        LATE: "covers 53.2% of the warm candles, needs 95%",
        ABSENT: "covers 0.0% of the warm candles, needs 95%",
    }
    assert facts.drift.measured == ()
    assert facts.features[0].histogram is not None


def test_a_histogram_holds_every_value_once(facts: ReportFacts) -> None:
    for feature in facts.features[:3]:
        assert feature.histogram is not None
        assert feature.histogram.training.shape == (HISTOGRAM_BINS,)
        assert feature.histogram.training.sum() == pytest.approx(1)
        assert feature.histogram.recent is not None
        assert feature.histogram.recent.sum() == pytest.approx(1)
    moved = facts.features[1].histogram
    assert moved is not None
    assert moved.recent is not None
    # three deviations up: most of it lies beyond the middle 99 % and counts in the outer bin
    assert moved.recent[-1] > 0.5 > moved.training[-1]


def test_a_feature_with_one_value_has_no_histogram_and_no_correlation(home: Home) -> None:
    write_build(home)
    still = builds.SET.names.index(STILL)
    facts = gather(home, "market94")
    assert facts.features[still].inactive is None
    assert facts.features[still].histogram is None
    assert np.isnan(facts.correlation[still]).all()


def test_the_correlation_is_pearsons_over_training(facts: ReportFacts) -> None:
    rows = np.concatenate([builds.values(symbol)[builds.TRAIN_ROWS, :3] for symbol in builds.SYMBOLS])
    np.testing.assert_allclose(facts.correlation[:3, :3], np.corrcoef(rows.astype(np.float64).T), atol=1e-9)
    assert np.isnan(facts.correlation[3:]).all()


def test_strong_pairs_are_named_once_strongest_first(facts: ReportFacts) -> None:
    matrix = np.eye(6)
    matrix[0, 1] = matrix[1, 0] = 0.91
    matrix[0, 2] = matrix[2, 0] = -0.97
    matrix[1, 2] = matrix[2, 1] = 0.5
    changed = ReportFacts(**(vars(facts) | {"correlation": matrix}))
    assert changed.strong_pairs == ((STEADY, STATE, -0.97), (STEADY, MOVED, 0.91))


def test_the_checks_of_the_build_are_followed_by_those_of_the_drift(facts: ReportFacts) -> None:
    names = [result.name for result in facts.checks.results]
    assert names == ["feature_rows", "feature_causality", "feature_drift_moderate", "feature_drift_major"]
    assert facts.causality is not None
    assert facts.causality.message == "the past keeps its bits"


def test_coverage_by_month_is_a_share_of_the_warm_rows(facts: ReportFacts) -> None:
    assert facts.month_coverage.shape == (len(facts.survey.months), 6)
    late = facts.month_coverage[:, builds.SET.names.index(LATE)]
    # row 600 is 00:00 on 11 April: 20 of the month's 30 days are there
    assert late.tolist() == pytest.approx([0, 0, 0, 20 / 30, 1, 1, 1])
