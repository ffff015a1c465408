"""A challenger against the champion on the identical window: better, worse, or no telling."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.core.errors import InvalidInputError
from include.environments.statistics import sharpe_ratio, sharpe_ratios
from include.evaluation.bootstrap import block_indices, block_length

Recommendation = Literal["promote", "hold", "roll_back"]
# one-sided, either way
LEVEL = 0.05

Doubles = NDArray[np.float64]


class Difference(BaseModel):
    """Challenger minus champion: observed, 95 % interval, shares of samples in which it is not above 0 and below it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    observed: float
    low: float
    high: float
    not_better_share: float
    worse_share: float


class Comparison(BaseModel):
    """Two portfolios on the same candles.

    Parameters
    ----------
    champion_run_id : str
        Whom the challenger was compared with.
    sharpe : Difference or None
        Of the annualised Sharpe ratios; None where one of them is undefined.
    log_return : Difference
        Of the total log returns.
    recommendation : {"promote", "hold", "roll_back"}
        `promote` where at most 5 % of the samples show the challenger no better in total log return, `roll_back`
        where at least 95 % show it worse, so that, had it been promoted, the one before it should come back; `hold`
        in between: the champion stays.
    reason : str
        The same in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    champion_run_id: str
    sharpe: Difference | None
    log_return: Difference
    recommendation: Recommendation
    reason: str


def compare(
    challenger: Doubles, champion: Doubles, periods_per_year: float, samples: int, seed: int, champion_run_id: str
) -> Comparison:
    """Return what a paired stationary bootstrap says of the difference; both lose or win the same drawn candles.

    Parameters
    ----------
    challenger, champion : float64 (T,)
        Simple returns per candle of both portfolios, on the same candles; above −1.
    periods_per_year : float
        Candles per year.
    samples, seed : int
        Draws of the bootstrap and their seed.
    champion_run_id : str
        Named in the result.
    """
    if challenger.shape != champion.shape:
        raise InvalidInputError(
            f"`challenger` must have the candles of `champion`, {champion.shape}, was {challenger.shape}."
        )
    drawn = block_indices(len(challenger), block_length(challenger - champion), samples, seed)
    logs = np.log1p(challenger) - np.log1p(champion)
    log_return = _difference(float(logs.sum()), logs[drawn].sum(axis=1))
    ours, theirs = sharpe_ratio(challenger, periods_per_year), sharpe_ratio(champion, periods_per_year)
    sharpe = None
    if ours is not None and theirs is not None:
        sampled = sharpe_ratios(challenger[drawn], periods_per_year) - sharpe_ratios(champion[drawn], periods_per_year)
        known = sampled[np.isfinite(sampled)]
        sharpe = _difference(ours - theirs, known) if len(known) else None
    recommendation, reason = _recommendation(log_return)
    return Comparison(
        champion_run_id=champion_run_id,
        sharpe=sharpe,
        log_return=log_return,
        recommendation=recommendation,
        reason=reason,
    )


def _recommendation(difference: Difference) -> tuple[Recommendation, str]:
    seen = f"in {difference.not_better_share:.1%} of the samples the challenger earned no more than the champion"
    if difference.not_better_share <= LEVEL:
        return "promote", f"The challenger is better: only {seen}."
    if difference.worse_share >= 1.0 - LEVEL:
        return "roll_back", f"The challenger is worse: {seen}."
    return "hold", f"The difference may be luck: {seen}."


def _difference(observed: float, sampled: Doubles) -> Difference:
    low, high = np.quantile(sampled, [0.025, 0.975]).tolist()
    return Difference(
        observed=observed,
        low=low,
        high=high,
        not_better_share=float(np.mean(sampled <= 0.0)),
        worse_share=float(np.mean(sampled < 0.0)),
    )
