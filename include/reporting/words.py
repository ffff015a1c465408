"""Words and numbers as people read them: metric labels, formats, what a decision means and what to do next.

The one place for these texts: the report, its Markdown and Slack all take them from here.
"""

from dataclasses import dataclass

from include.evaluation.decision import Decision
from include.features.drift import MAJOR_PSI, MODERATE_PSI
from include.reporting.verdict import GateRow, RevalidationResult

UNDEFINED = "–"
BASELINE_LABELS = {
    "random": "Random",
    "buy_and_hold": "Buy and hold",
    "momentum": "Momentum",
    "flat": "Flat",
    "champion": "Champion",
    "recorded_phase3": "Phase 3 random",
}
METRIC_LABELS = {
    "sharpe": "Sharpe ratio",
    "sortino": "Sortino ratio",
    "calmar": "Calmar ratio",
    "max_drawdown": "Max drawdown",
    "total_return": "Total return",
    "cagr": "Growth per year",
    "win_rate": "Win rate",
    "profit_factor": "Profit factor",
    "consecutive_losses": "Consecutive losses",
    "consecutive_losses_pooled": "Consecutive losses, all trades",
    "consecutive_losses_max": "Consecutive losses, worst symbol",
    "cost_share": "Costs of gross profit",
    "funding_assumed_share": "Hours with assumed funding",
    "funding_share": "Funding of gross profit",
    "trades": "Trades",
    "turnover": "Turnover per year",
    "exposure": "Exposure",
}
_PERCENT = {
    "max_drawdown",
    "win_rate",
    "total_return",
    "cagr",
    "exposure",
    "cost_share",
    "funding_share",
    "funding_assumed_share",
}
_WHOLE = {"trades", "candles", "steps"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A decision in one sentence and the next step it asks for, from the operations checklist."""

    summary: str
    next_step: str


MEANINGS: dict[Decision, Meaning] = {
    "GO": Meaning(
        "The candidate passes the risk gates.",
        "Ask the CTO for approval; live deployment follows it.",
    ),
    "PARTIAL-GO": Meaning(
        "The candidate passes most of the risk gates, not enough of them to go live by itself.",
        "Manual review by the CTO: go live, or retrain.",
    ),
    "NO-GO": Meaning(
        "The candidate does not pass the risk gates and must not trade.",
        "Retrain with tuned hyper-parameters.",
    ),
}


def metric_label(name: str) -> str:
    """Return a metric's name as people read it."""
    return METRIC_LABELS.get(name, name.replace("_", " ").capitalize())


def metric_text(name: str, value: float | None) -> str:
    """Return a metric's value with its unit; `–` when it is undefined."""
    if value is None:
        return UNDEFINED
    if name in _PERCENT:
        return percent(value)
    if name in _WHOLE or (name.startswith("consecutive") and float(value).is_integer()):
        return f"{value:,.0f}"
    if name == "turnover":
        return f"{value:,.0f} ×"
    return _signed(f"{value:,.2f}")


def percent(fraction: float | None) -> str:
    """Return a fraction as a percentage with two digits; `–` when it is undefined."""
    return UNDEFINED if fraction is None else _signed(f"{fraction:.2%}")


def usd(amount: float) -> str:
    """Return an amount of US dollars."""
    text = f"${abs(amount):,.2f}"
    return f"−{text}" if amount < 0 and text != "$0.00" else text


def limit_text(row: GateRow) -> str:
    """Return what a gate demands, such as `≥ 1.00`."""
    sign = "≥" if row.direction == "at_least" else "≤"
    return f"{sign} {metric_text(row.name, row.limit)}"


def minimum_text(row: GateRow) -> str:
    """Return the softer tier of a gate with its verdict, empty when it has none."""
    if row.minimum is None:
        return ""
    sign = "≥" if row.direction == "at_least" else "≤"
    verdict = "reached" if row.minimum_passed else "not reached"
    return f"minimum {sign} {metric_text(row.name, row.minimum)} {verdict}"


REGIME_LABELS = {
    "trend": "Trend",
    "range": "Range",
    "high_volatility": "High volatility",
    "unknown": "Too little history to tell",
}


def interval_text(row: GateRow) -> str:
    """Return the 95 % interval of a gate's metric; `–` where it has none."""
    if row.bound.low is None or row.bound.high is None:
        return UNDEFINED
    return f"{metric_text(row.name, row.bound.low)} to {metric_text(row.name, row.bound.high)}"


def luck_text(row: GateRow) -> str:
    """Return how often luck passes a gate."""
    return f"{row.luck.share:.0%}"


def evidence_sentence(result: RevalidationResult) -> str:
    """Return whether the evidence is sufficient, and the first reason why it is not."""
    evidence = result.evidence
    if evidence.sufficiency == "sufficient":
        return "The evidence is sufficient: every criterion holds."
    more = f" And {len(evidence.reasons) - 1} more." if len(evidence.reasons) > 1 else ""
    return f"The evidence is insufficient. {evidence.reasons[0]}{more}"


def ratio(value: float | None) -> str:
    """Return a plain number with two digits; `–` when it is undefined."""
    return UNDEFINED if value is None else _signed(f"{value:,.2f}")


def probability(value: float | None) -> str:
    """Return a probability with three digits; `–` when it is undefined."""
    return UNDEFINED if value is None else f"{value:.3f}"


def null_sentence(result: RevalidationResult) -> str:
    """Return how often luck alone would have been GO on this window."""
    rate = result.evidence.go_rate
    return (
        f"{rate.share:.0%} of {rate.draws} random policies with the candidate's habits and no skill would be GO on "
        f"this window (95 % interval {rate.low:.0%} to {rate.high:.0%})."
    )


def gates_sentence(result: RevalidationResult) -> str:
    """Return how often luck alone passes as many gates."""
    rate, passed = result.evidence.gates_rate, result.gates_passed
    return (
        f"{rate.share:.0%} of them pass at least {passed} of the {len(result.gates.results)} gates "
        f"(95 % interval {rate.low:.0%} to {rate.high:.0%}): that is the p-value of their number."
    )


def drift_sentence(result: RevalidationResult) -> str:
    """Return how many features of the test window have moved away from training."""
    known = [drift for drift in result.drift if drift.psi is not None]
    if not known:
        return "Drift is not known: no feature has an index."
    moderate, major = (sum((drift.psi or 0.0) > limit for drift in known) for limit in (MODERATE_PSI, MAJOR_PSI))
    beyond = sum(drift.highest_psi is not None and (drift.psi or 0.0) > drift.highest_psi for drift in known)
    return (
        f"Of {len(known)} features {moderate} have a population stability index above {MODERATE_PSI:g}, {major} above "
        f"{MAJOR_PSI:g}; farther away than any stretch of training of the same length: {beyond}."
    )


def duration(seconds: float) -> str:
    """Return a duration such as `3.2 s`, `4 min 05 s` or `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _signed(text: str) -> str:
    # a true minus sign, and no negative zero
    unsigned = text.lstrip("-")
    return text.replace("-", "−") if any(digit in "123456789" for digit in unsigned) else unsigned
