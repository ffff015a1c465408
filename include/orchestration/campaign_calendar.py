"""The campaign by the clock: what happens when, and who answers for it; its days, and the revalidation day's steps."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from include.config.campaign import Campaign
from include.config.firings import firings
from include.core.clock import format_utc
from include.core.slots import CHECK_TITLES

_DAY = timedelta(days=1)
# these follow each other all day and would bury everything else
_ROUTINE = ("market_data", "maintenance", "deliver_alerts")


class Appointment(NamedTuple):
    """Something of the campaign at its instant, UTC, and the owner (a key of `owners`) who answers for it."""

    at: datetime
    what: str
    owner: str


def calendar(campaign: Campaign) -> list[Appointment]:
    """Return everything that the campaign plans between its start and its end, in order of time."""
    planned = [
        Appointment(campaign.start, "Campaign begins: pre-training checklist, then train_ppo", "ml"),
        Appointment(campaign.deadline, "Deadline of the pre-training set-up", "ml"),
        Appointment(campaign.end, "Campaign ends", "cto"),
        *_scheduled(campaign),
    ]
    return sorted(planned)


def rows(campaign: Campaign) -> list[dict[str, str]]:
    """Return the calendar as a table for people."""
    return [
        {"When": format_utc(entry.at), "What": entry.what, "Responsible": campaign.owners[entry.owner]}
        for entry in calendar(campaign)
    ]


def days(campaign: Campaign) -> list[date]:
    """Return the days of the campaign."""
    first, last = campaign.start.date(), campaign.end.date()
    return [first + _DAY * number for number in range((last - first).days + 1)]


def _scheduled(campaign: Campaign) -> Iterator[Appointment]:
    for dag_id, schedule in campaign.schedules.items():
        if dag_id in _ROUTINE:
            continue
        for at in firings(schedule, campaign.start, campaign.end):
            yield Appointment(at, _words(campaign, dag_id, at), "ml")
            if dag_id == "revalidate_model":
                yield from _revalidation_day(campaign, at)


def _revalidation_day(campaign: Campaign, at: datetime) -> Iterator[Appointment]:
    steps = campaign.revalidation
    yield Appointment(_on_the_day(at, steps.pre_check_at), "Pre-revalidation checklist", "ml")
    yield Appointment(_on_the_day(at, steps.report_due), "Decision report due", "ml")
    yield Appointment(_on_the_day(at, steps.review_at), "Review with the SWE lead", "swe")
    yield Appointment(_on_the_day(at, steps.escalation_at), "Escalation, where nobody has answered", "cto")


def _words(campaign: Campaign, dag_id: str, at: datetime) -> str:
    if dag_id == "training_checks":
        return CHECK_TITLES[campaign.check_at(at)]
    return {"train_ppo": "Scheduled training", "revalidate_model": "Revalidation"}[dag_id]


def _on_the_day(at: datetime, clock: str) -> datetime:
    return datetime.combine(at.date(), time.fromisoformat(clock), UTC)
