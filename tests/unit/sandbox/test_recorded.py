import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from include.core.errors import ConfigurationError
from include.sandbox.binance.exchange_info import exchange_info, symbol_info
from include.sandbox.market_data import CandleSeries, Listing
from include.sandbox.recorded import RecordedMarket
from tests.support.recorded import recorded
from tests.unit.sandbox.recordings import FOUR_HOURS, HOUR, START, candle_frame, write_candles


def candles_of(market: RecordedMarket, symbol: str, timeframe: str) -> CandleSeries:
    candles = market.candles(symbol, timeframe)
    assert candles is not None
    return candles


def test_candles_are_read_per_symbol_in_order_of_time(tmp_path: Path) -> None:
    shuffled = pd.concat([candle_frame("BUSDT", 40), candle_frame("AUSDT", 30)]).sample(frac=1, random_state=1)
    market = RecordedMarket(write_candles(tmp_path, "4h", shuffled))
    a, b = candles_of(market, "AUSDT", "4h"), candles_of(market, "BUSDT", "4h")
    assert (len(a), len(b)) == (30, 40)
    assert a.open_time.tolist() == [START + n * FOUR_HOURS for n in range(30)]
    assert b.close.tolist() == [101.0 + n for n in range(40)]


def test_columns_that_are_absent_or_null_are_unknown(tmp_path: Path) -> None:
    frame = candle_frame("AUSDT", 2).assign(quote_volume=[5.0, None])
    a = candles_of(RecordedMarket(write_candles(tmp_path, "4h", frame)), "AUSDT", "4h")
    assert a.quote_volume[0] == 5
    assert np.isnan(a.quote_volume[1])
    assert np.isnan(a.trades).all()


def test_whole_number_counts_are_read_too(tmp_path: Path) -> None:
    frame = candle_frame("AUSDT", 2).assign(trades=[5, 6])
    a = candles_of(RecordedMarket(write_candles(tmp_path, "1d", frame)), "AUSDT", "1d")
    assert a.trades.tolist() == [5, 6]


def test_the_end_is_the_close_of_the_last_candle_of_any_timeframe(tmp_path: Path) -> None:
    write_candles(tmp_path, "4h", candle_frame("AUSDT", 3))
    write_candles(tmp_path, "1h", candle_frame("AUSDT", 13, length_ms=HOUR))
    assert RecordedMarket(tmp_path).end_ms == START + 13 * HOUR


def test_a_file_without_statistics_is_read_for_its_end(tmp_path: Path) -> None:
    candle_frame("AUSDT", 3).to_parquet(tmp_path / "klines_4h.parquet", write_statistics=False)
    assert RecordedMarket(tmp_path).end_ms == START + 3 * FOUR_HOURS


def test_what_is_absent_is_no_data(tmp_path: Path) -> None:
    market = RecordedMarket(write_candles(tmp_path, "4h", candle_frame("AUSDT", 3)))
    assert market.candles("AUSDT", "1h") is None
    assert market.candles("BUSDT", "4h") is None
    assert market.funding("AUSDT") is None
    assert market.fear_greed() is None
    assert market.macro("DGS10") is None


def test_symbols_without_exchange_information_are_derived_from_their_candles(tmp_path: Path) -> None:
    write_candles(tmp_path, "4h", candle_frame("AUSDT", 3), candle_frame("BUSDT", 3))
    recorded = exchange_info([symbol_info(Listing("BUSDT", 1, 5, 2, 8))])
    (tmp_path / "exchange_info_2026.json").write_text(json.dumps(recorded))
    market = RecordedMarket(tmp_path)
    assert market.symbols() == ("BUSDT", "AUSDT")
    documents = {entry["symbol"]: entry for entry in market.exchange_info()["symbols"]}
    assert documents["BUSDT"] == recorded["symbols"][0]
    assert (documents["AUSDT"]["pricePrecision"], documents["AUSDT"]["onboardDate"]) == (0, START)


def test_files_are_opened_when_they_are_asked_for(tmp_path: Path) -> None:
    write_candles(tmp_path, "4h", candle_frame("AUSDT", 3))
    (tmp_path / "funding_rates.parquet").write_bytes(b"not a Parquet file")
    assert len(candles_of(RecordedMarket(tmp_path), "AUSDT", "4h")) == 3


def test_other_files_of_a_similar_name_are_left_alone(tmp_path: Path) -> None:
    write_candles(tmp_path, "4h", candle_frame("AUSDT", 3))
    write_candles(tmp_path, "1h_long_btc", candle_frame("ZUSDT", 3))
    assert RecordedMarket(tmp_path).symbols() == ("AUSDT",)


def test_a_folder_without_candles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="must hold candles"):
        RecordedMarket(tmp_path)
    with pytest.raises(ConfigurationError, match="must be a directory"):
        RecordedMarket(tmp_path / "nowhere")


def test_a_file_without_its_columns_is_refused_by_name(tmp_path: Path) -> None:
    market = RecordedMarket(write_candles(tmp_path, "4h", candle_frame("AUSDT", 3).drop(columns="low")))
    with pytest.raises(ConfigurationError, match=r"klines_4h.parquet.*low"):
        market.candles("AUSDT", "4h")


@pytest.fixture(scope="module")
def real() -> RecordedMarket:
    return RecordedMarket(recorded("klines_4h.parquet").parent)


def test_the_recorded_market_is_served_row_by_row(real: RecordedMarket) -> None:
    frame = pd.read_parquet(Path(real.name) / "klines_4h.parquet").sort_values("open_time")
    for symbol in ("BTCUSDT", "OGNUSDT", "1000PEPEUSDT"):
        rows = frame[frame.symbol == symbol]
        candles = candles_of(real, symbol, "4h")
        assert np.array_equal(candles.open_time, rows.open_time)
        for column in ("open", "high", "low", "close", "volume", "quote_volume", "trades"):
            assert np.array_equal(getattr(candles, column), rows[column], equal_nan=True)


def test_the_recorded_market_has_sixty_two_symbols_and_ends_in_march(real: RecordedMarket) -> None:
    assert len(real.symbols()) == 62
    assert pd.Timestamp(real.end_ms, unit="ms") == pd.Timestamp("2026-03-19 16:00")
    funding = real.funding("BTCUSDT")
    assert funding is not None
    assert np.isnan(funding.mark_price).all()
    macro = real.macro("DTWEXBGS")
    assert macro is not None
    assert len(macro.date) == 2297
