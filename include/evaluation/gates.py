"""Risk gates: each metric against its limit. An undefined metric fails its gate, with the reason."""

from collections.abc import Sequence

from include.config.system import GateConfig
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.errors import ConfigurationError
from include.evaluation.metrics import Metrics

_SIGNS = {"at_least": "≥", "at_most": "≤"}


def evaluate_gates(metrics: Metrics, gates: Sequence[GateConfig], subject: str = "risk gates") -> CheckReport:
    """Return one verdict per gate, in order.

    Parameters
    ----------
    metrics : Metrics
        What was measured.
    gates : sequence of GateConfig
        Name of a metric, direction, limit, and perhaps a softer minimum that is shown, never decisive.
    subject : str
        Subject of the report.

    Raises
    ------
    ConfigurationError
        A gate names no metric.
    """
    return CheckReport(subject=subject, results=tuple(_verdict(metrics, gate) for gate in gates))


def _verdict(metrics: Metrics, gate: GateConfig) -> CheckResult:
    values = metrics.values()
    if gate.name not in values:
        raise ConfigurationError(f"`gates` must name a metric ({', '.join(values)}), was {gate.name!r}.")
    observed = values[gate.name]
    return CheckResult(
        name=gate.name,
        passed=_holds(observed, gate, gate.limit),
        observed=observed,
        limit=gate.limit,
        message=_message(observed, gate, metrics.reasons.get(gate.name, "")),
        severity=Severity.CRITICAL,
    )


def _holds(observed: float | None, gate: GateConfig, limit: float) -> bool:
    if observed is None:
        return False
    return observed >= limit if gate.direction == "at_least" else observed <= limit


def _message(observed: float | None, gate: GateConfig, reason: str) -> str:
    sign = _SIGNS[gate.direction]
    rule = f"must be {sign} {gate.limit:g}"
    if gate.minimum is not None:
        word = "reached" if _holds(observed, gate, gate.minimum) else "missed"
        rule += f" (minimum {sign} {gate.minimum:g}: {word})"
    if observed is None:
        return f"{gate.label} {rule}, is undefined: {reason or 'no reason given'}."
    return f"{gate.label} {rule}, was {observed:.4g}."
