"""Coverage facts made by hand."""

from datetime import UTC, datetime, timedelta

from include.validation.coverage import MissingRun, SymbolCoverage

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
EXPECTED = datetime(2026, 1, 10, 8, tzinfo=UTC)


def covered(
    symbol: str = "BTC/USDT:USDT", behind: int = 0, rows: int = 100, gaps: tuple[MissingRun, ...] = ()
) -> SymbolCoverage:
    last = EXPECTED - behind * timedelta(hours=4)
    return SymbolCoverage(symbol=symbol, rows=rows, first=FIRST, last=last, gaps=gaps, months={"2026-01": 1.0})


def nothing(symbol: str = "NEW/USDT:USDT") -> SymbolCoverage:
    return SymbolCoverage(symbol=symbol, rows=0, first=None, last=None, gaps=(), months={})


def run(day: int, count: int) -> MissingRun:
    first = datetime(2026, 1, day, tzinfo=UTC)
    return MissingRun(first=first, last=first + (count - 1) * timedelta(hours=4), count=count)
