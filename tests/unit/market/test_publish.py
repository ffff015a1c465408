import json
from datetime import timedelta

import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.columns import CANDLES, FEAR_GREED, FUNDING_RATES, MACRO, QUARANTINE
from include.core.errors import DataQualityError
from include.lake.lake import Lake
from include.market.publish import publish, without
from include.market.quarantine import Refused, quarantine_rows
from include.market.staging import batch_folder, seal
from tests.unit.lake.rows import candle, candles
from tests.unit.market.batches import LEAVES_ETH_OUT, NOW, stage, stage_sealed

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def closes(settings: Settings) -> list[float]:
    return Lake(settings.home.lake).read("candles")["close"].tolist()


def test_a_validated_batch_reaches_the_lake(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle(BTC), candle(ETH), candle(ETH, 1))
    result = publish(settings, "b1")
    version = Lake(settings.home.lake).version("candles")
    assert result.tables["candles"].model_dump() == {"inserted": 3, "updated": 0, "version": version}
    assert (result.candles_total, result.symbols) == (3, 2)
    assert closes(settings) == [105.0] * 3


def test_publishing_twice_changes_nothing_more(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle())
    first = publish(settings, "b1").tables["candles"].version
    again = publish(settings, "b1")
    assert again.tables["candles"].model_dump() == {"inserted": 0, "updated": 0, "version": first}
    assert again.candles_total == 1


def test_publishing_again_after_a_crash_before_its_end_changes_nothing_more(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle())
    publish(settings, "b1")
    stage_sealed(settings, "b2", candle(close=106.0), candle(number=1))
    publish(settings, "b2")
    (batch_folder(settings.home, "b2") / "published.json").unlink()
    again = publish(settings, "b2")
    assert (again.tables["candles"].inserted, again.tables["candles"].updated) == (0, 0)
    assert Lake(settings.home.lake).count("revisions") == 1


def test_a_batch_that_was_not_validated_leaves_the_lake_alone(settings: Settings) -> None:
    stage(settings, "b1", candle())
    with pytest.raises(DataQualityError):
        publish(settings, "b1")
    assert Lake(settings.home.lake).versions() == {}


def test_a_changed_closed_candle_is_updated_and_every_changed_column_written_down(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle(BTC), candle(ETH))
    publish(settings, "b1")
    revised = candle(BTC, close=106.0, quote_volume=None)
    stage_sealed(settings, "b2", revised, candle(ETH), market_now=NOW + timedelta(hours=4))
    result = publish(settings, "b2")
    assert (result.tables["candles"].inserted, result.tables["candles"].updated) == (0, 1)
    assert closes(settings) == [106.0, 105.0]
    revisions = Lake(settings.home.lake).read_arrow("revisions").to_pylist()
    assert [(r["column"], r["old_value"], r["new_value"]) for r in revisions] == [
        ("close", "105.0", "106.0"),
        ("quote_volume", "700.0", None),
    ]
    assert json.loads(revisions[0]["key"]) == {
        "venue": "binanceusdm",
        "symbol": BTC,
        "timeframe": "4h",
        "open_time": "2026-01-01T00:00:00+00:00",
    }
    assert revisions[0]["source"] == "candles"
    assert revisions[0]["seen_at"] == NOW + timedelta(hours=4)


def test_an_older_batch_published_again_does_not_undo_a_newer_one(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle())
    publish(settings, "b1")
    stage_sealed(settings, "b2", candle(close=106.0))
    publish(settings, "b2")
    publish(settings, "b1")
    assert closes(settings) == [106.0]


def test_a_lake_that_was_removed_is_filled_again(settings: Settings) -> None:
    import shutil

    stage_sealed(settings, "b1", candle())
    publish(settings, "b1")
    shutil.rmtree(settings.home.lake)
    assert publish(settings, "b1").tables["candles"].inserted == 1


def test_refused_records_reach_the_quarantine_once_with_their_first_sighting(settings: Settings) -> None:
    refused = [Refused("candles", BTC, "not_positive", [1], "klines")]
    for number in range(2):
        seen = NOW + timedelta(hours=4 * number)
        quarantine = {"quarantine": quarantine_rows(refused, seen)}
        stage_sealed(settings, f"b{number}", candle(number=number), tables=quarantine, market_now=seen)
        publish(settings, f"b{number}")
    stored = Lake(settings.home.lake).read_arrow("quarantine")
    assert stored.equals(quarantine_rows(refused, NOW))
    assert stored.schema.equals(QUARANTINE.schema)


def test_an_empty_table_of_a_batch_creates_nothing(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle())
    assert set(publish(settings, "b1").tables) == {"candles"}
    assert set(Lake(settings.home.lake).versions()) == {"candles"}


def test_rows_of_a_symbol_that_the_verdict_leaves_out_stay_outside(settings: Settings) -> None:
    funding = {"venue": "binanceusdm", "funding_time": NOW, "funding_rate": 0.0001, "mark_price": None, "known_at": NOW}
    rates = [funding | {"symbol": symbol} for symbol in (BTC, ETH)]
    refused = quarantine_rows([Refused("candles", ETH, "not_positive", [1], "klines")], NOW)
    tables = {"funding_rates": pa.Table.from_pylist(rates, schema=FUNDING_RATES.schema), "quarantine": refused}
    stage(settings, "b1", candle(BTC), candle(ETH), tables=tables)
    seal(settings.home, "b1", LEAVES_ETH_OUT)
    assert publish(settings, "b1").excluded == {ETH: ("volume_units",)}
    lake = Lake.of(settings)
    assert lake.read("candles")["symbol"].tolist() == [BTC]
    assert lake.read("funding_rates")["symbol"].tolist() == [BTC]
    assert lake.read("quarantine")["subject"].tolist() == [ETH]


def test_one_table_of_a_symbol_one_series_or_a_whole_source_can_be_left_out_alone() -> None:
    both = candles(candle(BTC), candle(ETH))
    assert without(CANDLES, both, [f"funding_rates {ETH}"]).equals(both)
    assert without(CANDLES, both, [f"candles {ETH}"])["symbol"].to_pylist() == [BTC]
    days = [{"series": s, "date": NOW, "vintage": NOW, "value": 1.0, "known_at": NOW} for s in ("DGS10", "DGS2")]
    macro = pa.Table.from_pylist(days, schema=MACRO.schema)
    assert without(MACRO, macro, ["macro DGS10"])["series"].to_pylist() == ["DGS2"]
    mood = [{"timestamp": NOW, "value": 50, "classification": "Neutral", "known_at": NOW}]
    fear_greed = pa.Table.from_pylist(mood, schema=FEAR_GREED.schema)
    assert without(FEAR_GREED, fear_greed, ["fear_greed"]).num_rows == 0
    assert without(FEAR_GREED, fear_greed, [BTC]).num_rows == 1
