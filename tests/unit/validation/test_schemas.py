import math

import pyarrow as pa
import pytest

from include.core.checks import Severity
from include.core.columns import TABLES
from include.validation import schemas
from include.validation.schemas import check_parts, check_table, schema_of
from tests.unit.lake.rows import START, candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
FUNDING = {
    "venue": "binanceusdm",
    "symbol": BTC,
    "funding_time": START,
    "funding_rate": 0.01,
    "mark_price": None,
    "known_at": START,
}


def table(name: str, *rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name].schema)


@pytest.mark.parametrize("name", list(TABLES))
def test_an_empty_table_fits_its_own_schema(name: str) -> None:
    result = check_table(name, TABLES[name].schema.empty_table())
    assert result.passed, result.message
    assert result.name == f"schema_{name}"


def test_good_candles_fit_and_absent_optional_values_too() -> None:
    holed = candle(number=1, quote_volume=None, trades_count=None, taker_buy_volume=None, taker_buy_quote_volume=None)
    result = check_table("candles", candles(candle(), holed))
    assert result.passed
    assert result.message == "2 rows fit."


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("high", math.inf, "finite"),
        ("close", None, "not_nullable"),
        ("low", 0.0, "above_0"),
        ("open", -1.0, "above_0"),
        ("volume", -0.1, "at_least_0"),
        ("volume", math.inf, "finite"),
        ("quote_volume", math.inf, "finite"),
        ("trades_count", -1, "at_least_0"),
        ("high", 89.0, "high_at_least_low"),
        ("close", 111.0, "high_at_least_close"),
        ("open", 89.0, "open_at_least_low"),
        ("timeframe", "7h", "one_of_its_choices"),
        ("known_at", START, "known_at_is_its_event_time_plus_its_timeframe"),
    ],
)
def test_a_broken_value_leaves_its_symbol_out_and_names_column_and_rule(column: str, value: object, rule: str) -> None:
    result = check_table("candles", candles(candle(BTC), candle(ETH, **{column: value}), candle(BTC, 1)))
    assert not result.passed
    assert f"`{rule}`" in result.message
    assert result.severity is Severity.EXCLUDE
    assert result.subjects == (ETH,)


def test_a_key_that_occurs_twice_leaves_its_symbol_out() -> None:
    result = check_table("candles", candles(candle(BTC), candle(BTC, close=104.0), candle(ETH)))
    assert result.subjects == (BTC,)


def test_a_column_too_many_too_few_or_of_another_type_is_critical() -> None:
    good = candles(candle())
    for rows in (
        good.append_column("extra", pa.array([1])),
        good.drop_columns(["volume"]),
        good.set_column(3, "open_time", good["open_time"].cast(pa.timestamp("ms"))),
        good.set_column(7, "close", good["close"].cast(pa.float32())),
        good.select([*reversed(good.column_names)]),
    ):
        result = check_table("candles", rows)
        assert not result.passed
        assert result.severity is Severity.CRITICAL


def test_a_broken_row_of_perpetuas_own_bookkeeping_is_critical() -> None:
    row = {"source": "fred", "kind": "tired", "began_at": START, "ended_at": None, "failures_count": 1, "detail": ""}
    result = check_table("outages", table("outages", row))
    assert "one_of_its_choices" in result.message
    assert result.severity is Severity.CRITICAL


def test_a_failure_counts_rows_and_cuts_a_name_short() -> None:
    poisoned = [candle("<script>" * 100, n, high=-1.0 if n > 1 else 110.0) for n in range(6)]
    result = check_table("candles", candles(*poisoned))
    assert "4 rows (first: 2, 3, 4)" in result.message
    assert "<script>" * 11 not in result.message


def test_a_large_table_is_judged_in_parts_with_positions_in_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "CHUNK", 2)
    rows = [candle(BTC, n) for n in range(5)]
    rows[1]["low"] = rows[4]["low"] = -1.0
    result = check_table("candles", candles(*rows))
    assert "breaks `above_0` in 2 rows (first: 1, 4)" in result.message


@pytest.mark.parametrize("rate", [1.0, -1.0, math.inf, None])
def test_a_funding_rate_of_a_hundred_percent_or_more_leaves_the_fundings_of_its_symbol_out(rate: float) -> None:
    assert check_table("funding_rates", table("funding_rates", FUNDING)).passed
    result = check_table("funding_rates", table("funding_rates", FUNDING | {"funding_rate": rate}))
    assert result.subjects == (f"funding_rates {BTC}",)


def test_a_value_known_before_its_day_is_over_fails() -> None:
    row = {"timestamp": START, "value": 50, "classification": "Neutral", "known_at": START}
    result = check_table("fear_greed", table("fear_greed", row))
    assert not result.passed
    assert result.subjects == ("fear_greed",)


def test_a_macro_value_known_before_it_was_published_fails() -> None:
    later = START.replace(day=5)
    row = {"series": "DGS10", "date": START, "vintage": START, "value": 4.0, "known_at": later}
    assert check_table("macro", table("macro", row)).passed
    result = check_table("macro", table("macro", row | {"vintage": START.replace(day=6)}))
    assert "known_at_at_least_vintage" in result.message
    assert result.subjects == ("macro DGS10",)


def test_schemas_are_strict_and_made_of_the_one_definition() -> None:
    for name, definition in TABLES.items():
        assert list(schema_of(name).columns) == list(definition.column_names)
        assert schema_of(name).strict is True
        assert schema_of(name).unique == list(definition.key)


def test_rows_in_parts_are_judged_as_one_table() -> None:
    parts = [candles(candle(BTC), candle(BTC, 1)), candles(candle(ETH), candle(ETH, 1, close=0.0))]
    whole, in_parts = check_table("candles", pa.concat_tables(parts)), check_parts("candles", iter(parts))
    assert in_parts == whole
    assert in_parts.subjects == (ETH,)
    assert "(first: 3)" in in_parts.message
    assert check_parts("candles", parts[:1]).message == "2 rows fit."
