import pytest

from include.config.settings import Settings
from include.core.paths import Home
from include.features.drift import DriftReport, FeatureDrift, save_drift
from include.features.registry import FEATURE_SETS
from include.features.survey import drift_of, survey
from include.training.slot_drift import drift_line
from tests.support import feature_builds as builds


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    return settings.home


def keep(home: Home, *features: FeatureDrift) -> None:
    report: DriftReport = drift_of(survey(home, "market94")).model_copy(update={"features": features})
    save_drift(report, home.feature_report("market94"))


def test_before_the_first_build_drift_is_not_known(home: Home) -> None:
    assert drift_line(home, "market94").startswith("📊 Feature drift: not known yet. No features in ")


def test_before_the_first_dataset_drift_is_not_known(home: Home) -> None:
    builds.write_build(home)
    assert drift_line(home, "market94") == "📊 Feature drift: not known yet, no dataset is frozen"


def test_the_worst_feature_is_named_with_its_index_and_shift(home: Home) -> None:
    builds.write_build(home)
    builds.write_dataset(home)
    line = drift_line(home, "market94")
    assert line.startswith(f"📊 Feature drift: worst {builds.MOVED}, PSI ")
    assert line.endswith("; 1 of 3 above 0.25, 1 of them beyond training's own months")


@pytest.mark.parametrize(("psi", "mark"), [(0.05, "✅"), (0.2, "⚠️ > 0.1"), (0.4, "❌ > 0.25")])
def test_each_level_has_its_mark(home: Home, psi: float, mark: str) -> None:
    builds.write_build(home)
    builds.write_dataset(home)
    keep(home, FeatureDrift(feature="f_x", psi=psi, usual_psi=0.2, highest_psi=0.5, mean_shift=-1.234))
    above = int(psi > 0.25)
    assert drift_line(home, "market94") == (
        f"📊 Feature drift: worst f_x, PSI {psi:.2f} ({mark}), mean -1.23 deviations; "
        f"{above} of 1 above 0.25, 0 of them beyond training's own months"
    )


def test_a_dataset_of_inactive_features_alone_says_so(home: Home) -> None:
    builds.write_build(home)
    builds.write_dataset(home)
    keep(home, FeatureDrift(feature="f_x", reason="inactive"))
    assert drift_line(home, "market94").endswith("not known yet, no feature can be compared")


def test_damaged_features_are_named_rather_than_stopping_the_check(home: Home) -> None:
    manifest = builds.write_build(home)
    (home.features("market94") / manifest.symbols[builds.SYMBOLS[0]].file).write_bytes(b"")
    assert "is not the file that was built" in drift_line(home, "market94")
