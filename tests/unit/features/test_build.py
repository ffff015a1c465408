import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from include.core.errors import DataQualityError, IntegrityError, MissingInputError
from include.core.files import read_json, write_json
from include.features import store
from include.features.build import REPORT_FILE, build, check, publish, stage
from include.features.matrix import compute
from include.features.registry import FEATURE_SETS, feature_set
from include.features.sources import read_inputs
from include.features.spec import Family, FeatureSet, candle_feature
from include.lake.lake import Lake
from tests.unit.features.conftest import BTC, ETH, SOL
from tests.unit.features.samples import STEP_MS, VENUE, candles, fill_lake

MARKET94 = feature_set("market94")


def _published(settings):
    return settings.home.features("market94")


def test_a_build_publishes_every_symbol_with_candles_and_names_the_others(filled):
    result = build(filled, "market94", "4h")
    assert (result.symbols, result.rows, result.features) == (2, 4400, len(MARKET94.names))
    manifest = store.read_manifest(_published(filled))
    assert manifest.build_id == result.build_id
    assert list(manifest.symbols) == [BTC, ETH]
    assert manifest.absent_symbols == {SOL: "no candles in the lake"}
    assert manifest.lake_versions == Lake(filled.home.lake).versions()
    assert manifest.feature_set_sha256 == MARKET94.sha256
    table = store.read_table(_published(filled), ETH, manifest)
    expected = compute(read_inputs(Lake(filled.home.lake), VENUE, ETH, "4h", manifest.lake_versions), MARKET94)
    np.testing.assert_array_equal(store.feature_values(table, MARKET94.names), expected.to_numpy())


def test_the_three_steps_report_and_leave_nothing_staged(filled):
    seen = []
    build_id = stage(filled, "market94", "4h", lambda *step: seen.append(step))
    assert seen == [("features", 1, 3), ("features", 2, 3), ("features", 3, 3)]
    report = check(filled, build_id)
    assert report.passed
    # neither gold nor bitcoin's dominance is among these symbols, and one of the two is bitcoin itself
    assert [failure.name for failure in report.failures] == ["feature_coverage", "feature_redundant"]
    assert "f_macro_gold_return_days_1 0.0%" in report.failures[0].message
    assert {result.name for result in report.results} >= {"feature_causality", "feature_warmup", "feature_coverage"}
    assert not _published(filled).exists()
    assert publish(filled, build_id) == publish(filled, build_id)
    assert list(filled.home.staging.iterdir()) == []
    assert read_json(_published(filled) / REPORT_FILE)["report"] == report.model_dump(mode="json")


def test_the_same_lake_gives_the_same_build_and_the_same_files(filled):
    first = build(filled, "market94", "4h")
    files = store.read_manifest(_published(filled)).symbols
    second = build(filled, "market94", "4h")
    assert second.build_id == first.build_id
    assert store.read_manifest(_published(filled)).symbols == files


def test_a_new_candle_makes_a_new_build_that_keeps_every_older_bit(filled, frames):
    build(filled, "market94", "4h")
    before = pq.read_table(_published(filled) / "BTC-USDT-USDT_4h.parquet")
    longer = candles(2201, seed=1).tail(1)
    newest = longer.assign(open_time=frames[BTC]["open_time"].iloc[-1] + STEP_MS)
    fill_lake(Lake(filled.home.lake), {BTC: newest})
    build(filled, "market94", "4h")
    after = pq.read_table(_published(filled) / "BTC-USDT-USDT_4h.parquet")
    assert after.num_rows == 2201
    pd.testing.assert_frame_equal(
        after.slice(0, 2200).drop(["funding_assumed"]).to_pandas(), before.drop(["funding_assumed"]).to_pandas()
    )


def test_an_empty_lake_is_missing_input(three_symbols):
    with pytest.raises(MissingInputError, match="The lake has no 4h candles"):
        build(three_symbols, "market94", "4h")
    assert not three_symbols.home.staging.exists() or list(three_symbols.home.staging.iterdir()) == []


def test_features_that_cannot_warm_up_are_not_published(three_symbols):
    fill_lake(Lake(three_symbols.home.lake), {BTC: candles(609)})
    with pytest.raises(DataQualityError, match="no symbol has more than 609 candles in a row"):
        build(three_symbols, "market94", "4h")


def test_what_was_never_checked_is_not_published(filled):
    build_id = stage(filled, "market94", "4h")
    with pytest.raises(DataQualityError, match="was never checked"):
        publish(filled, build_id)


def test_a_failed_check_keeps_what_was_published_before(filled):
    published = build(filled, "market94", "4h")
    fill_lake(Lake(filled.home.lake), {SOL: candles(700)})
    build_id = stage(filled, "market94", "4h")
    folder = filled.home.staging / f"features-{build_id}"
    _spoil(folder)
    report = check(filled, build_id)
    assert [failure.name for failure in report.failures][:1] == ["feature_range"]
    with pytest.raises(
        DataQualityError, match=r"failed its checks, nothing was published: feature_range: .*f_technical_rsi_7"
    ):
        publish(filled, build_id)
    assert store.read_manifest(_published(filled)).build_id == published.build_id


def _spoil(folder):
    manifest = store.read_manifest(folder)
    table = store.read_table(folder, BTC, manifest)
    values = table["f_technical_rsi_7"].to_numpy().copy()
    values[1000] = 101.0
    place = table.column_names.index("f_technical_rsi_7")
    changed = table.set_column(place, "f_technical_rsi_7", [values])
    entry = store.write_symbol(folder, BTC, "4h", changed)
    spoiled = manifest.model_copy(update={"symbols": {**manifest.symbols, BTC: entry}})
    write_json(folder / store.MANIFEST_FILE, spoiled.model_dump(mode="json"))


def test_a_build_changed_after_its_check_is_refused(filled):
    build_id = stage(filled, "market94", "4h")
    check(filled, build_id)
    _spoil(filled.home.staging / f"features-{build_id}")
    with pytest.raises(IntegrityError, match="is not the one that was checked"):
        publish(filled, build_id)


def test_a_build_that_does_not_exist_is_missing_input(filled):
    with pytest.raises(MissingInputError, match="`abc` is neither staged nor published"):
        publish(filled, "abc")


def _next_close(close):
    return np.append(close[1:], close[-1])


def _centred_mean(close):
    return np.convolve(np.pad(close, 1, mode="edge"), np.ones(3) / 3.0, mode="valid")


@pytest.mark.parametrize("leak", [_next_close, _centred_mean])
def test_a_feature_that_looks_one_candle_ahead_is_never_published(filled, monkeypatch, leak):
    spec = candle_feature("planted", "leak_1", "close", 0, "looks ahead")
    family = Family("planted", (spec,), lambda segment, _: {spec.name: leak(segment.close)})
    monkeypatch.setitem(FEATURE_SETS, "market94", FeatureSet("market94", (family,)))
    with pytest.raises(DataQualityError, match="feature_causality: look ahead: f_planted_leak_1 of BTC/USDT:USDT"):
        build(filled, "market94", "4h")
    assert not _published(filled).exists()
