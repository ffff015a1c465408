"""The promoted model of a system as `champion.json` records it: who it is, on which evidence, until when it stands.

Writing the record does not belong here (`include/reporting/champion.py`).
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from include.config.system import ChampionConfig, load_system
from include.core.clock import parse_utc
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json
from include.core.paths import Home
from include.evaluation.decision import Decision
from include.features.dataset import read_info


class Promotion(BaseModel):
    """One promotion: which model, on which evidence, by whom, until when.

    Parameters
    ----------
    promoted_at : datetime
        Wall clock, UTC.
    tested_until : datetime
        End of the test window, market time; the age of the model counts from it.
    expires_at : datetime
        From then on the model is too old to stand, market time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    system: str
    run_id: str
    dataset_id: str
    model_sha256: str
    revalidation_id: str
    result_sha256: str
    decision: Decision
    approved_by: str
    promoted_at: datetime
    tested_until: datetime
    expires_at: datetime


class Champion(Promotion):
    """The promotion that stands, and those before it, newest first."""

    history: tuple[Promotion, ...] = ()


def read_champion(home: Home, system: str) -> Champion | None:
    """Return the champion of `system`, None when none was ever promoted.

    A record from before models expired gets its expiry by the limits of today.

    Raises
    ------
    IntegrityError
        The file is not a champion's record.
    """
    source = home.champion(system)
    if not source.is_file():
        return None
    try:
        document = read_json(source)
        limits = load_system(system).champion
        history = [_with_expiry(home, earlier, limits) for earlier in document.get("history", ())]
        return Champion.model_validate(_with_expiry(home, document, limits) | {"history": history})
    except (AttributeError, TypeError, ValidationError) as error:
        raise IntegrityError(f"`{source}` is not a champion's record: {error}") from error


def expiry(tested_until: datetime, limits: ChampionConfig) -> datetime:
    """Return when a model that was tested until `tested_until` expires."""
    return tested_until + timedelta(days=limits.max_age_days)


def _with_expiry(home: Home, promotion: dict[str, Any], limits: ChampionConfig) -> dict[str, Any]:
    if "expires_at" in promotion or not {"dataset_id", "promoted_at"} <= promotion.keys():
        return promotion
    tested_until = _tested_until(home, promotion)
    return promotion | {"tested_until": tested_until, "expires_at": expiry(tested_until, limits)}


def _tested_until(home: Home, promotion: dict[str, Any]) -> datetime:
    try:
        return read_info(home.dataset(promotion["dataset_id"])).splits["test"].end
    except MissingInputError:
        # nothing else says when the test ended; a model is promoted soon after
        return parse_utc(promotion["promoted_at"], "promoted_at")
