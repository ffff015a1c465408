"""Binance USDⓈ-M: its series, their limits, and how their rows are laid out."""

from typing import Any

from include.core.columns import (
    BASIS,
    CANDLES,
    FUNDING_RATES,
    LONG_SHORT_RATIO,
    OPEN_INTEREST,
    TAKER_RATIO,
)
from include.core.timeframes import DAY_MS, HOUR_MS, MINUTE_MS
from include.market.layout import Field, Layout, Sign
from include.market.rules import (
    BASIS_IS_DIFFERENCE,
    CANDLE_RULES,
    SHARES_ADD_UP,
    TAKERS_ARE_PART,
    VALUE_FITS_PRICES,
    implausible,
    price_layout,
    prices,
    ratio_of,
)
from include.market.series import Series

VENUE = "binanceusdm"
# weight 2 instead of 5: the most candles per unit of the venue's request weight
KLINES_LIMIT = 499
FUNDING_LIMIT = 1_000
STATISTICS_LIMIT = 500
STATISTICS_HISTORY_MS = 30 * DAY_MS
# a page of settlements that reaches this close to the end reached it
LONGEST_FUNDING_INTERVAL_MS = 8 * HOUR_MS
KLINE_FIELDS = 12
_WEIGHTS = ((99, 1), (499, 2), (1_000, 5))
_MOST_WEIGHT = 10

_TIMEFRAMES = {name: name for name in ("1m", "5m", "15m", "1h", "4h", "1d")}
_PERIODS = {name: name for name in _TIMEFRAMES if name != "1m"}


def kline_weight(limit: int) -> int:
    """Return what a request of `limit` candles costs of the venue's request weight."""
    return next((weight for most, weight in _WEIGHTS if limit <= most), _MOST_WEIGHT)


CANDLE = Layout(
    CANDLES,
    time=0,
    fields=(
        *prices(),
        Field("volume", 5, Sign.NOT_NEGATIVE),
        Field("quote_volume", 7, Sign.NOT_NEGATIVE, is_optional=True),
        Field("trades_count", 8, Sign.NOT_NEGATIVE, is_whole=True, is_optional=True),
        Field("taker_buy_volume", 9, Sign.NOT_NEGATIVE, is_optional=True),
        Field("taker_buy_quote_volume", 10, Sign.NOT_NEGATIVE, is_optional=True),
    ),
    width=KLINE_FIELDS,
    close_time=6,
    is_span=True,
    rules=(*CANDLE_RULES, VALUE_FITS_PRICES, TAKERS_ARE_PART),
)

FUNDING = Layout(
    FUNDING_RATES,
    time="fundingTime",
    fields=(
        Field("funding_rate", "fundingRate", Sign.ANY),
        # old records have none: an empty text or 0
        Field("mark_price", "markPrice", is_optional=True, is_zero_null=True),
    ),
    symbol="symbol",
    has_grid=False,
    rounding_ms=MINUTE_MS,
    rules=(implausible("funding_rate"),),
)

_OPEN_INTEREST = Layout(
    OPEN_INTEREST,
    time="timestamp",
    fields=(
        Field("open_interest", "sumOpenInterest", Sign.NOT_NEGATIVE),
        Field("open_interest_value", "sumOpenInterestValue", Sign.NOT_NEGATIVE, is_optional=True),
    ),
    symbol="symbol",
)

_LONG_SHORT = Layout(
    LONG_SHORT_RATIO,
    time="timestamp",
    fields=(
        Field("long_short_ratio", "longShortRatio"),
        Field("long_share", "longAccount", Sign.NOT_NEGATIVE, is_optional=True),
        Field("short_share", "shortAccount", Sign.NOT_NEGATIVE, is_optional=True),
    ),
    symbol="symbol",
    rules=(
        SHARES_ADD_UP,
        ratio_of("long_short_ratio", "long_share", "short_share"),
    ),
)

# the venue does not say whether its time begins or ends the period: it is taken to begin it, which cannot look ahead
_TAKER = Layout(
    TAKER_RATIO,
    time="timestamp",
    fields=(
        Field("taker_ratio", "buySellRatio", Sign.NOT_NEGATIVE),
        Field("taker_buy_volume", "buyVol", Sign.NOT_NEGATIVE),
        Field("taker_sell_volume", "sellVol", Sign.NOT_NEGATIVE),
    ),
    is_span=True,
    rules=(ratio_of("taker_ratio", "taker_buy_volume", "taker_sell_volume"),),
)

_BASIS = Layout(
    BASIS,
    time="timestamp",
    fields=(
        Field("basis", "basis", Sign.ANY),
        Field("basis_rate", "basisRate", Sign.ANY),
        Field("futures_price", "futuresPrice"),
        Field("index_price", "indexPrice"),
    ),
    symbol="pair",
    rules=(implausible("basis_rate"), BASIS_IS_DIFFERENCE),
)


def _list(document: Any, market_id: str) -> Any:  # noqa: ARG001 - this venue has no envelope
    return document


def _klines(name: str, layout: Layout, method: str, market: str = "symbol") -> Series:
    return Series(
        name,
        layout,
        method,
        family="weight",
        limit=KLINES_LIMIT,
        params=lambda market_id: {market: market_id},
        start="startTime",
        end="endTime",
        rows=_list,
        timeframes=_TIMEFRAMES,
        weight=kline_weight,
    )


def _statistics(name: str, layout: Layout, method: str, **params: str) -> Series:
    return Series(
        name,
        layout,
        method,
        family="statistics",
        limit=STATISTICS_LIMIT,
        params=lambda market_id: {"pair" if params else "symbol": market_id, **params},
        start="startTime",
        end="endTime",
        rows=_list,
        timeframes=_PERIODS,
        timeframe_name="period",
        window_ms=lambda step_ms: STATISTICS_LIMIT * step_ms,
        history_ms=STATISTICS_HISTORY_MS,
    )


SERIES: dict[str, Series] = {
    series.name: series
    for series in (
        _klines("candles", CANDLE, "fapiPublicGetKlines"),
        _klines("mark", price_layout("mark", KLINE_FIELDS, 6), "fapiPublicGetMarkPriceKlines"),
        _klines("index", price_layout("index", KLINE_FIELDS, 6), "fapiPublicGetIndexPriceKlines", "pair"),
        _klines("premium", price_layout("premium", KLINE_FIELDS, 6), "fapiPublicGetPremiumIndexKlines"),
        Series(
            "funding_rates",
            FUNDING,
            "fapiPublicGetFundingRate",
            family="funding",
            limit=FUNDING_LIMIT,
            params=lambda market_id: {"symbol": market_id},
            start="startTime",
            end="endTime",
            rows=_list,
            slack_ms=LONGEST_FUNDING_INTERVAL_MS,
        ),
        _statistics("open_interest", _OPEN_INTEREST, "fapiDataGetOpenInterestHist"),
        _statistics("long_short_ratio", _LONG_SHORT, "fapiDataGetGlobalLongShortAccountRatio"),
        _statistics("taker_ratio", _TAKER, "fapiDataGetTakerlongshortRatio"),
        _statistics("basis", _BASIS, "fapiDataGetBasis", contractType="PERPETUAL"),
    )
}
