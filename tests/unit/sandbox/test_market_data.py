from dataclasses import fields

from include.core.timeframes import TIMEFRAMES_MS
from include.sandbox.market_data import CANDLE_COLUMNS, INTERVALS, CandleSeries
from tests.unit.sandbox.recordings import candle_series


def test_rows_cut_every_column_alike() -> None:
    cut = candle_series(open=[1, 2, 3, 4], volume=[10, 20, 30, 40]).rows(1, 3)
    assert cut.open.tolist() == [2, 3]
    assert cut.volume.tolist() == [20, 30]
    assert {len(getattr(cut, field.name)) for field in fields(CandleSeries)} == {2} == {len(cut)}


def test_the_columns_of_a_series_are_its_time_and_the_candle_columns_in_order() -> None:
    assert tuple(field.name for field in fields(CandleSeries)) == ("open_time", *CANDLE_COLUMNS)


def test_the_exchange_knows_every_timeframe_of_the_project() -> None:
    assert set(TIMEFRAMES_MS) <= set(INTERVALS)
