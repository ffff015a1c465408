"""Bybit v5 about itself: its clock, its state, its linear perpetuals."""

from bisect import bisect_right
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute

from include.core.timeframes import HOUR_MS, MINUTE_MS
from include.sandbox.bybit.api import wrapped
from include.sandbox.bybit.requests import CATEGORY, BybitRefusalError, category, row_limit
from include.sandbox.clock import VirtualClock
from include.sandbox.market_data import Listing, VenueData
from include.sandbox.numbers import unit_text

INSTRUMENTS_DEFAULT, INSTRUMENTS_MOST = 500, 1000
QUOTE = "USDT"
TRADING = "Trading"


class ExchangeApi:
    """What the exchange says of itself, as of `clock`."""

    def __init__(self, data: VenueData, clock: VirtualClock) -> None:
        self._data = data
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under the exchange's own paths."""
        answers = {
            "/v5/market/time": self.time,
            "/v5/system/status": self.system_status,
            "/v5/market/instruments-info": self.instruments,
        }
        return wrapped(answers, self._clock)

    def time(self, _: QueryParams, now_ms: int) -> dict[str, Any]:
        """Return the virtual now."""
        return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 10**6)}

    def system_status(self, _: QueryParams, now_ms: int) -> dict[str, Any]:  # noqa: ARG002
        """Return that no maintenance is going on."""
        return {"list": []}

    def instruments(self, params: QueryParams, now_ms: int) -> dict[str, Any]:  # noqa: ARG002
        """Return a page of the perpetuals in order of their names; the cursor is the last name of the page before."""
        category(params)
        limit = row_limit(params, INSTRUMENTS_DEFAULT, INSTRUMENTS_MOST)
        listings = {listing.symbol: listing for listing in self._data.listings()}
        names = sorted(listings)
        if params.get("symbol"):
            names = [name for name in names if name == params["symbol"]]
            if not names:
                raise BybitRefusalError("params error: Symbol Invalid")
        if params.get("status", TRADING) != TRADING:
            names = []
        first = bisect_right(names, params.get("cursor", ""))
        page = names[first : first + limit]
        cursor = page[-1] if first + limit < len(names) else ""
        return {
            "category": CATEGORY,
            "list": [instrument(listings[name]) for name in page],
            "nextPageCursor": cursor,
        }


def instrument(listing: Listing) -> dict[str, Any]:
    """Return the document of one linear perpetual; tick and step are one unit of the last decimal."""
    tick, step = unit_text(listing.price_decimals), unit_text(listing.quantity_decimals)
    return {
        "symbol": listing.symbol,
        "contractType": "LinearPerpetual",
        "status": TRADING,
        "baseCoin": listing.symbol.removesuffix(QUOTE),
        "quoteCoin": QUOTE,
        "settleCoin": QUOTE,
        "launchTime": str(listing.launched_ms),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(listing.price_decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": "1999999.8", "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": "1000000000",
            "minOrderQty": step,
            "qtyStep": step,
            "postOnlyMaxOrderQty": "1000000000",
            "maxMktOrderQty": "100000000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": listing.funding_hours * HOUR_MS // MINUTE_MS,
        "copyTrading": "none",
        "upperFundingRate": "0.02",
        "lowerFundingRate": "-0.02",
        "isPreListing": False,
        "preListingInfo": None,
    }
