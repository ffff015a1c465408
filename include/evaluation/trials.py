"""What the trial ledger holds: windows, trials scored on them, openings of sealed ones."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from include.environments.statistics import sharpe_ratio
from include.features.dataset import DatasetInfo, Split

Purpose = Literal["validation", "test", "walk_forward", "cross_validation"]


class ScoredWindow(BaseModel):
    """A window of candles of one system: [start, end), of whatever dataset it was cut from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    timeframe: str
    start: datetime
    end: datetime


def window_of(system: str, info: DatasetInfo, split: Split) -> ScoredWindow:
    """Return the window of `split` of the dataset that `info` describes."""
    window = info.splits[split]
    return ScoredWindow(system=system, timeframe=info.timeframe, start=window.start, end=window.end)


class ScoredModel(BaseModel):
    """Which model: SHA-256 of its parameters, the run it comes from, that run's seed, environment steps behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: str
    run_id: str
    seed: int
    timestep: int


class Trial(BaseModel):
    """One thing that was scored.

    Parameters
    ----------
    purpose : {"validation", "test", "walk_forward", "cross_validation"}
        What the score was for.
    window : ScoredWindow
        Candles it was scored on.
    dataset_id : str
        Dataset they were read from.
    candidate : str
        SHA-256 of the model's parameters.
    config_sha256 : str
        SHA-256 of the configuration it was scored with.
    run_id, seed, timestep
        Where the model comes from.
    sharpe : float or None
        Sharpe ratio per candle, not annualised; None where it is undefined.
    total_return : float
        Fraction.
    scored_at : datetime
        Wall clock, UTC; no part of the identity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    purpose: Purpose
    window: ScoredWindow
    dataset_id: str
    candidate: str
    config_sha256: str
    run_id: str
    seed: int
    timestep: int
    sharpe: float | None
    total_return: float
    scored_at: datetime

    @property
    def identity(self) -> str:
        """SHA-256 of what was scored on what, whenever it was: the same trial again is no further try."""
        document = self.model_dump(mode="json", exclude={"scored_at", "sharpe", "total_return"})
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def candle_returns(equity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the simple returns per candle of `equity` (T,) as (T − 1,); 0 for a portfolio that is ruined."""
    before, after = equity[:-1], equity[1:]
    return np.divide(after, before, out=np.ones_like(after), where=before > 0.0) - 1.0


def trial_of(
    purpose: Purpose,
    window: ScoredWindow,
    dataset_id: str,
    model: ScoredModel,
    config_sha256: str,
    equity: NDArray[np.float64],
    scored_at: datetime,
) -> tuple[Trial, NDArray[np.float64]]:
    """Return the trial that `model` reached `equity` (T,), and its returns per candle (T − 1,)."""
    returns = candle_returns(equity)
    trial = Trial(
        purpose=purpose,
        window=window,
        dataset_id=dataset_id,
        config_sha256=config_sha256,
        sharpe=sharpe_ratio(returns, 1.0),
        total_return=float(equity[-1] / equity[0] - 1.0),
        scored_at=scored_at,
        **model.model_dump(),
    )
    return trial, returns


@dataclass(frozen=True)
class Scored:
    """A trial of the ledger with its returns per candle, float64 (T − 1,)."""

    number: int
    trial: Trial
    returns: NDArray[np.float64]


class Opening(BaseModel):
    """How a candidate came to see a sealed window.

    Parameters
    ----------
    number : int
        Place among all openings of the ledger.
    candidates_before : int
        Other candidates that had seen an overlapping window of the system.
    is_contaminated : bool
        This candidate has seen an overlapping window before, for another request.
    reason : str
        Why it is contaminated, empty where it is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    candidates_before: int
    is_contaminated: bool
    reason: str
