"""What a request to Binance USDⓈ-M weighs, as the exchange documents it."""

from starlette.datastructures import QueryParams

# Most rows of a page, weight of the request; above the last one the heaviest.
KLINES = ("/fapi/v1/klines", "/fapi/v1/markPriceKlines", "/fapi/v1/indexPriceKlines", "/fapi/v1/premiumIndexKlines")
KLINE_WEIGHTS, KLINES_DEFAULT, KLINES_HEAVIEST = ((99, 1), (499, 2), (1000, 5)), 500, 10
DEPTH = "/fapi/v1/depth"
DEPTH_WEIGHTS, DEPTH_DEFAULT, DEPTH_HEAVIEST = ((50, 2), (100, 5), (500, 10)), 500, 20
# of one symbol, of all
QUOTES = {
    "/fapi/v1/premiumIndex": (1, 10),
    "/fapi/v1/ticker/24hr": (1, 40),
    "/fapi/v1/ticker/bookTicker": (2, 5),
}
# these have limits of their own
WEIGHTLESS = ("/fapi/v1/fundingRate", "/futures/data/")


def weight_of(path: str, params: QueryParams) -> int:
    """Return the weight of a request."""
    if path in KLINES:
        return _by_rows(params, KLINE_WEIGHTS, KLINES_DEFAULT, KLINES_HEAVIEST)
    if path == DEPTH:
        return _by_rows(params, DEPTH_WEIGHTS, DEPTH_DEFAULT, DEPTH_HEAVIEST)
    if path.startswith(WEIGHTLESS):
        return 0
    of_one, of_all = QUOTES.get(path, (1, 1))
    return of_one if "symbol" in params else of_all


def _by_rows(params: QueryParams, weights: tuple[tuple[int, int], ...], default: int, heaviest: int) -> int:
    limit = params.get("limit", "")
    rows = int(limit) if limit.isdecimal() else default
    return next((weight for most, weight in weights if rows <= most), heaviest)
