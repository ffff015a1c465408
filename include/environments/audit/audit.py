"""The audit of a trading environment: every check, in the order in which a reader wants to know."""

from collections.abc import Callable
from functools import partial

from include.core.checks import CheckReport, CheckResult
from include.core.errors import InvalidInputError
from include.core.progress import Progress, no_progress
from include.environments.audit import conservation, contract, fills, look_ahead, money, perpetual
from include.environments.audit.roles import Probe, probe
from include.environments.audit.subject import Subject, subject
from include.environments.audit.verdicts import BrokenError, NotApplicableError, not_applicable, verdict, word

PAIRS = 64
# what every trading environment can be judged by; what is left of the money rows, a spot market has not got
MONEY = (
    "no_look_ahead",
    "cash_conservation",
    "fill_price",
    "costs_monotone",
    "no_free_money",
    "trading_below_flat",
    "flat_unpaid",
    "churning_unpaid",
)
# with fewer, a standard error says too little to judge by
LEAST_PAIRS = 8
Check = Callable[[Probe], CheckResult]


def audit(name: str, pairs: int = PAIRS, progress: Progress = no_progress) -> CheckReport:
    """Audit the environment that `name` names.

    Parameters
    ----------
    name : str
        A system, or `module:Class`.
    pairs : int
        Fair markets, each with its mirror, that the checks on free money play; at least 8.
    progress : callable
        Called with a label, checks done and checks in all.

    Returns
    -------
    CheckReport
        One verdict per check. One that the environment offers nothing for has not passed, with severity info.

    Raises
    ------
    InvalidInputError
        `name` names nothing that can be audited.
    """
    return audit_subject(subject(name), pairs, progress)


def audit_subject(target: Subject, pairs: int = PAIRS, progress: Progress = no_progress) -> CheckReport:
    """Audit `target`; as `audit`, for an environment that is at hand."""
    if pairs < LEAST_PAIRS:
        raise InvalidInputError(f"`pairs` must be at least {LEAST_PAIRS}, was {pairs}.")
    known = probe(target, pairs)
    results = []
    checks = _checks(known)
    for done, (name, check) in enumerate(checks.items(), start=1):
        results.append(_judged(name, check, known))
        progress("audit", done, len(checks))
    return CheckReport(subject=f"environment {target.name} ({known.roles.describe()})", results=tuple(results))


def rows(report: CheckReport) -> list[dict[str, str]]:
    """Return `report` as rows of a table: check, verdict, explanation."""
    return [{"check": r.name, "verdict": word(r), "explanation": r.message} for r in report.results]


def unjudged(report: CheckReport) -> tuple[str, ...]:
    """Return the rows on money in `report` that were not applicable: an audit with any of them has not passed."""
    return tuple(r.name for r in report.results if r.name in MONEY and word(r) == "n/a")


def summary(report: CheckReport) -> str:
    """Return how many rows passed, failed and were not judged, as one line."""
    words = [word(result) for result in report.results]
    return f"{words.count('pass')} passed, {words.count('FAIL')} failed, {words.count('n/a')} not judged"


def _checks(known: Probe) -> dict[str, Check]:
    fair = money.FairPlay(known)
    return {
        "gymnasium_contract": contract.gymnasium_contract,
        "declared_shape": contract.declared_shape,
        "determinism": contract.determinism,
        "reward_components": contract.reward_components,
        "no_look_ahead": look_ahead.no_look_ahead,
        "cash_conservation": conservation.cash_conservation,
        "fill_price": fills.fill_price,
        "costs_monotone": conservation.costs_monotone,
        "funding_sign": perpetual.funding_sign,
        "liquidation": perpetual.liquidation,
        "no_free_money": partial(money.no_free_money, fair=fair),
        "trading_below_flat": partial(money.trading_below_flat, fair=fair),
        "flat_unpaid": money.flat_unpaid,
        "churning_unpaid": money.churning_unpaid,
    }


def _judged(name: str, check: Check, known: Probe) -> CheckResult:
    try:
        return check(known)
    except NotApplicableError as error:
        return not_applicable(name, str(error))
    except BrokenError as error:
        return verdict(name, False, f"Broken: {error}.")
    except Exception as error:  # noqa: BLE001  # an environment that raises has failed the check, not the audit
        return verdict(name, False, f"The environment raised {type(error).__name__}: {error}.")
