from datetime import UTC, datetime, timedelta

from include.config.campaign import Campaign, load_campaign
from include.reporting.campaign_plan import Event, next_events, planned_checks

THURSDAY = datetime(2026, 2, 26, 17, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 2, 27, 14, 0, tzinfo=UTC)


def campaign(**schedules: object) -> Campaign:
    shipped = load_campaign()
    return shipped.model_copy(update={"schedules": dict.fromkeys(shipped.schedules) | schedules})


def test_the_shipped_campaign_names_what_comes_in_order() -> None:
    events = next_events(load_campaign(), THURSDAY, 8)
    assert [(event.at.strftime("%a %H:%M"), event.what) for event in events] == [
        ("Thu 18:00", "End-of-day metrics snapshot"),
        ("Thu 20:02", "Market data"),
        ("Thu 22:00", "Evening checkpoint validation"),
        ("Fri 10:00", "Morning standup"),
        ("Fri 10:00", "Pre-revalidation checklist"),
        ("Fri 14:00", "Mid-day convergence review"),
        ("Fri 14:00", "Revalidation"),
        ("Fri 16:00", "Decision report"),
    ]


def test_a_revalidation_brings_the_steps_of_its_day() -> None:
    events = next_events(campaign(revalidate_model=(FRIDAY,)), THURSDAY)
    assert [(event.at.strftime("%a %H:%M"), event.what) for event in events] == [
        ("Fri 10:00", "Pre-revalidation checklist"),
        ("Fri 14:00", "Revalidation"),
        ("Fri 16:00", "Decision report"),
        ("Fri 16:15", "Review of the verdict"),
        ("Fri 16:30", "Campaign Phase 4 ends"),
        ("Fri 16:30", "Escalation"),
    ]


def test_what_a_revalidation_of_today_still_owes_is_named() -> None:
    for schedule in ("0 14 * * 5", (FRIDAY,)):
        events = next_events(campaign(revalidate_model=schedule), FRIDAY.replace(hour=16, minute=5), 2)
        assert [event.what for event in events] == ["Review of the verdict", "Campaign Phase 4 ends"]


def test_an_event_that_is_past_or_far_away_is_not_named() -> None:
    far, past = THURSDAY.replace(year=2027, month=3, day=14), THURSDAY - timedelta(days=2)
    assert next_events(campaign(train_ppo=(past, far)), THURSDAY.replace(year=2027)) == []
    soon = next_events(campaign(train_ppo=(past, far)), far - timedelta(days=13))
    assert soon == [Event(far, "Scheduled training", "train_ppo")]


def test_what_repeats_itself_is_named_once() -> None:
    events = next_events(campaign(market_data="* * * * *", train_ppo=(FRIDAY,)), THURSDAY, 99)
    assert [event.what for event in events if event.dag_id] == ["Market data", "Scheduled training"]


def test_the_checks_of_a_day_are_those_of_its_schedule_and_slots() -> None:
    planned = planned_checks(load_campaign(), THURSDAY)
    assert [(at.hour, slot) for at, slot in planned] == [
        (10, "standup"), (14, "convergence"), (18, "snapshot"), (22, "checkpoints"),
    ]  # fmt: skip
    assert {at.date() for at, _ in planned} == {THURSDAY.date()}


def test_checks_by_hand_only_plan_nothing() -> None:
    assert planned_checks(campaign(), THURSDAY) == []


def test_the_shipped_campaign_can_be_planned_without_what_comes_every_few_minutes() -> None:
    shipped = load_campaign()
    events = next_events(shipped, shipped.start, most=50)
    assert {event.dag_id for event in events} >= {"training_checks", "revalidate_model", "market_data"}
    assert "deliver_alerts" not in {event.dag_id for event in events}
