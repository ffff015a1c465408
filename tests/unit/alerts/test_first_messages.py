import json

import pytest

from include.alerts.first_messages import first_message
from include.alerts.message import escape
from include.alerts.messages import training_started
from include.config.settings import Settings
from include.core.errors import InvalidInputError
from include.training.runs import write_run
from tests.unit.alerts.test_messages import run_of


@pytest.mark.parametrize(
    ("day", "title"),
    [
        ("2026-02-23", "Campaign Phase 4 · Monday 23 Feb 2026 · day 1 of 5"),
        ("2026-02-27", "Campaign Phase 4 · Friday 27 Feb 2026 · day 5 of 5"),
        ("2026-02-28", "Saturday 28 Feb 2026"),
        ("2026-02-22", "Sunday 22 Feb 2026"),
    ],
)
def test_a_day_says_where_in_the_campaign_it_is(settings: Settings, day: str, title: str) -> None:
    assert first_message(settings, f"day:{day}").text == title


def test_a_day_names_what_is_planned(settings: Settings) -> None:
    first, last = (json.dumps(first_message(settings, f"day:2026-02-{day}").blocks) for day in (23, 27))
    for what in ("10:00 Campaign Phase 4 begins", "10:00 Morning standup", "14:00 Mid-day convergence review"):
        assert what in first
    assert "evalidation" not in first
    for what in (
        "14:00 Revalidation",
        "16:00 Decision report",
        "16:30 Escalation",
        "22:00 Evening checkpoint validation",
    ):
        assert what in last
    assert "Market" not in first + last


def test_a_day_without_plans_says_only_which_it_is(settings: Settings) -> None:
    bare = settings.campaign.model_copy(update={"schedules": {}})
    settings = settings.model_copy()
    settings.__dict__["campaign"] = bare
    assert len(first_message(settings, "day:2026-03-02").blocks) == 1


def test_a_run_begins_with_the_start_of_its_training(settings: Settings) -> None:
    run, folder = run_of(), settings.home.run("phase4-abc-s42")
    folder.mkdir(parents=True)
    write_run(folder, run)
    assert first_message(settings, "run:phase4-abc-s42") == training_started(run, str(folder))


@pytest.mark.parametrize("name", ["unknown", "not/a name & <x>"])
def test_a_run_without_a_record_has_a_thread_all_the_same(settings: Settings, name: str) -> None:
    message = first_message(settings, f"run:{name}")
    assert escape(name) in message.text
    assert "<x>" not in json.dumps(message.blocks)


@pytest.mark.parametrize("thread", ["week:7", "run:", "day:someday", ""])
def test_any_other_thread_is_refused(settings: Settings, thread: str) -> None:
    with pytest.raises(InvalidInputError, match="thread"):
        first_message(settings, thread)
