import pyarrow.compute as pc

from bench import p7_ingestion
from include.config.settings import Settings


def test_made_up_candles_are_sound_and_as_many_as_are_measured(settings: Settings) -> None:
    table = p7_ingestion._made_up(settings)
    # one more of each, the one that is still open
    assert table.num_rows == len(settings.universe.symbols) * (p7_ingestion.ROWS + 1)
    frame = table.to_pandas()
    assert (frame["high"] >= frame[["open", "close"]].max(axis=1)).all()
    assert (frame["low"] <= frame[["open", "close"]].min(axis=1)).all()
    assert (frame["taker_buy_volume"] <= frame["volume"]).all()
    newest = p7_ingestion._newest(table)
    assert newest.num_rows == table.num_rows
    assert pc.count_distinct(table["symbol"]).as_py() == len(settings.universe.symbols)
