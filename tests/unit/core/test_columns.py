import pyarrow as pa
import pytest

from include.core.columns import INSTANT, TABLES, Column, Known, table
from include.core.errors import InvalidInputError


def test_every_key_and_time_column_exists_and_is_never_absent() -> None:
    for definition in TABLES.values():
        nullable = {column.name for column in definition.columns if column.nullable}
        assert set(definition.key) <= set(definition.column_names) - nullable
        assert definition.schema.field(definition.time_column).type == INSTANT


def test_market_tables_say_when_a_record_may_be_used() -> None:
    for name in ("candles", "funding_rates", "fear_greed", "macro"):
        assert table(name).schema.field("known_at").type == INSTANT


def test_every_market_table_has_a_rule_for_it_that_its_columns_can_answer() -> None:
    for definition in TABLES.values():
        assert (definition.known is not None) == ("known_at" in definition.column_names)
        if definition.known is Known.AT_CLOSE:
            assert "timeframe" in definition.column_names


def test_the_columns_that_are_ordered_exist_and_can_be_compared() -> None:
    for definition in TABLES.values():
        for pair in definition.at_least:
            first, second = (definition.schema.field(name).type for name in pair)
            assert first == second


def test_a_record_belongs_to_its_symbol_or_series() -> None:
    found = {definition.name: definition.subject_column for definition in TABLES.values()}
    assert (found["candles"], found["macro"], found["fear_greed"]) == ("symbol", "series", None)


def test_what_values_may_be_is_said_in_words() -> None:
    def column(**rule: object) -> Column:
        return Column("x", pa.float64(), "", **rule)  # type: ignore[arg-type]

    assert column().rule == ""
    assert column(minimum=0, is_open=True).rule == "> 0"
    assert column(minimum=0, maximum=100).rule == "≥ 0, ≤ 100"
    assert column(choices=("a", "b")).rule == "a, b"


def test_an_unknown_table_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="candles, funding_rates"):
        table("klines")
