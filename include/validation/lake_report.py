"""The verdict on everything that stands in the lake, in one report; nothing is changed."""

from datetime import datetime

from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import format_utc
from include.core.columns import MACRO
from include.lake.lake import Lake
from include.validation.duplicates import check_duplicate_records
from include.validation.macro_revisions import check_macro_revisions
from include.validation.schemas import check_parts
from include.validation.silent_defaults import check_silent_defaults, stored_levels
from include.validation.standing import check_lake_series


def validate_lake(settings: Settings, market_now: datetime | None, unknown: str = "") -> CheckReport:
    """Judge every stored record by what can be said of it now.

    Parameters
    ----------
    settings : Settings
        Where the lake is.
    market_now : datetime or None
        The exchange's clock.
    unknown : str
        Why it is not known, where it is None.

    Returns
    -------
    CheckReport
        Not passed where a critical check failed: what depends on the lake should wait. Whom an excluding check names
        should be left out.
    """
    lake = Lake.of(settings)
    macro = lake.read(MACRO.name)
    results = (
        _clock(market_now, unknown),
        *(check_parts(name, lake.stream(name)) for name in lake.versions()),
        check_duplicate_records(lake),
        *check_lake_series(lake, market_now),
        *check_silent_defaults(list(stored_levels(lake))),
        check_macro_revisions(macro, macro),
    )
    return CheckReport(subject=f"lake {lake.location}", results=results)


def _clock(market_now: datetime | None, unknown: str) -> CheckResult:
    return CheckResult(
        name="exchange_clock",
        passed=market_now is not None,
        observed=None if market_now is None else format_utc(market_now),
        message="The exchange's clock is known."
        if market_now is not None
        else f"The exchange's clock is not known, so nothing is said of open and late candles: {unknown}",
        severity=Severity.WARNING,
    )
