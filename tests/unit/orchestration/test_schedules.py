from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk import DAG, CronTriggerTimetable, MultipleCronTriggerTimetable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.events import EventsTimetable

from include.config.files import CAMPAIGN
from include.core.errors import ConfigurationError
from include.orchestration import schedules


def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(f"schedules: {{it: {schedule}}}\nrevalidation: {{approval_hours: 6}}\n", encoding="utf-8")
    monkeypatch.setenv("PERPETUA_CAMPAIGN", str(file))


def test_a_cron_fires_at_its_next_slot_and_not_for_one_that_has_passed(tmp_path, monkeypatch) -> None:
    campaign(tmp_path, monkeypatch, '"0 14 * * 5"')
    schedule = schedules.load("it")
    assert isinstance(schedule.timetable, CronTriggerTimetable)
    assert schedule.start_date is None
    assert schedule.catchup is False
    assert schedule.timetable.run_immediately == timedelta(0)


def test_fixed_times_are_sorted_and_caught_up_from_a_minute_before_the_first(tmp_path, monkeypatch) -> None:
    campaign(tmp_path, monkeypatch, "[2026-03-06T14:00:00Z, 2026-02-27T15:00:00+01:00]")
    schedule = schedules.load("it")
    assert isinstance(schedule.timetable, EventsTimetable)
    first = datetime(2026, 2, 27, 14, tzinfo=UTC)
    assert schedule.timetable.event_dates == [first, datetime(2026, 3, 6, 14, tzinfo=UTC)]
    assert schedule.start_date == first - timedelta(minutes=1)
    assert schedule.catchup is True


@pytest.mark.parametrize("entry", ['"0 14 * * 5"', "[2026-02-27T14:00:00Z]"])
def test_a_dag_with_the_schedule_can_be_serialised(tmp_path, monkeypatch, entry: str) -> None:
    campaign(tmp_path, monkeypatch, entry)
    dag = DAG("it", **schedules.load("it").arguments)
    assert DagSerialization.from_dict(DagSerialization.to_dict(dag)).dag_id == "it"


def test_no_schedule_means_by_hand_only(tmp_path, monkeypatch) -> None:
    campaign(tmp_path, monkeypatch, "null")
    assert schedules.load("it").timetable is None
    assert schedules.load("unheard_of").timetable is None


def test_what_is_no_time_is_refused(tmp_path, monkeypatch) -> None:
    campaign(tmp_path, monkeypatch, "[friday]")
    with pytest.raises(
        ConfigurationError, match=r"`schedules\.it` must be a cron, null or a list of datetimes, was 'friday'"
    ):
        schedules.load("it")


def test_the_approval_window_is_the_campaigns(tmp_path, monkeypatch) -> None:
    campaign(tmp_path, monkeypatch, "null")
    assert schedules.approval_timeout() == timedelta(hours=6)


def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    shipped = CAMPAIGN.read_text(encoding="utf-8")
    file = tmp_path / "campaign.yaml"
    file.write_text(
        shipped.replace('revalidate_model: "0 14 * * 5"', f"revalidate_model: {schedule}"), encoding="utf-8"
    )
    monkeypatch.setenv("PERPETUA_CAMPAIGN", str(file))


def test_the_steps_of_a_revalidation_day_fall_on_the_days_of_its_cron(tmp_path, monkeypatch) -> None:
    day(tmp_path, monkeypatch, '"0 14 * * 1,5"')
    schedule = schedules.revalidation_day()
    assert isinstance(schedule.timetable, MultipleCronTriggerTimetable)
    crons = [timetable.expression for timetable in schedule.timetable.timetables]
    assert crons == ["0 10 * * 1,5", "0 16 * * 1,5", "15 16 * * 1,5", "30 16 * * 1,5"]
    assert (schedule.start_date, schedule.catchup) == (None, False)


def test_the_steps_of_a_revalidation_day_fall_on_each_day_of_its_list(tmp_path, monkeypatch) -> None:
    day(tmp_path, monkeypatch, "[2026-03-06T14:00:00Z, 2026-02-27T14:00:00Z, 2026-02-27T15:00:00Z]")
    schedule = schedules.revalidation_day()
    assert [f"{event:%d %b %H:%M}" for event in schedule.timetable.event_dates] == [
        "27 Feb 10:00", "27 Feb 16:00", "27 Feb 16:15", "27 Feb 16:30",
        "06 Mar 10:00", "06 Mar 16:00", "06 Mar 16:15", "06 Mar 16:30",
    ]  # fmt: skip
    assert schedule.catchup is True


@pytest.mark.parametrize("entry", ['"0 14 * * 5"', "[2026-02-27T14:00:00Z]", "null"])
def test_a_revalidation_day_can_be_serialised(tmp_path, monkeypatch, entry: str) -> None:
    day(tmp_path, monkeypatch, entry)
    dag = DAG("it", **schedules.revalidation_day().arguments)
    again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert again.timetable.summary == DagSerialization.from_dict(DagSerialization.to_dict(again)).timetable.summary


@pytest.mark.parametrize(
    ("entry", "clock"),
    [('"0 17 * * 5"', "17:00"), ('"30 9 * * 5"', "09:30"), ("[2026-02-27T16:00:00Z]", "16:00")],
)
def test_a_revalidation_that_fires_outside_of_its_day_is_refused(tmp_path, monkeypatch, entry: str, clock: str) -> None:
    day(tmp_path, monkeypatch, entry)
    with pytest.raises(ConfigurationError, match=rf"must fire between `pre_check_at` 10:00 .* was {clock}"):
        schedules.revalidation_day()


def test_a_cron_whose_times_are_no_plain_numbers_is_taken(tmp_path, monkeypatch) -> None:
    day(tmp_path, monkeypatch, '"*/5 * * * *"')
    assert len(schedules.revalidation_day().timetable.timetables) == 4
