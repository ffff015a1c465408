import pyarrow as pa
import pytest

from include.core.columns import TABLES
from include.validation import expectations
from include.validation.expectations import expect_table, suite_check, suite_of
from include.validation.quality_record import ExpectationOutcome
from tests.unit.lake.rows import FOUR_HOURS, START, candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
ALLOWED = {"symbol": [BTC, ETH], "timeframe": ["4h"], "venue": ["binanceusdm"]}
GOOD = (candle(BTC), candle(BTC, 1), candle(ETH))


def broken(*rows: dict[str, object]) -> list[tuple[str, str]]:
    return [(o.expected, o.columns) for o in expect_table("candles", candles(*rows), ALLOWED) if not o.passed]


def test_good_candles_meet_every_expectation() -> None:
    outcomes = expect_table("candles", candles(*GOOD), ALLOWED)
    assert len(outcomes) > 25
    assert all(outcome.passed for outcome in outcomes)
    assert suite_check("candles", outcomes).passed
    counted = next(o for o in outcomes if o.columns == "high, low")
    assert (counted.table, counted.elements, counted.unexpected) == ("candles", 3, 0)


def test_each_kind_of_damage_breaks_its_own_expectation() -> None:
    assert broken(candle(BTC), candle(BTC, 1, close=500.0)) == [("the first is at least the second", "high, close")]
    assert broken(candle(), candle()) == [("are unique together", "venue, symbol, timeframe, open_time")]
    assert broken(candle("DOGE/USDT:USDT")) == [("is one of those it may be", "symbol")]
    assert broken(candle(timeframe="1h")) == [("is one of those it may be", "timeframe")]
    assert broken(candle(volume=-1.0)) == [("is inside its bounds", "volume")]
    assert broken(candle(low=0.0)) == [("is inside its bounds", "low")]
    assert broken(candle(close=None)) == [("is never null", "close")]
    assert broken(candle(quote_volume=None)) == []


def test_every_table_has_a_suite_made_of_its_definition() -> None:
    for definition in TABLES.values():
        suite = suite_of(definition, {})
        arguments = [expectation.configuration for expectation in suite.expectations]
        never_null = {c.kwargs["column"] for c in arguments if c.type == "expect_column_values_to_not_be_null"}
        assert never_null == {column.name for column in definition.columns if not column.nullable}
        ordered = [
            (c.kwargs["column_A"], c.kwargs["column_B"])
            for c in arguments
            if c.type == "expect_column_pair_values_a_to_be_greater_than_b"
        ]
        assert tuple(ordered) == definition.at_least
        bounded = {c.kwargs["column"] for c in arguments if c.type == "expect_column_values_to_be_between"}
        assert bounded == {c.name for c in definition.columns if (c.minimum, c.maximum) != (None, None)}


def test_a_large_table_is_judged_in_parts_and_its_counts_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations, "CHUNK", 2)
    rows = candles(*(candle(number=n) for n in range(4)), candle(number=4, volume=-1.0))
    outcome = next(o for o in expect_table("candles", rows, ALLOWED) if o.columns == "volume" and o.unexpected)
    assert (outcome.elements, outcome.unexpected, outcome.passed) == (5, 1, False)


def test_the_verdict_names_what_broke_without_any_value() -> None:
    outcomes = expect_table("candles", candles(candle("<img src=x>")), ALLOWED)
    check = suite_check("candles", outcomes)
    assert not check.passed
    assert check.name == "expectations_candles"
    assert "symbol is one of those it may be" in check.message
    assert "<img" not in check.message + "".join(o.model_dump_json() for o in outcomes)


def test_a_suite_without_outcomes_has_not_passed() -> None:
    assert not suite_check("candles", ()).passed
    fine = ExpectationOutcome(table="candles", expected="x", columns="y", passed=True, elements=1, unexpected=0)
    assert suite_check("candles", (fine,)).message == "1 of 1 expectations hold."


def test_a_table_of_other_columns_is_told() -> None:
    outcomes = expect_table("macro", pa.table({"series": ["DGS10"]}), {})
    assert "are the table's columns, in order" in {o.expected for o in outcomes if not o.passed}


def test_instants_are_ordered_by_an_expectation_of_their_own() -> None:
    day = {"series": "DGS10", "date": START, "vintage": START, "value": 4.0, "known_at": START + FOUR_HOURS}
    early = {**day, "vintage": START - FOUR_HOURS}
    schema = TABLES["macro"].schema
    assert all(o.passed for o in expect_table("macro", pa.Table.from_pylist([day], schema=schema), {}))
    outcomes = expect_table("macro", pa.Table.from_pylist([early], schema=schema), {})
    assert [(o.columns, o.unexpected) for o in outcomes if not o.passed] == [("vintage, date", 1)]
