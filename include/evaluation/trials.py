"""What the trial ledger holds: windows, trials scored on them, openings of sealed ones."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Purpose = Literal["validation", "test", "walk_forward", "cross_validation"]


class ScoredWindow(BaseModel):
    """A window of candles of one system: [start, end), of whatever dataset it was cut from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    timeframe: str
    start: datetime
    end: datetime


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
