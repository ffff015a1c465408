"""The exchange's description of itself: the `exchangeInfo` document and the facts of one symbol."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from include.sandbox.market_data import CandleSeries, Floats

QUOTE = "USDT"
PERPETUAL_DELIVERY_MS = 4_133_404_800_000  # the exchange's spelling of "never"
REQUEST_WEIGHT_PER_MINUTE = 2400
# As many candles as decide the printed decimals: old ones may come from a time of another tick.
RECENT = 1500
MAX_DECIMALS = 8


def exchange_info(symbols: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return an `exchangeInfo` document over `symbols`, without `serverTime`."""
    return {
        "timezone": "UTC",
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, REQUEST_WEIGHT_PER_MINUTE),
            _rate_limit("ORDERS", "MINUTE", 1, 1200),
            _rate_limit("ORDERS", "SECOND", 10, 300),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": QUOTE, "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": list(symbols),
    }


def symbol_info(symbol: str, onboard_ms: int, price_decimals: int, quantity_decimals: int) -> dict[str, Any]:
    """Return the document of one linear perpetual.

    Parameters
    ----------
    symbol : str
        The exchange's spelling, such as `BTCUSDT`.
    onboard_ms : int
        Start of trading, UTC epoch milliseconds.
    price_decimals, quantity_decimals : int
        Tick and step are one unit of the last decimal.
    """
    tick, step = _unit(price_decimals), _unit(quantity_decimals)
    base = symbol.removesuffix(QUOTE)
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": onboard_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": QUOTE,
        "marginAsset": QUOTE,
        "pricePrecision": price_decimals,
        "quantityPrecision": quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000000000", "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "100000000", "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def derived_symbol_info(symbol: str, candles: CandleSeries) -> dict[str, Any]:
    """Return the document of a symbol that is known by its candles alone; tick and step are the printed decimals."""
    recent = candles.rows(max(len(candles) - RECENT, 0), len(candles))
    prices = np.concatenate([recent.open, recent.high, recent.low, recent.close])
    return symbol_info(symbol, int(candles.open_time[0]), decimals_of(prices), decimals_of(recent.volume))


def decimals_of(values: Floats) -> int:
    """Return how many decimals the shortest exact spelling of `values` needs, at most eight."""
    finite = values[np.isfinite(values)]
    for decimals in range(MAX_DECIMALS):
        if np.array_equal(np.round(finite, decimals), finite):
            return decimals
    return MAX_DECIMALS


def _unit(decimals: int) -> str:
    return f"{10.0**-decimals:.{decimals}f}"


def _rate_limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
