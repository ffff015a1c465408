import logging

import numpy as np
import pandas as pd
import pytest

from include.config.settings import load_settings
from include.config.system import load_system
from include.core.errors import DataQualityError, IntegrityError, InvalidInputError, MissingInputError
from include.core.files import sha256_file
from include.core.timeframes import MINUTE_MS
from include.features.dataset import load_dataset
from include.features.freeze_file import freeze_file
from include.features.inputs import FeatureInputs
from include.features.kernels.volatility import atr
from include.features.matrix import compute
from include.features.registry import feature_set
from tests.unit.features.samples import START_MS, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
SHADOW = load_system(
    "shadow",
    overrides={"splits.test_candles": 300, "splits.validation_candles": 200, "splits.min_train_candles": 400},
)
SHADOW15 = feature_set("shadow15")
ROWS = 1_500
WARMUP = 99


def minute_candles(rows: int = ROWS, seed: int = 1) -> pd.DataFrame:
    return candles(rows, seed=seed).assign(open_time=START_MS + MINUTE_MS * np.arange(rows))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path / "home"))
    return load_settings()


def freeze(settings, tmp_path, *frames: pd.DataFrame, system=SHADOW):
    file = tmp_path / "candles.parquet"
    pd.concat(frames).to_parquet(file, index=False)
    return freeze_file(settings, system, file)


def warnings_of_freezing(caplog) -> list[str]:
    told = [record for record in caplog.records if record.name == "include.features.freeze"]
    return [record.getMessage() for record in told if record.levelno >= logging.WARNING]


def test_a_file_becomes_a_dataset_with_the_features_of_the_system(settings, tmp_path):
    frame = minute_candles()

    info = freeze(settings, tmp_path, frame.assign(symbol="BTCUSDT"), minute_candles(seed=2).assign(symbol="ETHUSDT"))

    dataset = load_dataset(settings.home.dataset(info.id))
    series = dataset.series[BTC]
    assert (info.system, info.timeframe, info.symbols) == ("shadow", "1m", (BTC,))
    assert info.inactive_features == {}
    assert series.open_time.tolist() == frame["open_time"].tolist()[WARMUP:]
    np.testing.assert_array_equal(series.close, frame["close"].to_numpy()[WARMUP:])
    expected = compute(FeatureInputs(frame, "1m"), SHADOW15).to_numpy(np.float32)
    np.testing.assert_array_equal(series.features, expected[WARMUP:])
    high, low, close = (frame[name].to_numpy() for name in ("high", "low", "close"))
    np.testing.assert_array_equal(series.atr, atr(high, low, close, 14)[WARMUP:])
    # nothing is known of funding: no rate, and every hour unknown
    assert not series.funding_inner.any()
    assert not series.funding_at_close.any()
    assert series.funding_assumed.tolist() == pytest.approx([1 / 60] * len(series))


def test_the_splits_are_counted_from_the_last_candle(settings, tmp_path):
    info = freeze(settings, tmp_path, minute_candles().assign(symbol="BTCUSDT"))

    dataset = load_dataset(settings.home.dataset(info.id))
    sizes = {name: len(dataset.split(name)[BTC]) for name in ("train", "validation", "test")}
    assert sizes == {"train": ROWS - WARMUP - 300 - 200 - 2 * 120, "validation": 200, "test": 300}
    assert dataset.split("test")[BTC].open_time[-1] == START_MS + (ROWS - 1) * MINUTE_MS


def test_the_description_names_the_file_it_came_from(settings, tmp_path):
    info = freeze(settings, tmp_path, minute_candles().assign(symbol="BTCUSDT"))

    assert info.source_files == {"candles.parquet": sha256_file(tmp_path / "candles.parquet")}
    assert info.lake_versions == {}


def test_the_same_candles_have_the_same_id_however_they_are_spelled(settings, tmp_path):
    frame = minute_candles()

    ids = [
        freeze(settings, tmp_path, spelled).id
        for spelled in (
            frame.assign(symbol="BTCUSDT"),
            frame.assign(symbol=BTC),
            frame,
            frame.assign(symbol=BTC, open_time=pd.to_datetime(frame["open_time"], unit="ms", utc=True)),
        )
    ]

    assert len(set(ids)) == 1
    assert (
        freeze(settings, tmp_path, frame.assign(close=frame["close"] * (1 + 1e-12), high=frame["high"] * 1.1)).id
        != ids[0]
    )
    assert list(settings.home.staging.iterdir()) == []


def test_a_system_that_names_no_symbols_takes_all_of_the_file(settings, tmp_path):
    frames = [minute_candles(seed=seed).assign(symbol=name) for seed, name in ((1, "BTCUSDT"), (2, "ETHUSDT"))]

    info = freeze(settings, tmp_path, *frames, system=SHADOW.model_copy(update={"symbols": None}))

    assert info.symbols == (BTC, ETH)


def test_few_candles_deserve_a_warning(settings, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="include.features.freeze"):
        freeze(settings, tmp_path, minute_candles().assign(symbol="BTCUSDT"))

    (told,) = warnings_of_freezing(caplog)
    assert (
        told == f"{BTC} has 1,500 candles, fewer than the 50,000 that a model of shadow deserves (it asks for 100,000)"
    )


def test_enough_candles_are_no_matter_of_words(settings, tmp_path, caplog):
    history = SHADOW.history.model_copy(update={"warning_candles": 1_500})

    with caplog.at_level(logging.INFO, logger="include.features.freeze"):
        freeze(settings, tmp_path, minute_candles(), system=SHADOW.model_copy(update={"history": history}))

    assert warnings_of_freezing(caplog) == []


def test_too_few_candles_for_the_splits_are_refused_with_both_numbers(settings, tmp_path):
    with pytest.raises(
        DataQualityError, match=r"701 warm candles, of which test, validation and two embargoes take 740"
    ):
        freeze(settings, tmp_path, minute_candles(WARMUP + 701))


def test_too_little_to_train_on_is_refused_with_both_numbers(settings, tmp_path):
    with pytest.raises(DataQualityError, match="BTC/USDT:USDT: 60 train candles, needs 400"):
        freeze(settings, tmp_path, minute_candles(WARMUP + 800))


def test_a_symbol_that_is_not_there_is_refused_by_name(settings, tmp_path):
    with pytest.raises(
        MissingInputError, match=r"`candles` must hold BTC/USDT:USDT, .* has ETH/USDT:USDT\. Hint: `--symbols`"
    ):
        freeze(settings, tmp_path, minute_candles().assign(symbol="ETHUSDT"))


def test_symbols_may_be_asked_for_as_the_exchange_spells_them(settings, tmp_path):
    frame = minute_candles()

    info = freeze(
        settings, tmp_path, frame.assign(symbol=BTC), system=SHADOW.model_copy(update={"symbols": ("BTCUSDT",)})
    )

    assert info.symbols == (BTC,)


def test_only_what_is_missing_is_named_and_of_many_symbols_the_first_five(settings, tmp_path):
    held = [minute_candles(2).assign(symbol=f"{name}USDT") for name in "ABCDEFG"]
    wanted = SHADOW.model_copy(update={"symbols": ("AUSDT", "ZUSDT")})

    with pytest.raises(
        MissingInputError, match=r"must hold Z/USDT:USDT, .* has A/USDT:USDT, .*, E/USDT:USDT and 2 more\."
    ):
        freeze(settings, tmp_path, *held, system=wanted)


def test_text_in_a_column_of_prices_is_refused(settings, tmp_path):
    with pytest.raises(InvalidInputError, match=r"`candles\.close` must hold numbers, was (large_)?string"):
        freeze(settings, tmp_path, minute_candles().astype({"close": str}))


def test_candles_without_names_are_refused_where_the_system_plays_several(settings, tmp_path):
    with pytest.raises(
        InvalidInputError, match="`candles` must have a column `symbol` for shadow, which plays several"
    ):
        freeze(settings, tmp_path, minute_candles(), system=SHADOW.model_copy(update={"symbols": (BTC, ETH)}))


def test_two_spellings_of_one_symbol_are_refused(settings, tmp_path):
    halves = minute_candles().assign(symbol="BTCUSDT"), minute_candles().assign(symbol=BTC)

    with pytest.raises(InvalidInputError, match="must spell each symbol one way, was BTCUSDT and BTC/USDT:USDT"):
        freeze(settings, tmp_path, *halves)


def test_a_name_that_is_no_perpetual_is_refused(settings, tmp_path):
    with pytest.raises(InvalidInputError, match=r"`symbol` must be a unified perpetual .*, was 'bitcoin'"):
        freeze(settings, tmp_path, minute_candles().assign(symbol="bitcoin"))


@pytest.mark.parametrize(("minutes", "shown"), [(5, "5m"), (7, "7m")])
def test_candles_of_another_length_are_refused(settings, tmp_path, minutes, shown):
    frame = minute_candles()
    frame["open_time"] = START_MS + minutes * MINUTE_MS * np.arange(len(frame))

    with pytest.raises(InvalidInputError, match=f"`candles` must be 1m candles, their shortest step is {shown}"):
        freeze(settings, tmp_path, frame)


def test_candles_off_the_grid_of_minutes_are_refused(settings, tmp_path):
    frame = minute_candles()
    frame.loc[700:, "open_time"] += 30_000

    with pytest.raises(InvalidInputError, match="BTC/USDT:USDT: `candles` must lie on one grid of 1m"):
        freeze(settings, tmp_path, frame)


def test_a_close_beyond_the_high_is_refused_with_its_instant(settings, tmp_path):
    frame = minute_candles()
    frame.loc[7, "high"] = 0.5 * frame.loc[7, "low"]

    with pytest.raises(InvalidInputError, match=r"BTC/USDT:USDT: .* 1 have not, the first at 2024-01-01 00:07 UTC"):
        freeze(settings, tmp_path, frame)


def test_a_file_that_is_missing_or_no_parquet_is_refused(settings, tmp_path):
    (tmp_path / "text.parquet").write_text("no")

    with pytest.raises(MissingInputError, match="`candles` must be an existing Parquet file"):
        freeze_file(settings, SHADOW, tmp_path / "nothing.parquet")
    with pytest.raises(IntegrityError, match="`candles` must be a Parquet file"):
        freeze_file(settings, SHADOW, tmp_path / "text.parquet")
