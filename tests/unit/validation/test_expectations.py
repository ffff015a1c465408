import pandas as pd
import pytest

from include.lake.schema import to_frame
from include.validation.expectations import expect_candles, suite_check
from include.validation.quality_record import ExpectationOutcome
from tests.unit.lake.rows import candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


@pytest.fixture(scope="module")
def good() -> pd.DataFrame:
    return to_frame(candles(candle(BTC), candle(BTC, 1), candle(ETH)))


def broken(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(o.expected, o.columns) for o in expect_candles(frame, [BTC, ETH], "4h") if not o.passed]


def test_good_candles_meet_every_expectation(good: pd.DataFrame) -> None:
    outcomes = expect_candles(good, [BTC, ETH], "4h")
    assert len(outcomes) > 20
    assert all(outcome.passed for outcome in outcomes)
    assert suite_check(outcomes).passed
    counted = next(o for o in outcomes if o.columns == "high, low")
    assert (counted.elements, counted.unexpected) == (3, 0)


def test_each_kind_of_damage_breaks_its_own_expectation(good: pd.DataFrame) -> None:
    prices = good.copy()
    prices.loc[1, "close"] = 500.0
    assert broken(prices) == [("the first is at least the second", "high, close")]
    repeated = pd.concat([good, good.iloc[[0]]])
    assert broken(repeated) == [("are unique together", "venue, symbol, timeframe, open_time")]
    stranger = good.assign(symbol=[BTC, BTC, "DOGE/USDT:USDT"])
    assert broken(stranger) == [("is one of those asked for", "symbol")]
    assert ("has at least one row", "table") in broken(good.iloc[:0])


def test_the_verdict_names_what_broke_without_any_value(good: pd.DataFrame) -> None:
    poisoned = good.assign(symbol="<img src=x>")
    check = suite_check(expect_candles(poisoned, [BTC, ETH], "4h"))
    assert not check.passed
    assert "symbol is one of those asked for" in check.message
    assert "<img" not in check.message + "".join(o.model_dump_json() for o in expect_candles(poisoned, [BTC], "4h"))


def test_a_suite_without_outcomes_has_not_passed() -> None:
    assert not suite_check(()).passed
    fine = ExpectationOutcome(expected="x", columns="y", passed=True, elements=1, unexpected=0)
    assert suite_check((fine,)).message == "1 of 1 expectations hold."
