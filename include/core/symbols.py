"""Spellings of one perpetual: ccxt's unified symbol, the exchange's market id, the file slug."""

from include.core.errors import InvalidInputError


def slug(symbol: str) -> str:
    """Return the file name part of a unified symbol: `BTC/USDT:USDT` → `BTC-USDT-USDT`."""
    _require_unified(symbol)
    return symbol.replace("/", "-").replace(":", "-")


def from_slug(text: str) -> str:
    """Return the unified symbol of a file slug: `BTC-USDT-USDT` → `BTC/USDT:USDT`."""
    parts = text.split("-")
    if len(parts) != 3 or not all(parts):
        raise InvalidInputError(f"`slug` must look like BTC-USDT-USDT, was {text!r}.")
    return f"{parts[0]}/{parts[1]}:{parts[2]}"


def market_id(symbol: str) -> str:
    """Return the exchange's spelling of a unified symbol: `BTC/USDT:USDT` → `BTCUSDT`."""
    _require_unified(symbol)
    base, rest = symbol.split("/")
    return base + rest.split(":")[0]


def from_market_id(text: str, quote: str = "USDT") -> str:
    """Return the unified symbol of a linear perpetual's market id: `BTCUSDT` → `BTC/USDT:USDT`."""
    if not text.endswith(quote) or text == quote:
        raise InvalidInputError(f"`market_id` must end in {quote}, was {text!r}.")
    return f"{text.removesuffix(quote)}/{quote}:{quote}"


def _require_unified(symbol: str) -> None:
    base, slash, rest = symbol.partition("/")
    quote, colon, settle = rest.partition(":")
    if not (base and slash and quote and colon and settle) or set(symbol) & set("\\ .-"):
        raise InvalidInputError(f"`symbol` must be a unified perpetual such as BTC/USDT:USDT, was {symbol!r}.")
