from datetime import UTC, datetime, timedelta

from include.config.campaign import Campaign, load_campaign
from include.reporting.campaign_plan import Event, next_events, planned_checks

THURSDAY = datetime(2026, 2, 26, 17, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 2, 27, 14, 0, tzinfo=UTC)


def campaign(**schedules: object) -> Campaign:
    shipped = load_campaign()
    return shipped.model_copy(update={"schedules": dict.fromkeys(shipped.schedules) | schedules})


def test_the_shipped_campaign_names_what_comes_in_order() -> None:
    events = next_events(load_campaign(), THURSDAY, 5)
    assert events == [
        Event(datetime(2026, 2, 26, 18, 0, tzinfo=UTC), "check: snapshot", "training_checks"),
        Event(datetime(2026, 2, 26, 20, 2, tzinfo=UTC), "market data", "market_data"),
        Event(datetime(2026, 2, 26, 22, 0, tzinfo=UTC), "check: checkpoints", "training_checks"),
        Event(datetime(2026, 2, 27, 10, 0, tzinfo=UTC), "check: standup", "training_checks"),
        Event(datetime(2026, 2, 27, 10, 0, tzinfo=UTC), "pre-revalidation checklist", "revalidation_day"),
    ]


def test_a_revalidation_brings_its_report_review_and_escalation() -> None:
    events = next_events(campaign(revalidate_model=(FRIDAY,)), THURSDAY)
    assert [(event.at.strftime("%a %H:%M"), event.what, event.dag_id) for event in events] == [
        ("Fri 10:00", "pre-revalidation checklist", "revalidation_day"),
        ("Fri 14:00", "revalidation", "revalidate_model"),
        ("Fri 16:00", "decision report due", "revalidation_day"),
        ("Fri 16:15", "review of the decision", "revalidation_day"),
        ("Fri 16:30", "campaign Phase 4 ends", None),
        ("Fri 16:30", "escalation, if nobody answered", "revalidation_day"),
    ]


def test_what_a_revalidation_of_today_still_owes_is_named() -> None:
    for schedule in ("0 14 * * 5", (FRIDAY,)):
        events = next_events(campaign(revalidate_model=schedule), FRIDAY.replace(hour=16, minute=5), 2)
        assert [event.what for event in events] == ["review of the decision", "campaign Phase 4 ends"]


def test_an_event_that_is_past_or_far_away_is_not_named() -> None:
    far, past = THURSDAY + timedelta(days=15), THURSDAY - timedelta(days=2)
    events = next_events(campaign(train_ppo=(past, far)), THURSDAY.replace(year=2027))
    assert events == []


def test_what_repeats_itself_is_named_once() -> None:
    events = next_events(campaign(market_data="* * * * *", train_ppo=(FRIDAY,)), THURSDAY, 99)
    assert [event.what for event in events if event.dag_id] == ["market data", "scheduled training"]


def test_the_checks_of_a_day_are_those_of_its_schedule_and_slots() -> None:
    planned = planned_checks(load_campaign(), THURSDAY)
    assert [(at.hour, slot) for at, slot in planned] == [
        (10, "standup"), (14, "convergence"), (18, "snapshot"), (22, "checkpoints"),
    ]  # fmt: skip
    assert {at.date() for at, _ in planned} == {THURSDAY.date()}


def test_checks_by_hand_only_plan_nothing() -> None:
    assert planned_checks(campaign(), THURSDAY) == []
