"""What a deployment needs, looked at before anything is started: each finding with its fix.

It changes nothing and posts nothing. The checklist before a training is another (`include/training/pre_training.py`).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from include.config.files import system_names
from include.config.settings import Settings
from include.config.system import load_system
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import format_utc, wall_now
from include.core.errors import PerpetuaError
from include.core.locks import is_held
from include.core.paths import REPOSITORY
from include.orchestration.processes import require_free_port
from include.orchestration.stack import answers, lock_of, ports

LOCK = REPOSITORY / "requirements.lock"
# no request is signed by the clock, and candles close on the minute: seconds matter little, half a minute does
SKEW_WARNING, SKEW_CRITICAL = timedelta(seconds=2), timedelta(seconds=30)
_SHOWN = 5


def examine(settings: Settings) -> CheckReport:
    """Return everything that was looked at; what cannot be looked at yet says so and what it waits for."""
    return CheckReport(subject=f"{settings.mode} deployment in {settings.home.root}", results=tuple(_results(settings)))


def _results(settings: Settings) -> Iterator[CheckResult]:
    from include.training.pre_training_machine import machine_checks

    yield _unless_broken("packages", _packages, Severity.WARNING)
    yield _tried("configuration", lambda: _configuration(settings), Severity.CRITICAL)
    yield from machine_checks(settings.home, settings.profile)
    has_sandbox = settings.is_sandbox and answers(f"{settings.sandbox_url}/health")
    yield from _ports(settings, has_sandbox)
    if settings.is_sandbox and not has_sandbox:
        yield _note(
            "sandbox", "The sandbox is not running; exchange, macro, sentiment and Slack wait for it. Hint: `make run`."
        )
    else:
        yield from _outside(settings)
    yield _unless_broken("undelivered_messages", lambda: _undelivered(settings), Severity.WARNING)
    yield _tried("champions", lambda: _champions(settings), Severity.CRITICAL)


def _packages() -> CheckResult:
    pins = [line.split("==") for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line[:80]]
    pinned = {
        name.split("[")[0].strip(): rest.split()[0].rstrip("\\").strip() for name, rest in pins if name[0].isalnum()
    }
    wrong = [
        f"{name} {found or 'absent'} instead of {pin}"
        for name, pin in pinned.items()
        if (found := _version(name)) != pin
    ]
    more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    message = f"All {len(pinned)} packages are those of {LOCK.name}."
    if wrong:
        message = f"Packages differ from {LOCK.name}: {', '.join(wrong[:_SHOWN])}{more}. Hint: `make setup`."
    return CheckResult(
        name="packages", passed=not wrong, observed=len(wrong), limit=0, message=message, severity=Severity.WARNING
    )


def _version(package: str) -> str | None:
    try:
        # what comes after + is the build, such as +cpu
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return None


def _configuration(settings: Settings) -> str:
    systems = [load_system(name).name for name in system_names()]
    load_system(settings.system)
    count = len(settings.universe.symbols)
    return (
        f"Campaign {settings.campaign.name}, {count} symbols, profile {settings.profile_name}, "
        f"systems {', '.join(systems)}: every file is sound."
    )


def _ports(settings: Settings, has_sandbox: bool) -> Iterator[CheckResult]:
    if is_held(lock_of(settings)):
        yield _note("ports", "The local stack is running and holds its ports.")
        return
    for port, purpose, setting in ports(settings):
        name = f"port_{setting.removeprefix('PERPETUA_').removesuffix('_PORT').lower()}"
        if has_sandbox and port == settings.sandbox_port:
            yield _note(name, f"Port {port} is held by a running sandbox; end it before `make run`.")
            continue

        def free(port: int = port, purpose: str = purpose, setting: str = setting) -> str:
            require_free_port(port, purpose, setting)
            return f"Port {port} ({purpose}) is free."

        yield _tried(name, free, Severity.CRITICAL)


def _outside(settings: Settings) -> Iterator[CheckResult]:
    from include.market.clock import market_now

    clock: list[datetime] = []

    def exchange() -> str:
        clock.append(market_now(settings))
        return f"{settings.venue} answers; its clock says {format_utc(clock[0])}."

    yield _tried("exchange", exchange, Severity.CRITICAL)
    if clock:
        yield _skew(settings, clock[0])
    yield _tried("fear_greed", lambda: _fear_greed(settings), Severity.WARNING)
    yield _tried("fred", lambda: _fred(settings), Severity.WARNING)
    yield _tried("slack", lambda: _slack(settings), Severity.CRITICAL)


def _skew(settings: Settings, market: datetime) -> CheckResult:
    if settings.is_sandbox:
        return _note("clock", "The sandbox's clock is virtual, so that it is not compared with this machine's.")
    skew = abs(market - wall_now())
    return CheckResult(
        name="clock",
        passed=skew <= SKEW_WARNING,
        observed=round(skew.total_seconds(), 3),
        limit=SKEW_WARNING.total_seconds(),
        message=f"This machine's clock is {skew.total_seconds():.1f} s from the exchange's."
        + ("" if skew <= SKEW_WARNING else " Hint: switch time synchronisation on, `timedatectl set-ntp true`."),
        severity=Severity.CRITICAL if skew > SKEW_CRITICAL else Severity.WARNING,
    )


def _fear_greed(settings: Settings) -> str:
    from include.market.retry import Retry, RetryPolicy
    from include.market.sentiment import fetch_fear_greed

    found = fetch_fear_greed(settings, Retry(RetryPolicy(attempts=2)), wall_now() + timedelta(days=1), days=1)
    return f"The fear and greed index answers with {found.rows.num_rows} day."


def _fred(settings: Settings) -> str:
    from include.market.http import get_json
    from include.market.macro import open_fred

    with open_fred(settings) as client:
        get_json(client, "/fred/series/observations", {"series_id": "DGS10", "limit": 1}, "ask FRED for a series")
    return "FRED answers, and takes the key."


def _slack(settings: Settings) -> str:
    from include.alerts.slack import SlackChannel

    return SlackChannel(settings).require_access()


def _undelivered(settings: Settings) -> CheckResult:
    from include.alerts.delivery import undelivered

    waiting = undelivered(settings.home)
    message = "Everything that was told has been delivered."
    if waiting:
        message = f"{len(waiting)} messages have not reached Slack. Hint: `python -m include alerts list` says why."
    return CheckResult(
        name="undelivered_messages", passed=not waiting, observed=len(waiting), limit=0, message=message,
        severity=Severity.WARNING,
    )  # fmt: skip


def _champions(settings: Settings) -> str:
    from include.training.champion import read_champion

    standing = {name: champion.run_id for name in system_names() if (champion := read_champion(settings.home, name))}
    named = ", ".join(f"{name} {run_id}" for name, run_id in standing.items())
    return f"Champions: {named or 'none was promoted yet'}."


def _tried(name: str, look: Callable[[], str], severity: Severity) -> CheckResult:
    return _unless_broken(name, lambda: CheckResult(name=name, passed=True, message=look()), severity)


def _unless_broken(name: str, look: Callable[[], CheckResult], severity: Severity) -> CheckResult:
    try:
        return look()
    except (PerpetuaError, OSError) as error:
        return CheckResult(name=name, passed=False, message=str(error), severity=severity)


def _note(name: str, message: str) -> CheckResult:
    return CheckResult(name=name, passed=True, message=message, severity=Severity.INFO)
