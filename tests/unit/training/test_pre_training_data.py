"""Checks on a small published build of two symbols with 1,270 candles each, known value by value."""

from datetime import timedelta
from typing import Any

import pytest

from include.config.settings import Settings
from include.config.system import SystemConfig, load_system, with_settings
from include.core.checks import CheckResult, Severity
from include.core.files import write_json
from include.features.registry import FEATURE_SETS
from include.features.store import MANIFEST_FILE, Manifest
from include.training.pre_training_data import SOURCES, data_checks
from tests.support import feature_builds as builds


@pytest.fixture
def manifest(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    return builds.write_build(settings.home)


def system(**splits: int) -> SystemConfig:
    small = {"test_candles": 500, "validation_candles": 100, "embargo_candles": 10, "min_train_candles": 500}
    return with_settings(load_system("phase4"), {f"splits.{name}": value for name, value in (small | splits).items()})


def checks(settings: Settings, config: SystemConfig, dataset_id: str | None = None) -> dict[str, CheckResult]:
    return {result.name: result for result in data_checks(settings.home, config, dataset_id)}


def rewrite(settings: Settings, manifest: Manifest, **changes: Any) -> None:
    changed = manifest.model_copy(update=changes)
    write_json(settings.home.features("market94") / MANIFEST_FILE, changed.model_dump(mode="json"))


def test_without_features_no_training_is_possible(settings: Settings) -> None:
    found = checks(settings, system())
    assert list(found) == ["training_data"]
    assert (found["training_data"].passed, found["training_data"].severity) == (False, Severity.CRITICAL)


@pytest.mark.usefixtures("manifest")
def test_a_whole_build_passes(settings: Settings) -> None:
    found = checks(settings, system())
    assert [name for name, result in found.items() if not result.passed] == []
    assert list(found) == ["training_data", "test_candles", "candle_gaps", "smart_money_data"]
    assert found["training_data"].message == "Features of 2 symbols, 2,540 rows, build b1."


@pytest.mark.parametrize("changes", [{"feature_set_sha256": "0" * 64}, {"timeframe": "1h"}])
def test_a_build_of_another_kind_blocks(settings: Settings, manifest: Manifest, changes: dict[str, str]) -> None:
    rewrite(settings, manifest, **changes)
    found = checks(settings, system())["training_data"]
    assert (found.passed, found.severity) == (False, Severity.CRITICAL)


def test_a_file_that_is_gone_blocks(settings: Settings, manifest: Manifest) -> None:
    (settings.home.features("market94") / manifest.symbols["ETH/USDT:USDT"].file).unlink()
    found = checks(settings, system())["training_data"]
    assert not found.passed
    assert "lack the files of ETH/USDT:USDT" in found.message


@pytest.mark.usefixtures("manifest")
def test_symbols_without_features_block(settings: Settings) -> None:
    found = checks(settings, with_settings(system(), {"symbols": ["SOL/USDT:USDT"]}))
    assert not found["training_data"].passed
    assert "No symbol of phase4" in found["training_data"].message


@pytest.mark.usefixtures("manifest")
def test_the_candles_needed_are_warmup_and_every_window(settings: Settings) -> None:
    # 14 of the ATR, more than the set's 10 + train + 100 + 500 + 2 × 10: 1,270 candles leave 636 for training
    assert checks(settings, system(min_train_candles=636))["test_candles"].passed
    found = checks(settings, system(min_train_candles=637))["test_candles"]
    assert (found.passed, found.severity) == (False, Severity.CRITICAL)
    assert found.message.startswith("0 of 2 symbols have the 1,271 candles")


@pytest.mark.usefixtures("manifest")
def test_a_short_test_window_is_worth_a_look(settings: Settings) -> None:
    found = checks(settings, system(test_candles=499))["test_candles"]
    assert (found.passed, found.observed, found.limit, found.severity) == (False, 499, 500, Severity.WARNING)


def test_missing_candles_are_counted_and_named(settings: Settings, manifest: Manifest) -> None:
    entry = manifest.symbols["ETH/USDT:USDT"]
    later = entry.model_copy(update={"last_open_time": entry.last_open_time + timedelta(hours=12)})
    rewrite(settings, manifest, symbols={**manifest.symbols, "ETH/USDT:USDT": later})
    found = checks(settings, system())["candle_gaps"]
    assert (found.passed, found.observed, found.severity) == (False, 3, Severity.WARNING)
    assert found.message.startswith("3 candles are missing in ETH/USDT:USDT")


def test_a_market_that_closes_has_gaps_by_nature(settings: Settings, manifest: Manifest) -> None:
    entry = manifest.symbols["ETH/USDT:USDT"]
    later = entry.model_copy(update={"last_open_time": entry.last_open_time + timedelta(hours=12)})
    rewrite(settings, manifest, symbols={"ETH/USDT:USDT": later})
    assert checks(settings, system().model_copy(update={"calendar": "us_equities"}))["candle_gaps"].passed


@pytest.mark.usefixtures("manifest")
def test_a_feature_without_a_value_is_named(settings: Settings) -> None:
    found = checks(settings, system())["smart_money_data"]
    assert (found.passed, found.observed) == (True, 2)
    assert found.message == f"Smart Money Concepts: 2 of 3 features have values, {builds.ABSENT} have none."


def test_a_source_without_any_value_is_worth_a_look(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    families = (builds.SET.families[0], builds._family("smart_money", "absent_1"))
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.FeatureSet("market94", families))
    manifest = builds.write_build(settings.home)
    rewrite(settings, manifest, feature_set_sha256=FEATURE_SETS["market94"].sha256)
    found = checks(settings, system())["smart_money_data"]
    assert (found.passed, found.observed, found.severity) == (False, 0, Severity.WARNING)


def test_a_resumed_training_needs_its_own_dataset_and_no_features(settings: Settings) -> None:
    assert not checks(settings, system(), builds.DATASET_ID)["training_data"].passed
    builds.write_dataset(settings.home)
    found = checks(settings, system(), builds.DATASET_ID)
    assert set(found) == {"training_data", "test_candles", *(f"{name}_data" for name in SOURCES)}
    assert found["training_data"].passed
    assert found["training_data"].observed == 2
    # no feature of the real set is among those of the small dataset
    assert not found["sentiment_data"].passed
