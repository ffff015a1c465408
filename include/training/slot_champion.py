"""What the checks of the day say about the champion: which model it is, how old by market time, when it expires."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.checks import CheckResult, Severity
from include.core.clock import format_utc
from include.core.errors import IntegrityError, PerpetuaError
from include.training.champion import Champion, read_champion
from include.training.slot_lines import UNKNOWN
from include.training.verdicts import undefined, verdict

CHECK = "champion_expiry"
Clock = Callable[[Settings], datetime]
Advise = Callable[[Champion], str | None]


@dataclass(frozen=True)
class Standing:
    """The champion, None without a readable one, what people read about it, and the verdict on its age."""

    champion: Champion | None
    lines: tuple[str, ...]
    results: tuple[CheckResult, ...]


def champion_standing(settings: Settings, system: SystemConfig, clock: Clock, advise: Advise) -> Standing:
    """Return how the champion of `system` stands; the exchange's clock is asked only where there is one.

    Parameters
    ----------
    settings : Settings
        Names home and exchange.
    system : SystemConfig
        Its limits are `system.champion`.
    clock : callable
        Returns market time, UTC.
    advise : callable
        Returns a line on what the newest comparison advises, None without one.
    """
    try:
        champion = read_champion(settings.home, system.name)
    except IntegrityError as error:
        return Standing(None, (f"🏆 Champion: {UNKNOWN}. {error}",), (undefined(CHECK, str(error).rstrip(".")),))
    if champion is None:
        return Standing(None, ("🏆 Champion: none promoted yet",), ())
    line = (
        f"🏆 Champion: {champion.run_id}, {champion.decision}, approved by {champion.approved_by} "
        f"at {format_utc(champion.promoted_at)}"
    )
    age, result = _aged(settings, system, champion, clock)
    return Standing(champion, tuple(filter(None, (line, age, advise(champion)))), (result,))


def expiry_check(champion: Champion, system: SystemConfig, market_now: datetime) -> CheckResult:
    """Return whether the champion may still stand at `market_now`: a warning before it expires, critical after.

    A clock before the end of the test window is another market's: the age is undefined then.
    """
    limits = system.champion
    if market_now < champion.tested_until:
        reason = (
            f"the exchange's clock, {format_utc(market_now)}, is before the end of the champion's test window, "
            f"{format_utc(champion.tested_until)}"
        )
        return undefined(CHECK, reason)
    left = _days(champion.expires_at - market_now)
    severity = Severity.CRITICAL if left <= 0 else Severity.WARNING
    limit = 0.0 if left <= 0 else limits.warning_days
    return verdict(
        CHECK,
        left > limits.warning_days,
        round(left, 2),
        limit,
        f"The champion {champion.run_id} {_expires(champion, market_now)}.",
        severity,
    )


def _aged(settings: Settings, system: SystemConfig, champion: Champion, clock: Clock) -> tuple[str, CheckResult]:
    try:
        market_now = clock(settings)
    except PerpetuaError as error:
        reason = f"the exchange's clock cannot be read: {str(error).rstrip('.')}"
        return _unknown_age(champion), undefined(CHECK, reason)
    return _age_line(champion, market_now), expiry_check(champion, system, market_now)


def _unknown_age(champion: Champion) -> str:
    return f"⏳ Model age: {UNKNOWN}, expires {format_utc(champion.expires_at)}"


def _age_line(champion: Champion, market_now: datetime) -> str:
    if market_now < champion.tested_until:
        return _unknown_age(champion)
    age = _days(market_now - champion.tested_until)
    return f"⏳ Model age: {age:.1f} days since the end of its test window; it {_expires(champion, market_now)}"


def _expires(champion: Champion, market_now: datetime) -> str:
    left, when = _days(champion.expires_at - market_now), format_utc(champion.expires_at)
    return f"expires {when}, in {left:.1f} days" if left > 0 else f"expired {when}, {-left:.1f} days ago"


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)
