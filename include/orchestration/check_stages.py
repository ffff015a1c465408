"""The checks as stages: the day's four, the checklists, the revalidation day's; made, posted, signed off."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from include.config.firings import last_firing
from include.config.settings import Settings
from include.core.clock import wall_now
from include.core.errors import InvalidInputError, PerpetuaError
from include.core.slots import EVERY_SLOT, PRE_TRAINING, SCHEDULE, CheckSlot
from include.orchestration.campaign_stages import sign_off
from include.orchestration.links import Links

if TYPE_CHECKING:
    from include.alerts.delivery import Attachment
    from include.training.slots import SlotReport

log = logging.getLogger(__name__)

# in the place of a message's `ts`, where there is nothing to tell anybody
UNTOLD = "untold"


def check(
    settings: Settings,
    slot: str,
    now: datetime | None = None,
    occasion: str | None = None,
    signed_by: str = SCHEDULE,
) -> dict[str, Any]:
    """Make one of the checks and post it."""
    return post_check(settings, checked(settings, slot, now), occasion, signed_by)


def checked(settings: Settings, slot: str, now: datetime | None = None) -> "SlotReport":
    """Return one of the checks, made at `now`.

    Parameters
    ----------
    settings : Settings
        Names home, system and campaign.
    slot : str
        One of `EVERY_SLOT`.
    now : datetime or None
        Wall clock; the checks of a revalidation day look for what was judged since the last fixed time before it.
    """
    from include.config.system import load_system
    from include.reporting import revalidation_day
    from include.reporting.advice import advice
    from include.training.pre_revalidation import pre_revalidation
    from include.training.pre_training import pre_training
    from include.training.slots import slot_report

    if slot not in EVERY_SLOT:
        raise InvalidInputError(f"`slot` must be one of {', '.join(EVERY_SLOT)}, was {slot!r}.")
    at, link = now or wall_now(), Links(settings).revalidation
    if slot in get_args(CheckSlot):
        return slot_report(settings, slot, at, advise=lambda standing: advice(settings.home, standing, link))
    if slot == PRE_TRAINING:
        return pre_training(settings, settings.system, lambda: load_system(settings.system)).slot_report
    due = last_firing(settings.campaign.schedules.get("revalidate_model"), at)
    match slot:
        case "pre-revalidation":
            return pre_revalidation(settings, at).slot_report
        case "decision-report":
            return revalidation_day.decision_report(settings, at, due, link)
        case "review":
            return revalidation_day.review(settings, at, due)
        case _:
            return revalidation_day.escalation(settings, at, due)


def post_check(
    settings: Settings, report: "SlotReport", occasion: str | None = None, signed_by: str = SCHEDULE
) -> dict[str, Any]:
    """Keep a check for the desk, tell it in the thread of the day, and sign off what it completes.

    One line comes first, then every field of it, the snapshot with its curves. An escalation without a cause is kept
    and not told.

    Parameters
    ----------
    settings : Settings
        Names home, campaign and channel.
    report : SlotReport
        What `checked` returned.
    occasion : str or None
        What it was made for, such as a DAG run; None is the day. It is told once on each, unless something else was
        found.
    signed_by : str
        The person or the schedule that asked for it.
    """
    from include.alerts.delivery import deliver, told_before
    from include.alerts.messages import slot, slot_details, slot_key
    from include.alerts.threads import day_thread
    from include.reporting.check_log import PostedCheck, keep_check

    now = wall_now()
    done = {"slot": report.slot, "passed": report.report.passed, "lines": list(report.lines)}
    # kept first: a Slack that is down leaves it readable
    kept = PostedCheck(at=now, **report.model_dump(exclude={"champion", "headline"}))
    keep_check(settings.home, kept)
    if report.slot == "escalation" and not report.report.failures:
        log.info("Nothing to escalate: %s", report.headline)
        return done | {"ts": UNTOLD}
    key = slot_key(report, occasion or f"{now:%Y-%m-%d}")
    message = slot(report, key, told_before(settings, report.report, key, now))
    posted = deliver(settings, message, day_thread(now))
    if report.slot != "escalation":
        # an escalation has said all in its one alert
        deliver(settings, slot_details(report, message.key), day_thread(now), _figures(settings, report, now))
    if posted is not None:
        keep_check(settings.home, kept.model_copy(update={"is_posted": True}))
    _sign_off(settings, report, now, signed_by)
    return done | {"ts": posted.ts if posted else None}


def slot_at(settings: Settings, instant: datetime) -> str:
    """Return the check of the day that `instant` belongs to: the newest one that began at or before it."""
    return settings.campaign.check_at(instant)


def revalidation_slot_at(settings: Settings, instant: datetime) -> str:
    """Return the step of the revalidation day that `instant` belongs to: the newest that began at or before it."""
    steps = settings.campaign.revalidation.steps
    clock = instant.astimezone(UTC).strftime("%H:%M")
    begun = [slot for slot, at in steps.items() if at <= clock]
    return begun[-1] if begun else list(steps)[-1]


def _figures(settings: Settings, report: "SlotReport", now: datetime) -> list["Attachment"]:
    """Draw the curves so far, which belong to the snapshot."""
    from include.alerts.delivery import Attachment
    from include.reporting.figures import training_figure

    if report.slot != "snapshot" or report.run_id is None:
        return []
    target = settings.home.checks / now.date().isoformat() / f"snapshot-{now:%H%M%S}.png"
    try:
        training_figure(settings.home.run(report.run_id), target)
    except PerpetuaError:
        # damaged logs are an alert of the snapshot itself, which must be told
        log.exception("The curves of %s cannot be drawn", report.run_id)
        return []
    return [Attachment(target, f"Training curves of {report.run_id} so far")]


def _sign_off(settings: Settings, report: "SlotReport", at: datetime, signed_by: str) -> None:
    """Sign off the phase that this check completes: the checklist's, or monitoring by a day's four checks."""
    from include.reporting.check_log import checks_of
    from include.training.checklist import summary_of, verdict_of

    if report.slot == PRE_TRAINING:
        status = "refused" if verdict_of(report.report) == "BLOCKED" else "done"
        sign_off(settings, "pre_training", status, signed_by, summary_of(report.report))
    if report.slot in get_args(CheckSlot):
        day = at.astimezone(UTC).date()
        posted = {check.slot for check in checks_of(settings.home, day)[0] if check.is_posted}
        if set(get_args(CheckSlot)) <= posted:
            note = f"The four checks of {day} were posted"
            sign_off(settings, "daily_monitoring", "done", signed_by, note)
