"""The four checks of the day, on no run, a run in training, and a real finished training."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.checks import Severity
from include.core.errors import InvalidInputError
from include.core.files import write_json
from include.core.slots import CHECK_TITLES
from include.training.ownership import lock_run
from include.training.slots import slot_report
from include.training.summary import RunSummary
from tests.unit.training.builders import NOW, STARTED, champion_record, write_run_folder


@pytest.mark.parametrize("slot", CHECK_TITLES)
def test_before_the_first_run_each_check_says_so(settings: Settings, slot: str) -> None:
    report = slot_report(settings, slot, NOW)
    assert (report.run_id, report.champion) == (None, None)
    assert report.lines[0] == "No run of phase4 yet. Next step: train one."
    assert report.report.failures == ()


@pytest.mark.parametrize(
    ("slot", "content"),
    [
        ("standup", "- Training status: 256 / 256 timesteps (100%)"),
        ("convergence", "Policy entropy (should decrease gradually)"),
        ("snapshot", "- Validation return: best"),
        ("checkpoints", "- ✅ step_00000256: step 256, checksums match"),
    ],
)
def test_a_real_training_gives_a_report_people_understand(finished: RunSummary, slot: str, content: str) -> None:
    settings = Settings(PERPETUA_HOME=Path(finished.folder).parents[1])
    report = slot_report(settings, slot, NOW)
    assert report.run_id == finished.run_id
    assert report.report.passed
    assert report.lines[1] == "✅ Log Files: All present"
    assert "No training is running" in report.lines[5]
    assert any(content in line for line in report.lines)


def test_the_run_in_training_is_reported_rather_than_a_newer_one(settings: Settings) -> None:
    write_run_folder(settings.home.run("newer"), [{}], status="finished", started_at=STARTED + timedelta(hours=1))
    training = write_run_folder(settings.home.run("training"), [{}])
    with lock_run(training):
        assert slot_report(settings, "standup", NOW).run_id == "training"
    assert slot_report(settings, "standup", NOW).run_id == "newer"


@pytest.mark.parametrize("slot", CHECK_TITLES)
@pytest.mark.parametrize("has_run", [True, False])
def test_every_check_names_the_champion_and_rings_when_it_has_expired(
    settings: Settings, slot: str, has_run: bool
) -> None:
    write_json(settings.home.champion("phase4"), champion_record())
    if has_run:
        write_run_folder(settings.home.run("r"), [{}], status="finished")
    report = slot_report(settings, slot, NOW, lambda _: datetime(2026, 3, 21, tzinfo=UTC))
    assert report.champion is not None
    assert report.champion.run_id == "phase4-abc"
    assert (
        sum(line.startswith(("🏆 Champion: phase4-abc, GO", "⏳ Model age: 29.0 days")) for line in report.lines) == 2
    )
    (alert,) = [failure for failure in report.report.failures if failure.name == "champion_expiry"]
    assert alert.severity is Severity.CRITICAL
    assert (report.lines[0] == "❌ Overall Status: CRITICAL") is has_run


def test_a_damaged_checkpoint_makes_the_evening_check_critical(settings: Settings) -> None:
    folder = write_run_folder(settings.home.run("r"), [{}], status="finished")
    checkpoint = folder / "checkpoints" / "step_00000010"
    checkpoint.mkdir(parents=True)
    report = slot_report(settings, "checkpoints", NOW)
    assert not report.report.passed
    assert report.lines[0] == "❌ Overall Status: CRITICAL"


def test_drift_is_told_in_the_morning_and_at_the_end_of_the_day(settings: Settings) -> None:
    write_run_folder(settings.home.run("r"), [{}], status="finished")
    told = [
        slot for slot in CHECK_TITLES if any("Feature drift" in line for line in slot_report(settings, slot, NOW).lines)
    ]
    assert told == ["standup", "snapshot"]


def test_an_unknown_slot_is_refused(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="`slot` must be one of standup"):
        slot_report(settings, "lunch", NOW)
