"""Freshness: how far the newest closed candle is behind the one that should be there."""

from collections.abc import Sequence
from datetime import datetime

from include.core.checks import CheckResult, Severity
from include.core.clock import format_utc, to_ms
from include.core.timeframes import timeframe_ms
from include.validation.candle_series import CandleSeries
from include.validation.coverage import SymbolCoverage
from include.validation.findings import Finding, SeriesCheck
from include.validation.limits import FEED_LAG

_SHOWN = 8


def check_staleness(
    coverage: Sequence[SymbolCoverage], expected: datetime, timeframe: str, *, is_sandbox: bool
) -> tuple[CheckResult, ...]:
    """Return two verdicts over the age of the newest closed candles.

    A single symbol that stands still (halted, settled, delisted) warns with its name. When the whole
    feed stands still, nothing new can be decided on it: critical. In the sandbox it only warns,
    because recorded data has an end which the virtual clock passes, and the chain is to go on.

    Parameters
    ----------
    coverage : sequence of SymbolCoverage
        Symbols with what exists of them, lake and batch together.
    expected : datetime
        Open time of the newest candle that was asked for: by default the newest one that was closed
        by the exchange's clock.
    timeframe : str
        Timeframe of the candles.
    is_sandbox : bool
        Whether the outside world is the sandbox.
    """
    lags = {symbol.symbol: _lag(symbol.last, expected, timeframe) for symbol in coverage if symbol.last is not None}
    behind = {symbol: lag for symbol, lag in lags.items() if lag > 0}
    smallest = min(lags.values()) if lags else None
    return (
        CheckResult(
            name="stale_symbols",
            passed=not behind,
            observed=len(behind),
            limit=0,
            message=_message(behind, expected),
            severity=Severity.WARNING,
        ),
        CheckResult(
            name="feed_is_fresh",
            passed=smallest is not None and smallest <= FEED_LAG,
            observed=smallest,
            limit=FEED_LAG,
            message="No symbol has any candle."
            if smallest is None
            else f"The freshest symbol is {smallest} candles behind {format_utc(expected)}.",
            severity=Severity.WARNING if is_sandbox else Severity.CRITICAL,
        ),
    )


def stale_series(market_now: datetime) -> SeriesCheck:
    """Return the check that the last closed candle of every stored series is of `market_now`, the exchange's clock."""
    now_ms = to_ms(market_now)

    def find(series: Sequence[CandleSeries]) -> list[Finding]:
        # whole candles that were closed since the last one that is stored
        lags = [(one, (now_ms - int(one.open_time[-1])) // one.length_ms - 1) for one in series if len(one.open_time)]
        return [
            Finding(one.symbol, f"{one.venue} {one.name} ends at {one.at(-1)}, {lag:,} candles ago")
            for one, lag in lags
            if lag > FEED_LAG
        ]

    return SeriesCheck(
        "stale_series",
        find,
        f"Series are behind {format_utc(market_now)}",
        f"Every series reaches {format_utc(market_now)}.",
        Severity.WARNING,
        f"{FEED_LAG} candle behind",
    )


def _lag(last: datetime, expected: datetime, timeframe: str) -> int:
    return max(to_ms(expected) - to_ms(last), 0) // timeframe_ms(timeframe)


def _message(behind: dict[str, int], expected: datetime) -> str:
    if not behind:
        return f"Every symbol reaches {format_utc(expected)}."
    worst = sorted(behind.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{symbol} ({lag} candles)" for symbol, lag in worst[:_SHOWN])
    more = f" and {len(worst) - _SHOWN} more" if len(worst) > _SHOWN else ""
    return f"Behind {format_utc(expected)}: {named}{more}."
