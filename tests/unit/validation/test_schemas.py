import numpy as np
import pandas as pd
import pytest

from include.core.columns import TABLES
from include.lake.schema import to_frame
from include.validation.schemas import check_frame, schema_of
from tests.unit.lake.rows import candle, candles


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return to_frame(candles(*(rows or (candle(), candle(number=1)))))


@pytest.mark.parametrize("name", list(TABLES))
def test_an_empty_table_fits_its_own_schema(name: str) -> None:
    result = check_frame(name, to_frame(TABLES[name].schema.empty_table()))
    assert result.passed, result.message
    assert result.name == f"schema_{name}"


def test_good_candles_fit_and_absent_optional_values_too() -> None:
    holed = candle(number=1, quote_volume=None, trades_count=None, taker_buy_volume=None, taker_buy_quote_volume=None)
    assert check_frame("candles", frame(candle(), holed)).passed


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("high", np.inf, "finite"),
        ("close", np.nan, "close"),
        ("low", 0.0, "low"),
        ("open", -1.0, "open"),
        ("volume", -0.1, "volume"),
        ("volume", np.inf, "finite"),
        ("quote_volume", np.inf, "finite"),
        ("trades_count", -1.0, "trades_count"),
        ("high", 89.0, "high_at_least_low"),
        ("close", 111.0, "close_inside_range"),
        ("open", 89.0, "open_inside_range"),
        ("symbol", None, "symbol"),
    ],
)
def test_a_broken_value_fails_with_column_and_rule(column: str, value: object, rule: str) -> None:
    broken = frame()
    broken.loc[1, column] = value
    result = check_frame("candles", broken)
    assert not result.passed
    assert rule in result.message


def test_a_key_that_occurs_twice_fails() -> None:
    assert not check_frame("candles", frame(candle(), candle(close=104.0))).passed


def test_a_column_too_many_too_few_or_of_another_type_fails() -> None:
    good = frame()
    assert not check_frame("candles", good.assign(extra=1)).passed
    assert not check_frame("candles", good.drop(columns="volume")).passed
    assert not check_frame("candles", good.assign(open_time=good["open_time"].dt.tz_localize(None))).passed
    assert not check_frame("candles", good.assign(close=good["close"].astype("float32"))).passed


def test_a_failure_counts_rows_and_never_shows_a_value() -> None:
    poisoned = frame(*[candle(number=n) for n in range(6)])
    poisoned.loc[1:, "symbol"] = "<script>"
    poisoned.loc[2:, "high"] = -1.0
    result = check_frame("candles", poisoned)
    assert "4 rows (first: 2, 3, 4)" in result.message
    assert "<script>" not in result.message


@pytest.mark.parametrize("rate", [1.0, -1.0, np.inf, np.nan])
def test_a_funding_rate_of_a_hundred_percent_or_more_fails(rate: float) -> None:
    day = pd.Timestamp("2026-01-01", tz="UTC").as_unit("ms")
    rows = pd.DataFrame(
        {
            "venue": ["binanceusdm"],
            "symbol": ["A"],
            "funding_time": [day],
            "funding_rate": [rate],
            "mark_price": [np.nan],
            "known_at": [day],
        }
    )
    assert not check_frame("funding_rates", rows).passed
    assert check_frame("funding_rates", rows.assign(funding_rate=0.01)).passed


def test_a_value_known_before_its_day_is_over_fails() -> None:
    day = pd.Timestamp("2026-01-01", tz="UTC").as_unit("ms")
    rows = pd.DataFrame({"timestamp": [day], "value": [50], "classification": ["Neutral"], "known_at": [day]})
    assert not check_frame("fear_greed", rows).passed


def test_schemas_are_strict_and_made_of_the_one_definition() -> None:
    for name, definition in TABLES.items():
        assert list(schema_of(name).columns) == list(definition.column_names)
        assert schema_of(name).strict is True
        assert schema_of(name).unique == list(definition.key)
