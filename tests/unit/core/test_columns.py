import pytest

from include.core.columns import INSTANT, TABLES, table
from include.core.errors import InvalidInputError


def test_every_key_and_time_column_exists_and_is_never_absent() -> None:
    for definition in TABLES.values():
        nullable = {column.name for column in definition.columns if column.nullable}
        assert set(definition.key) <= set(definition.column_names) - nullable
        assert definition.schema.field(definition.time_column).type == INSTANT


def test_market_tables_say_when_a_record_may_be_used() -> None:
    for name in ("candles", "funding_rates", "fear_greed", "macro"):
        assert table(name).schema.field("known_at").type == INSTANT


def test_an_unknown_table_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="candles, funding_rates"):
        table("klines")
