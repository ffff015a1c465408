"""Stock ccxt clients that talk to a sandbox, as anyone would write them."""

from typing import Any
from urllib.parse import urlsplit

import ccxt
import ccxt.async_support as ccxt_async

LINEAR = {"fetchMarkets": {"types": ["linear"]}, "defaultType": "swap"}


def binance(base_url: str, *, is_async: bool = False) -> Any:
    """A `binanceusdm` of ccxt, sync unless asked otherwise."""
    return _pointed((ccxt_async if is_async else ccxt).binanceusdm({"enableRateLimit": False}), base_url)


def bybit(base_url: str, *, is_async: bool = False) -> Any:
    """A `bybit` of ccxt that loads linear perpetuals only, sync unless asked otherwise."""
    options = {"enableRateLimit": False, "options": LINEAR}
    return _pointed((ccxt_async if is_async else ccxt).bybit(options), base_url)


def _pointed(exchange: Any, base_url: str) -> Any:
    # hostname alone would stay on https
    exchange.urls["api"] = {name: base_url + urlsplit(url).path for name, url in exchange.urls["api"].items()}
    return exchange
