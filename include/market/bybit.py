"""Bybit linear perpetuals: its series, their limits, and how their rows are laid out. It answers newest first."""

from collections.abc import Mapping
from typing import Any

from include.core.columns import CANDLES, FUNDING_RATES, LONG_SHORT_RATIO, OPEN_INTEREST
from include.core.timeframes import HOUR_MS, MINUTE_MS
from include.market.errors import PageError
from include.market.layout import Field, Layout, Sign
from include.market.rules import CANDLE_RULES, SHARES_ADD_UP, VALUE_FITS_PRICES, implausible, price_layout, prices
from include.market.series import Series

VENUE = "bybit"
CATEGORY = "linear"
KLINES_LIMIT = 1_000
FUNDING_LIMIT = 200
OPEN_INTEREST_LIMIT = 200
ACCOUNT_RATIO_LIMIT = 500
LONGEST_FUNDING_INTERVAL_MS = 8 * HOUR_MS
# a window that holds no more settlements than a page, at any interval
_FUNDING_WINDOW_MS = FUNDING_LIMIT * HOUR_MS

_INTERVALS = {"1m": "1", "5m": "5", "15m": "15", "1h": "60", "4h": "240", "1d": "D"}
_PERIODS = {"5m": "5min", "15m": "15min", "1h": "1h", "4h": "4h", "1d": "1d"}

CANDLE = Layout(
    CANDLES,
    time=0,
    fields=(
        *prices(),
        Field("volume", 5, Sign.NOT_NEGATIVE),
        Field("quote_volume", 6, Sign.NOT_NEGATIVE, is_optional=True),
    ),
    width=7,
    is_span=True,
    rules=(*CANDLE_RULES, VALUE_FITS_PRICES),
)

FUNDING = Layout(
    FUNDING_RATES,
    time="fundingRateTimestamp",
    fields=(Field("funding_rate", "fundingRate", Sign.ANY),),
    symbol="symbol",
    has_grid=False,
    rounding_ms=MINUTE_MS,
    rules=(implausible("funding_rate"),),
)

_OPEN_INTEREST = Layout(
    OPEN_INTEREST,
    time="timestamp",
    fields=(Field("open_interest", "openInterest", Sign.NOT_NEGATIVE),),
)

_LONG_SHORT = Layout(
    LONG_SHORT_RATIO,
    time="timestamp",
    fields=(Field("long_share", "buyRatio"), Field("short_share", "sellRatio")),
    symbol="symbol",
    rules=(SHARES_ADD_UP,),
    derived={"long_short_ratio": lambda values: values["long_share"] / values["short_share"]},
)


def _list(document: Any, market_id: str) -> Any:
    result = document.get("result") if isinstance(document, Mapping) else None
    rows = result.get("list") if isinstance(result, Mapping) else None
    if not isinstance(result, Mapping) or not isinstance(rows, list):
        raise PageError(f"A page must come as `result.list`, was {str(document)[:120]!r}.", document)
    for name, wanted in (("symbol", market_id), ("category", CATEGORY)):
        if result.get(name, wanted) != wanted:
            raise PageError(f"A page must be about the {name} {wanted}, was {str(result[name])[:80]!r}.", document)
    return rows


def _klines(name: str, layout: Layout, method: str) -> Series:
    return Series(
        name,
        layout,
        method,
        family="requests",
        limit=KLINES_LIMIT,
        params=_market,
        start="start",
        end="end",
        rows=_list,
        timeframes=_INTERVALS,
        window_ms=lambda step_ms: KLINES_LIMIT * step_ms,
    )


def _statistics(name: str, layout: Layout, method: str, limit: int, timeframe_name: str) -> Series:
    return Series(
        name,
        layout,
        method,
        family="requests",
        limit=limit,
        params=_market,
        start="startTime",
        end="endTime",
        rows=_list,
        timeframes=_PERIODS,
        timeframe_name=timeframe_name,
        window_ms=lambda step_ms: limit * step_ms,
    )


def _market(market_id: str) -> dict[str, str]:
    return {"category": CATEGORY, "symbol": market_id}


SERIES: dict[str, Series] = {
    series.name: series
    for series in (
        _klines("candles", CANDLE, "publicGetV5MarketKline"),
        _klines("mark", price_layout("mark", 5), "publicGetV5MarketMarkPriceKline"),
        _klines("index", price_layout("index", 5), "publicGetV5MarketIndexPriceKline"),
        _klines("premium", price_layout("premium", 5), "publicGetV5MarketPremiumIndexPriceKline"),
        Series(
            "funding_rates",
            FUNDING,
            "publicGetV5MarketFundingHistory",
            family="requests",
            limit=FUNDING_LIMIT,
            params=_market,
            start="startTime",
            end="endTime",
            rows=_list,
            slack_ms=LONGEST_FUNDING_INTERVAL_MS,
            window_ms=lambda _: _FUNDING_WINDOW_MS,
        ),
        _statistics(
            "open_interest", _OPEN_INTEREST, "publicGetV5MarketOpenInterest", OPEN_INTEREST_LIMIT, "intervalTime"
        ),
        _statistics("long_short_ratio", _LONG_SHORT, "publicGetV5MarketAccountRatio", ACCOUNT_RATIO_LIMIT, "period"),
    )
}
