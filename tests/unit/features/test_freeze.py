import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.config.settings import load_settings
from include.config.system import load_system
from include.core.clock import to_ms
from include.core.columns import MACRO
from include.core.errors import DataQualityError, InvalidInputError, MissingInputError
from include.features import store
from include.features.build import build
from include.features.dataset import load_dataset, read_info
from include.features.freeze import freeze
from include.features.frozen import content_id
from include.features.registry import feature_set
from include.lake.lake import Lake
from tests.unit.features.conftest import ABSENT, BTC, ETH, ROWS, SOL, eight_hourly
from tests.unit.features.samples import START_MS, STEP_MS, candles, fill_lake
from tests.unit.features.surroundings import fill_sources

PHASE4 = load_system("phase4")
MARKET94 = feature_set("market94")


def _freeze(settings, system=PHASE4, **more):
    build(settings, "market94", "4h")
    return freeze(settings, system, **more)


def test_a_frozen_dataset_loads_as_it_was_built(filled, frames):
    info = _freeze(filled)
    dataset = load_dataset(filled.home.dataset(info.id))
    assert dataset.info == info
    built = store.read_table(
        filled.home.features("market94"), BTC, store.read_manifest(filled.home.features("market94"))
    )
    series = dataset.series[BTC]
    assert len(series) == info.rows[BTC] == ROWS - 609
    assert series.features.flags.c_contiguous
    expected = store.feature_values(built, MARKET94.names)[609:]
    expected[:, [MARKET94.names.index(name) for name in ABSENT]] = 0.0
    np.testing.assert_array_equal(series.features, expected)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(series, name), frames[BTC][name].to_numpy()[609:])
    settled = eight_hourly()
    assert series.funding_at_close[:2].tolist() == [settled[int(series.open_time[0]) + STEP_MS], 0.0]
    assert set(series.funding_assumed) == {0.0}
    assert set(series.segment) == {0}
    assert (series.atr > 0).all()


def test_splits_have_the_documented_sizes(filled):
    dataset = load_dataset(filled.home.dataset(_freeze(filled).id))
    sizes = {name: {len(series) for series in dataset.split(name).values()} for name in dataset.info.splits}
    assert sizes == {"train": {807}, "validation": {200}, "test": {500}}
    assert to_ms(dataset.info.splits["test"].end) == START_MS + ROWS * STEP_MS


def test_the_description_says_what_is_in_it_and_what_is_not(filled):
    info = _freeze(filled)
    assert (info.system, info.timeframe, info.feature_set) == ("phase4", "4h", "market94")
    assert info.features == MARKET94.names
    assert info.symbols == (BTC, ETH)
    assert tuple(info.inactive_features) == ABSENT
    assert info.inactive_features["f_sentiment_long_short_1"] == "no source: needs long_short_ratio.long_short_ratio"
    # of two symbols one is bitcoin itself, the other a stranger of the same volatility
    assert list(info.redundant_features) == ["f_macro_btc_beta_180"]
    assert info.lake_versions == Lake(filled.home.lake).versions()
    assert info.code_version
    assert set(info.files) == {"BTC-USDT-USDT_4h.parquet", "ETH-USDT-USDT_4h.parquet"}


def test_statistics_are_those_of_the_training_rows_alone(filled):
    info = _freeze(filled)
    train = load_dataset(filled.home.dataset(info.id)).split("train")
    pooled = np.concatenate([series.features for series in train.values()]).astype(np.float64)
    for column, name in enumerate(info.features):
        expected = {"mean": np.mean, "std": np.std, "min": np.min, "max": np.max}
        assert info.statistics[name] == pytest.approx({k: f(pooled[:, column]) for k, f in expected.items()}, rel=1e-9)


def test_the_same_content_has_the_same_id_however_it_came(filled, frames, monkeypatch, tmp_path):
    first = _freeze(filled)
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path / "elsewhere"))
    elsewhere = load_settings()
    lake = Lake(elsewhere.home.lake)
    fill_lake(lake, {BTC: frames[BTC].head(1000), ETH: frames[ETH]}, {BTC: eight_hourly()})
    fill_lake(lake, {BTC: frames[BTC].tail(1300)}, {ETH: eight_hourly(rate=-2e-4)})
    fill_sources(lake)
    second = _freeze(elsewhere)
    assert second.lake_versions != first.lake_versions
    assert second.id == first.id


def test_freezing_again_changes_nothing(filled):
    info = _freeze(filled)
    folder = filled.home.dataset(info.id)
    written = (folder / "dataset_info.json").stat().st_mtime_ns
    assert freeze(filled, PHASE4) == info
    assert (folder / "dataset_info.json").stat().st_mtime_ns == written


def test_a_damaged_dataset_is_frozen_anew(filled):
    info = _freeze(filled)
    file = filled.home.dataset(info.id) / "ETH-USDT-USDT_4h.parquet"
    file.write_bytes(file.read_bytes()[:-10])
    assert freeze(filled, PHASE4).id == info.id
    assert len(load_dataset(filled.home.dataset(info.id)).series[ETH]) == info.rows[ETH]


def test_other_content_symbols_or_boundaries_have_other_ids(filled, frames):
    info = _freeze(filled)
    only = freeze(filled, PHASE4.model_copy(update={"symbols": (BTC,)}))
    assert only.symbols == (BTC,)
    longer = PHASE4.splits.model_copy(update={"embargo_candles": 41})
    shifted = freeze(filled, PHASE4.model_copy(update={"splits": longer}))
    fill_lake(Lake(filled.home.lake), {BTC: frames[BTC].iloc[[1500]].assign(volume=1e5)})
    revised = _freeze(filled)
    assert len({info.id, only.id, shifted.id, revised.id}) == 4


def test_the_id_follows_every_bit_of_every_column(filled):
    info = _freeze(filled)
    table = pq.read_table(filled.home.dataset(info.id) / "BTC-USDT-USDT_4h.parquet")
    identity = content_id({BTC: table}, "sha", info.splits)
    assert content_id({BTC: table.slice(0, table.num_rows)}, "sha", info.splits) == identity
    for name in ("open_time", "atr", "segment", "f_technical_aroon_25"):
        values = table[name].to_numpy().copy()
        values[0] = values[1] if values[0] != values[1] else values[0] + 1
        changed = table.set_column(
            table.column_names.index(name), table.schema.field(name), pa.array(values).cast(table[name].type)
        )
        assert content_id({BTC: changed}, "sha", info.splits) != identity, name
    assert content_id({ETH: table}, "sha", info.splits) != identity
    assert content_id({BTC: table}, "other", info.splits) != identity


def test_an_absent_feature_is_constant_zero_and_listed(three_symbols):
    lacking = candles(ROWS).drop(columns="taker_buy_volume")
    _fill_one(three_symbols, lacking)
    info = _freeze(three_symbols)
    needs = "no source: needs candles.volume, candles.taker_buy_volume"
    assert info.inactive_features["f_technical_taker_buy_1"] == needs
    assert info.inactive_features["f_sentiment_taker_imbalance_hours_24"] == needs
    series = load_dataset(three_symbols.home.dataset(info.id)).series[BTC]
    assert set(series.features[:, info.features.index("f_technical_taker_buy_1")]) == {0.0}
    assert len(series) == ROWS - 609


def _fill_one(settings, frame):
    lake = Lake(settings.home.lake)
    fill_lake(lake, {BTC: frame}, {BTC: eight_hourly(len(frame))})
    fill_sources(lake, len(frame))


def test_more_than_twenty_inactive_features_are_refused_unless_named(three_symbols):
    # candles alone: neither funding nor sentiment nor macro
    fill_lake(Lake(three_symbols.home.lake), {BTC: candles(ROWS), ETH: candles(ROWS, seed=2)})
    with pytest.raises(DataQualityError, match=r"At most 20 features may be inactive, 23 are: f_sentiment_funding"):
        _freeze(three_symbols)
    accepted = ["f_sentiment_funding_rate_1", "f_sentiment_funding_z_90", "f_sentiment_funding_sum_days_3"]
    assert len(freeze(three_symbols, PHASE4, accept_inactive=accepted).inactive_features) == 23


def test_a_hole_in_the_macro_data_splits_every_symbol_there(filled):
    lake, shorter = Lake(filled.home.lake), PHASE4.splits.model_copy(update={"min_train_candles": 700})
    system = PHASE4.model_copy(update={"splits": shorter})
    before = _freeze(filled, system)
    vix = lake.read("macro", filters=[("series", "=", "VIXCLS")])
    silent = vix["date"].between("2024-08-05", "2024-08-09")
    without = Lake(filled.home.root / "other")
    whole = lake.read("macro")
    dropped = whole[~((whole["series"] == "VIXCLS") & whole["date"].isin(vix.loc[silent, "date"]))]
    without.merge("macro", pa.Table.from_pandas(dropped, schema=MACRO.schema, preserve_index=False))
    shutil.rmtree(filled.home.lake / "macro")
    shutil.copytree(filled.home.root / "other" / "macro", filled.home.lake / "macro")
    info = _freeze(filled, system)
    # Friday's value is known on Monday 22:00 and stands for five days; the next one comes on Tuesday the 13th, 22:00
    lost = {symbol: before.rows[symbol] - info.rows[symbol] for symbol in info.symbols}
    assert lost == dict.fromkeys(info.symbols, 3 * 6)
    assert {s.segment[-1] for s in load_dataset(filled.home.dataset(info.id)).series.values()} == {1}


def test_a_row_lacking_an_active_feature_splits_the_series(three_symbols):
    frame = candles(ROWS + 10)
    frame.loc[700, "taker_buy_volume"] = np.nan
    _fill_one(three_symbols, frame)
    info = _freeze(three_symbols)
    series = load_dataset(three_symbols.home.dataset(info.id)).series[BTC]
    # the candle itself, and the five whose day holds it
    assert info.rows[BTC] == ROWS + 10 - 609 - 6
    assert series.segment[700 - 609 - 1 : 700 - 609 + 1].tolist() == [0, 1]
    assert frame["open_time"][700] not in series.open_time


def test_symbols_that_fall_short_are_dropped_by_name(filled):
    # the others have 807 candles for training, this one is listed eight candles later
    fill_lake(Lake(filled.home.lake), {SOL: candles(ROWS, seed=3).iloc[8:]})
    info = _freeze(filled)
    assert info.symbols == (BTC, ETH)
    assert info.dropped_symbols == {SOL: "799 train candles, needs 800"}


def test_a_candle_that_all_symbols_miss_does_not_move_the_test_window(filled):
    lake = Lake(filled.home.lake)
    whole = _freeze(filled)
    gap = {symbol: candles(ROWS + 2000, missing=(ROWS + 1000,)) for symbol in (BTC, ETH)}
    fill_lake(lake, gap)
    with pytest.raises(DataQualityError, match=r"0 validation candles, needs 200.*look for gaps"):
        _freeze(filled)
    assert to_ms(whole.splits["test"].end) == START_MS + ROWS * STEP_MS


def test_a_candle_missing_in_the_test_window_drops_the_symbol(filled):
    fill_lake(Lake(filled.home.lake), {SOL: candles(ROWS, missing=(ROWS - 100,))})
    info = _freeze(filled)
    assert info.symbols == (BTC, ETH)
    assert info.dropped_symbols == {SOL: "400 test candles, needs 500"}


def test_one_symbol_ahead_of_the_others_does_not_move_the_end(filled, frames):
    newest = candles(1, seed=9).assign(open_time=frames[BTC]["open_time"].iloc[-1] + STEP_MS)
    before = _freeze(filled)
    fill_lake(Lake(filled.home.lake), {SOL: candles(ROWS, seed=3), BTC: newest})
    info = _freeze(filled)
    assert info.splits == before.splits
    assert info.rows[BTC] == before.rows[BTC]


def test_wanted_symbols_without_features_are_dropped_by_name(filled):
    info = _freeze(filled, PHASE4.model_copy(update={"symbols": (BTC, SOL)}))
    assert info.symbols == (BTC,)
    assert info.dropped_symbols == {SOL: "no features built"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (700, "History must start before"),
        (2192, f"No symbol has enough warm candles.*{BTC}: 799 train candles, needs 800"),
    ],
)
def test_too_little_history_is_refused_with_the_reason(three_symbols, rows, message):
    fill_lake(Lake(three_symbols.home.lake), {BTC: candles(rows)})
    system = PHASE4.model_copy(update={"symbols": (BTC,)})
    with pytest.raises(DataQualityError, match=message):
        _freeze(three_symbols, system)


def test_a_symbol_that_never_warms_up_is_dropped_by_name(filled):
    fill_lake(Lake(filled.home.lake), {SOL: candles(609)})
    info = _freeze(filled)
    assert info.dropped_symbols == {SOL: "no more than 609 candles in a row, all warm-up"}


def test_unbuilt_or_outdated_features_are_missing_input(filled):
    with pytest.raises(MissingInputError, match="No features in"):
        freeze(filled, PHASE4)
    build(filled, "market94", "4h")
    with pytest.raises(MissingInputError, match=r"are built for 4h .*, needs 1h"):
        freeze(filled, PHASE4.model_copy(update={"timeframe": "1h"}))


def test_consent_to_unknown_features_is_refused(filled):
    with pytest.raises(InvalidInputError, match="`accept_inactive` must name features of market94"):
        _freeze(filled, accept_inactive=["f_unknown_1"])


def test_progress_counts_symbols(filled):
    seen = []
    build(filled, "market94", "4h")
    freeze(filled, PHASE4, progress=lambda *step: seen.append(step))
    assert seen == [("dataset", 1, 2), ("dataset", 2, 2)]


def test_the_description_is_read_back_alone(filled):
    info = _freeze(filled)
    assert read_info(filled.home.dataset(info.id)) == info
