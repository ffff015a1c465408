"""Missing candles: reported exactly, never filled."""

from collections.abc import Sequence

from include.core.checks import CheckResult, Severity
from include.core.clock import format_utc
from include.market.gaps import find_gaps
from include.validation.candle_series import CandleSeries
from include.validation.coverage import SymbolCoverage
from include.validation.findings import Finding, SeriesCheck
from include.validation.limits import MISSING_SHARE

_SHOWN = 5


def check_continuity(coverage: Sequence[SymbolCoverage]) -> tuple[CheckResult, ...]:
    """Return two verdicts: any missing candle warns, with symbol and times; too many are critical.

    Parameters
    ----------
    coverage : sequence of SymbolCoverage
        Symbols with what exists of them, lake and batch together.
    """
    missing = sum(symbol.missing for symbol in coverage)
    expected = missing + sum(symbol.rows for symbol in coverage)
    share = missing / expected if expected else 0.0
    return (
        CheckResult(
            name="missing_candles",
            passed=missing == 0,
            observed=missing,
            limit=0,
            message=_message(coverage, missing),
            severity=Severity.WARNING,
        ),
        CheckResult(
            name="missing_candles_share",
            passed=share <= MISSING_SHARE,
            observed=round(share, 6),
            limit=MISSING_SHARE,
            message=f"{share:.2%} of the candles between the first and the last of each symbol are missing.",
        ),
    )


def _message(coverage: Sequence[SymbolCoverage], missing: int) -> str:
    if not missing:
        return f"No candle is missing in {len(coverage)} symbols."
    runs = [(symbol.symbol, gap) for symbol in coverage for gap in symbol.gaps]
    texts = [f"{symbol} {format_utc(gap.first)} – {format_utc(gap.last)} ({gap.count})" for symbol, gap in runs]
    more = f"; and {len(texts) - _SHOWN} more runs" if len(texts) > _SHOWN else ""
    return f"{missing} candles are missing: {'; '.join(texts[:_SHOWN])}{more}."


def _missing(series: Sequence[CandleSeries]) -> list[Finding]:
    return [
        Finding(
            candles.symbol,
            f"{candles.venue} {candles.name} {format_utc(gap.first)} – {format_utc(gap.last)} ({gap.count})",
            gap.count,
        )
        for candles in series
        for gap in find_gaps(candles.open_time, candles.length_ms)
    ]


MISSING_CANDLES = SeriesCheck(
    "missing_candles",
    _missing,
    "Candles are missing",
    "No candle is missing between the first and the last of any series.",
    Severity.WARNING,
)
