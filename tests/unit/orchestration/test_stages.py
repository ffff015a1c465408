import pytest

from include.config.settings import Settings
from include.core.errors import ConfigurationError, InvalidInputError, MissingInputError
from include.features.registry import FEATURE_SETS
from include.orchestration import stages
from tests.support import feature_builds as builds


def test_the_latest_run_of_an_empty_home_is_missing_input(settings: Settings) -> None:
    with pytest.raises(MissingInputError, match="`phase4` has no finished run yet"):
        stages.resolve_run(settings, "phase4", "latest")


def test_a_named_run_is_taken_by_its_name(settings: Settings) -> None:
    assert stages.resolve_run(settings, "phase4", "mine") == "mine"


def test_bad_arguments_are_refused_before_anything_is_fetched(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="unknown: DOGECOIN"):
        stages.fetch_market_data(settings, "b", symbols="DOGECOIN")
    with pytest.raises(InvalidInputError, match="`start` must be an ISO-8601 time"):
        stages.fetch_market_data(settings, "b", start="yesterday")
    assert not settings.home.root.exists()


def test_the_feature_report_is_written_and_says_what_moved(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    builds.write_build(settings.home)
    builds.write_dataset(settings.home)
    reported = stages.report_features(settings, "phase4")
    assert reported["report"] == "http://127.0.0.1:8080/perpetua/reports/features/market94/index.html"
    assert reported["dataset_id"] == builds.DATASET_ID
    assert reported["worst"][0]["feature"] == builds.MOVED
    assert len(reported["failures"]) == 2
    assert (settings.home.feature_report("market94") / "index.html").is_file()


def test_a_report_on_features_that_were_never_built_is_missing_input(settings: Settings) -> None:
    with pytest.raises(MissingInputError, match="No features in"):
        stages.report_features(settings, "phase4")
