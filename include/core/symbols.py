"""Spellings of one perpetual: ccxt's unified symbol, the exchange's market id, the file slug."""

from include.core.errors import InvalidInputError

# quotes in which linear perpetuals settle, as they end a market id
_QUOTES = ("USDT", "USDC")


def slug(symbol: str) -> str:
    """Return the file name part of a unified symbol: `BTC/USDT:USDT` → `BTC-USDT-USDT`."""
    _require_unified(symbol)
    return symbol.replace("/", "-").replace(":", "-")


def market_id(symbol: str) -> str:
    """Return the exchange's spelling of a unified symbol: `BTC/USDT:USDT` → `BTCUSDT`."""
    _require_unified(symbol)
    base, rest = symbol.split("/")
    return base + rest.split(":")[0]


def unified(name: str) -> str:
    """Return the unified symbol of a linear perpetual in either spelling: `BTCUSDT` or `BTC/USDT:USDT`."""
    for quote in _QUOTES:
        base = name.removesuffix(quote)
        if base and base != name and base.isalnum():
            return f"{base}/{quote}:{quote}"
    _require_unified(name)
    return name


def _require_unified(symbol: str) -> None:
    base, slash, rest = symbol.partition("/")
    quote, colon, settle = rest.partition(":")
    if not (base and slash and quote and colon and settle) or set(symbol) & set("\\ .-"):
        raise InvalidInputError(f"`symbol` must be a unified perpetual such as BTC/USDT:USDT, was {symbol!r}.")
