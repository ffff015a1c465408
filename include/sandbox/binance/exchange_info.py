"""The exchange's description of itself: the `exchangeInfo` document and the facts of one symbol."""

from collections.abc import Iterable
from typing import Any

from include.sandbox.market_data import Listing
from include.sandbox.numbers import unit_text

QUOTE = "USDT"
PERPETUAL_DELIVERY_MS = 4_133_404_800_000  # the exchange's spelling of "never"
REQUEST_WEIGHT_PER_MINUTE = 2400


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


def symbol_info(listing: Listing) -> dict[str, Any]:
    """Return the document of one linear perpetual; tick and step are one unit of the last decimal."""
    symbol = listing.symbol
    tick, step = unit_text(listing.price_decimals), unit_text(listing.quantity_decimals)
    base = symbol.removesuffix(QUOTE)
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": listing.launched_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": QUOTE,
        "marginAsset": QUOTE,
        "pricePrecision": listing.price_decimals,
        "quantityPrecision": listing.quantity_decimals,
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


def _rate_limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
