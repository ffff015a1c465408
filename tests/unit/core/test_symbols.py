import pytest

from include.core.errors import InvalidInputError
from include.core.symbols import market_id, slug, unified


def test_spellings_of_a_perpetual() -> None:
    assert slug("BTC/USDT:USDT") == "BTC-USDT-USDT"
    assert market_id("1000PEPE/USDT:USDT") == "1000PEPEUSDT"


@pytest.mark.parametrize("bad", ["BTCUSDT", "BTC/USDT", "../etc/USDT:USDT", "B TC/USDT:USDT", ""])
def test_what_is_no_unified_perpetual_is_refused(bad: str) -> None:
    for spelling in (slug, market_id):
        with pytest.raises(InvalidInputError, match="`symbol` must be a unified perpetual"):
            spelling(bad)


@pytest.mark.parametrize("spelled", ["1000PEPEUSDT", "1000PEPE/USDT:USDT"])
def test_either_spelling_is_understood(spelled: str) -> None:
    assert unified(spelled) == "1000PEPE/USDT:USDT"
    assert unified("BTCUSDC") == "BTC/USDC:USDC"


@pytest.mark.parametrize("bad", ["USDT", "BTCUSD", "BTC/USDT", "BTC-USDT", "BTC USDT", ""])
def test_what_is_no_perpetual_in_either_spelling_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError, match="`symbol` must be a unified perpetual"):
        unified(bad)
