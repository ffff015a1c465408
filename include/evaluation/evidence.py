"""The evidence that stands beside a decision: whether what was measured is enough to believe it.

It never changes the decision, which is the owner's table over the gates.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from include.config.system import EvidenceConfig
from include.core.checks import CheckReport, CheckResult
from include.evaluation.bootstrap import Bound
from include.evaluation.comparison import Comparison
from include.evaluation.overfitting import Overfitting
from include.evaluation.regimes import RegimeResult
from include.evaluation.significance import Rate
from include.evaluation.stress import Stress

Sufficiency = Literal["sufficient", "insufficient"]
_SHOWN = 5


class TrialFacts(BaseModel):
    """What the trial ledger says of the window and of the choice of the candidate.

    Parameters
    ----------
    trials_count : int
        Trials scored on the window, this one included.
    effective_trials : float
        Independent trials they amount to.
    sharpe_variance : float or None
        Variance of their Sharpe ratios per candle; None where fewer than two of several trials have one.
    ledger_sha256 : str
        Identity of all trials that were counted: the position in the ledger that the verdict was made at.
    opening : int
        Place among all openings of sealed windows.
    candidates_before : int
        Other candidates that had seen the window.
    contamination : str
        Why this candidate's use of the window is not its first, empty where it is.
    selection : Overfitting
        Of choosing the best checkpoint on the validation window.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    trials_count: int
    effective_trials: float
    sharpe_variance: float | None
    ledger_sha256: str
    opening: int
    candidates_before: int
    contamination: str
    selection: Overfitting


class Evidence(BaseModel):
    """Everything that says how far a verdict can be believed.

    Parameters
    ----------
    sufficiency : {"sufficient", "insufficient"}
        Whether every criterion holds.
    criteria : CheckReport
        The criteria, each with what was observed.
    bounds, luck : tuple, one per gate
        Where the metric may truly be, and how often policies without skill pass the gate.
    go_rate, gates_rate : Rate
        How often policies without skill would be GO, and would pass at least as many gates as the candidate.
    p_value, shifts : float or None, int
        Of the Sharpe ratio against the candidate's own signals at that many other times.
    probabilistic_sharpe, deflated_sharpe : float or None
        Probability that the true Sharpe ratio exceeds 0, and what the best of so many lucky trials would show.
    candles_needed : int or None
        Candles that would show a Sharpe ratio above the gate's limit with a power of 0.8; None where no number would.
    trials : TrialFacts
        From the ledger.
    regimes : tuple of RegimeResult
        The result by kind of market.
    stress : Stress
        The result under other terms.
    comparison, comparison_reason : Comparison or None, str
        Against the champion on the same window; why there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sufficiency: Sufficiency
    criteria: CheckReport
    bounds: tuple[Bound, ...]
    luck: tuple[Rate, ...]
    go_rate: Rate
    gates_rate: Rate
    p_value: float | None
    shifts: int
    probabilistic_sharpe: float | None
    deflated_sharpe: float | None
    candles_needed: int | None
    trials: TrialFacts
    regimes: tuple[RegimeResult, ...]
    stress: Stress
    comparison: Comparison | None
    comparison_reason: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the evidence is insufficient; empty where it is not."""
        return tuple(failure.message for failure in self.criteria.failures)


def criteria(
    limits: EvidenceConfig,
    *,
    trades: int,
    p_value: float | None,
    deflated_sharpe: float | None,
    is_variance_known: bool,
    funding_assumed_share: float | None,
    inactive_features: Iterable[str],
    contamination: str,
) -> CheckReport:
    """Return one verdict per criterion of sufficient evidence; one that cannot be known has not passed.

    Parameters
    ----------
    limits : EvidenceConfig
        The system's.
    trades : int
        Closed trades.
    p_value, deflated_sharpe, funding_assumed_share : float or None
        As in `Evidence` and the metrics; a policy that never held a position assumed no funding.
    is_variance_known : bool
        Whether enough trials have a Sharpe ratio to deflate by.
    inactive_features : iterable of str
        Features that were constant 0 for the candidate.
    contamination : str
        From `TrialFacts`.
    """
    return CheckReport(
        subject="evidence",
        results=(
            _trades(trades, limits.min_trades),
            _p_value(p_value, limits.max_p_value),
            _deflated(deflated_sharpe, limits.min_deflated_sharpe, is_variance_known),
            _funding(funding_assumed_share, limits.max_funding_assumed_share),
            _inactive([name for name in inactive_features if name not in limits.accepted_inactive_features]),
            _sealed(contamination),
        ),
    )


def sufficiency(report: CheckReport) -> Sufficiency:
    """Return `sufficient` where every criterion of `report` passed."""
    return "insufficient" if report.failures else "sufficient"


def _trades(observed: int, limit: int) -> CheckResult:
    message = f"{observed} closed trades, at least {limit} are needed."
    return CheckResult(name="enough_trades", passed=observed >= limit, observed=observed, limit=limit, message=message)


def _p_value(observed: float | None, limit: float) -> CheckResult:
    message = "No p-value: the Sharpe ratio or the shifts are undefined."
    if observed is not None:
        message = (
            f"Its own signals at other times score as well with probability {observed:.3f}, at most {limit:g} may be."
        )
    passed = observed is not None and observed <= limit
    return CheckResult(name="beats_shifted_signals", passed=passed, observed=observed, limit=limit, message=message)


def _deflated(observed: float | None, limit: float, is_variance_known: bool) -> CheckResult:
    message = "No deflated Sharpe ratio: the returns have no variation or are too few."
    if not is_variance_known:
        message = "No deflated Sharpe ratio: fewer than two of the trials have a Sharpe ratio."
    if observed is not None:
        message = f"The deflated Sharpe ratio is {observed:.3f}, at least {limit:g} is needed."
    passed = observed is not None and observed >= limit
    return CheckResult(name="survives_deflation", passed=passed, observed=observed, limit=limit, message=message)


def _funding(observed: float | None, limit: float) -> CheckResult:
    share = observed or 0.0
    message = f"Funding was assumed for {share:.1%} of the hours in a position, at most {limit:.0%} may be."
    return CheckResult(name="funding_is_known", passed=share <= limit, observed=observed, limit=limit, message=message)


def _inactive(missing: list[str]) -> CheckResult:
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    message = "Every inactive feature was accepted by name."
    if missing:
        message = f"{len(missing)} inactive features were not accepted by name: {', '.join(missing[:_SHOWN])}{more}."
    return CheckResult(
        name="inactive_features_accepted", passed=not missing, observed=len(missing), limit=0, message=message
    )


def _sealed(contamination: str) -> CheckResult:
    message = f"The test window is contaminated: {contamination}." if contamination else "The test window was sealed."
    return CheckResult(
        name="window_was_sealed", passed=not contamination, observed=contamination or None, message=message
    )
