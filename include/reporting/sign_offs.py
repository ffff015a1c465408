"""The sign-offs of a campaign: who answers for which phase, append-only, one JSON line each.

A line is written whole and synced before it counts; what a crash left half written was never told to anybody and is
cut off by the next writer.
"""

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from include.config.campaign import Campaign
from include.core.clock import format_utc
from include.core.errors import IntegrityError, InvalidInputError
from include.core.paths import Home

Phase = Literal["pre_training", "daily_monitoring", "revalidation", "cto_decision", "live_deployment"]
Status = Literal["open", "done", "refused"]


class PhaseFacts(NamedTuple):
    """A phase as the checklist names it, and the owner of `campaign.yaml` who answers for it."""

    title: str
    owner: str


PHASES: dict[Phase, PhaseFacts] = {
    "pre_training": PhaseFacts("Pre-Training Setup", "ml"),
    "daily_monitoring": PhaseFacts("Daily Monitoring", "ml"),
    "revalidation": PhaseFacts("Revalidation Execution", "ml"),
    "cto_decision": PhaseFacts("CTO Decision", "cto"),
    "live_deployment": PhaseFacts("Live Deployment (if GO)", "swe"),
}
MARKS: dict[Status, str] = {"open": "☐ open", "done": "☑ done", "refused": "☒ refused"}


class SignOff(BaseModel):
    """One answer for a phase.

    Parameters
    ----------
    campaign : str
        Name of the campaign.
    phase, status : str
        What was answered for, and how: `open` takes an earlier answer back.
    signed_by : str
        A person, or the schedule that worked it out.
    note : str
        Why, or what was seen.
    at : datetime
        When, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    phase: Phase
    status: Status
    signed_by: str
    note: str
    at: datetime


def sign_off(home: Home, phase: str, status: str, signed_by: str, note: str, at: datetime, *, campaign: str) -> SignOff:
    """Append a sign-off and return it.

    Raises
    ------
    InvalidInputError
        Unknown phase or status, nobody who signs, or an instant without a time zone.
    """
    if phase not in PHASES:
        raise InvalidInputError(f"`phase` must be one of {', '.join(PHASES)}, was {phase!r}.")
    if status not in get_args(Status):
        raise InvalidInputError(f"`status` must be one of {', '.join(get_args(Status))}, was {status!r}.")
    if not signed_by.strip():
        raise InvalidInputError(f"`signed_by` must name who signs, was {signed_by!r}. Hint: a person or a schedule.")
    if at.tzinfo is None:
        raise InvalidInputError(f"`at` must be timezone-aware, was {at!r}. Hint: use wall_now().")
    given = SignOff(
        campaign=campaign, phase=phase, status=status, signed_by=signed_by.strip(), note=note.strip(), at=at
    )
    source = home.sign_offs(campaign)
    source.parent.mkdir(parents=True, exist_ok=True)
    with source.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.truncate(_whole(source))
        stream.write(given.model_dump_json().encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return given


def sign_offs(home: Home, campaign: str) -> list[SignOff]:
    """Return the sign-offs of a campaign, oldest first; a last line that was never finished does not count.

    Raises
    ------
    IntegrityError
        A line is not a sign-off.
    """
    source = home.sign_offs(campaign)
    if not source.is_file():
        return []
    lines = source.read_bytes()[: _whole(source)].decode("utf-8").splitlines()
    return [_read(source, number, line) for number, line in enumerate(lines, 1)]


def newest_of(given: list[SignOff], phase: Phase) -> SignOff | None:
    """Return the newest sign-off of `phase`, None before the first."""
    mine = [one for one in given if one.phase == phase]
    return mine[-1] if mine else None


def sign_off_table(home: Home, campaign: Campaign) -> list[dict[str, str]]:
    """Return the SIGN-OFF table of the operations checklist: one row per phase, the newest answer in it."""
    given = sign_offs(home, campaign.name)
    return [_row(facts, campaign, newest_of(given, phase)) for phase, facts in PHASES.items()]


def _row(facts: PhaseFacts, campaign: Campaign, newest: SignOff | None) -> dict[str, str]:
    return {
        "Phase": facts.title,
        "Responsible": campaign.owners[facts.owner],
        "Status": MARKS[newest.status] if newest else MARKS["open"],
        "Date": format_utc(newest.at) if newest else "",
        "Notes": f"{newest.signed_by}: {newest.note}".removesuffix(": ") if newest else "",
    }


def _whole(source: Path) -> int:
    """Return how many bytes of the file are finished lines."""
    return source.read_bytes().rfind(b"\n") + 1


def _read(source: Path, number: int, line: str) -> SignOff:
    try:
        return SignOff.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        raise IntegrityError(f"`{source}` line {number} is not a sign-off: {error}") from error
