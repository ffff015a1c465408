"""The stages of the campaign itself: its plan by the clock, and the sign-offs of its phases."""

from typing import Any

from include.config.settings import Settings
from include.core.clock import format_utc, wall_now
from include.core.errors import InvalidInputError


def plan(settings: Settings) -> dict[str, Any]:
    """Return the campaign: its span, what happens when, who answers for what, and the sign-offs so far."""
    from include.orchestration.campaign_calendar import days, rows
    from include.reporting.sign_offs import sign_off_table

    campaign = settings.campaign
    return {
        "name": campaign.name,
        "start": format_utc(campaign.start),
        "end": format_utc(campaign.end),
        "days": [day.isoformat() for day in days(campaign)],
        "calendar": rows(campaign),
        "owners": dict(campaign.owners),
        "support": dict(campaign.support),
        "sign_offs": sign_off_table(settings.home, campaign),
    }


def sign_off(settings: Settings, phase: str, status: str, signed_by: str, note: str) -> dict[str, Any]:
    """Sign off a phase of this deployment's campaign, now.

    Raises
    ------
    InvalidInputError
        The CTO's decision is signed by somebody whom `PERPETUA_APPROVERS` does not name; silence may open it again.
    """
    from include.reporting.sign_offs import sign_off as append

    if phase == "cto_decision" and status != "open" and settings.approvers and signed_by not in settings.approvers:
        allowed = ", ".join(settings.approvers)
        raise InvalidInputError(f"`signed_by` of cto_decision must be one of {allowed}, was {signed_by!r}.")
    given = append(settings.home, phase, status, signed_by, note, wall_now(), campaign=settings.campaign.name)
    return given.model_dump(mode="json")
