"""What the rows of different venues have in common: prices of a candle, and what no true row says."""

import numpy as np

from include.core.columns import PRICE_CANDLES
from include.market.layout import INCONSISTENT, Field, Layout, Mask, Rule, Sign, Values

# numbers of one row are rounded on their own
_ROUNDING = 0.01
_SHARE_ROUNDING = 0.001


def prices(sign: Sign = Sign.POSITIVE) -> tuple[Field, ...]:
    """Return open, high, low and close at places 1 to 4 of a row."""
    return tuple(Field(name, place, sign) for place, name in enumerate(("open", "high", "low", "close"), start=1))


def implausible(column: str, limit: float = 1.0) -> Rule:
    """Return the rule that the magnitude of `column` stays below `limit`."""
    return Rule("implausible_rate", lambda values: np.abs(values[column]) >= limit)


def _is_outside(values: Values) -> Mask:
    high, low = values["high"], values["low"]
    opened, closed = values["open"], values["close"]
    outside: Mask = (opened > high) | (opened < low) | (closed > high) | (closed < low)
    return outside


def _is_unlike_its_prices(values: Values) -> Mask:
    volume, value = values["volume"], values["quote_volume"]
    low, high = values["low"] * (1 - _ROUNDING), values["high"] * (1 + _ROUNDING)
    unlike: Mask = (volume > 0) & ((value < volume * low) | (value > volume * high))
    return unlike


def _takers_exceed_all(values: Values) -> Mask:
    excess: Mask = (values["taker_buy_volume"] > values["volume"] * (1 + _ROUNDING)) | (
        values["taker_buy_quote_volume"] > values["quote_volume"] * (1 + _ROUNDING)
    )
    return excess


def _shares_disagree(values: Values) -> Mask:
    disagree: Mask = np.abs(values["long_share"] + values["short_share"] - 1.0) > _SHARE_ROUNDING
    return disagree


def _basis_disagrees(values: Values) -> Mask:
    told = values["futures_price"] - values["index_price"]
    disagree: Mask = np.abs(values["basis"] - told) > _ROUNDING * values["index_price"]
    return disagree


def ratio_of(ratio: str, above: str, below: str) -> Rule:
    """Return the rule that `ratio` is `above` over `below`, as far as their rounding lets it."""

    def broken(values: Values) -> Mask:
        told, parts = values[ratio] * values[below], values[above]
        # a product beyond what a number holds is no volume
        differ: Mask = np.isinf(told)
        differ |= np.abs(told - parts) > _ROUNDING * np.maximum(told, parts) + _SHARE_ROUNDING
        return differ

    return Rule(INCONSISTENT, broken)


CANDLE_RULES = (
    Rule("high_below_low", lambda values: values["high"] < values["low"]),
    Rule("outside_range", _is_outside),
)
# the traded value is the amount at the candle's prices: one of the two columns may hold the other's numbers
VALUE_FITS_PRICES = Rule(INCONSISTENT, _is_unlike_its_prices)
TAKERS_ARE_PART = Rule(INCONSISTENT, _takers_exceed_all)
SHARES_ADD_UP = Rule(INCONSISTENT, _shares_disagree)
BASIS_IS_DIFFERENCE = Rule(INCONSISTENT, _basis_disagrees)


def price_layout(price: str, width: int, close_time: int | None = None) -> Layout:
    """Return the layout of candles of a price that is not traded: `mark`, `index` or `premium`.

    Whatever else a venue sends in such a row, zeros mostly, is nothing it knows, and not read.
    """
    is_premium = price == "premium"
    return Layout(
        PRICE_CANDLES,
        time=0,
        fields=prices(Sign.ANY if is_premium else Sign.POSITIVE),
        width=width,
        close_time=close_time,
        is_span=True,
        rules=(*CANDLE_RULES, *(implausible(name) for name in ("high", "low") if is_premium)),
        constants={"price": price},
    )
