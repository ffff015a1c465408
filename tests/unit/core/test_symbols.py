import pytest

from include.core.errors import InvalidInputError
from include.core.symbols import from_market_id, from_slug, market_id, slug


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "1000PEPE/USDT:USDT"])
def test_every_spelling_leads_back_to_the_symbol(symbol: str) -> None:
    assert from_slug(slug(symbol)) == symbol
    assert from_market_id(market_id(symbol)) == symbol


def test_spellings_of_bitcoin() -> None:
    assert slug("BTC/USDT:USDT") == "BTC-USDT-USDT"
    assert market_id("BTC/USDT:USDT") == "BTCUSDT"


@pytest.mark.parametrize("bad", ["BTCUSDT", "BTC/USDT", "../etc/USDT:USDT", "B TC/USDT:USDT", ""])
def test_what_is_no_unified_perpetual_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError, match="`symbol` must be a unified perpetual"):
        slug(bad)


def test_a_slug_and_a_market_id_are_checked_too() -> None:
    with pytest.raises(InvalidInputError, match="`slug`"):
        from_slug("BTC-USDT")
    with pytest.raises(InvalidInputError, match="`market_id` must end in USDT"):
        from_market_id("BTCUSD")
