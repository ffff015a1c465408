from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.config.system import load_system
from include.core.files import write_json
from include.reporting.check_log import keep_check
from include.reporting.desk import RunFilter, Unsent, checks_page, desk_page, message_page, running_part
from include.reporting.result_files import APPROVALS
from include.reporting.sign_offs import sign_off
from include.training.ownership import lock_run
from include.training.runs import write_config
from tests.unit.reporting.test_check_log import posted
from tests.unit.reporting.test_listings import write_quality, write_verdict
from tests.unit.training.builders import champion_record, write_run_folder

NOW = datetime(2026, 2, 23, 15, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"


def page(settings: Settings, **filters: object) -> str:
    return desk_page(settings, NOW, RunFilter(**filters))  # type: ignore[arg-type]


def training(settings: Settings, run_id: str = "run-1", **changes: object) -> Path:
    folder = write_run_folder(settings.home.run(run_id), [{"timestep": 125_000}], **changes)
    write_config(folder, load_system("phase4"))
    return folder


def test_an_empty_home_says_that_nothing_is_there_yet(settings: Settings) -> None:
    html = page(settings)
    for text in (
        "No run yet", "Nothing was validated yet", "No features were built yet", "No model was revalidated yet",
        "No model was trained yet",
    ):  # fmt: skip
        assert text in html
    assert html.count("none promoted yet") == 2
    assert "Slack has not taken" not in html


def test_a_training_that_runs_is_shown_with_its_progress(settings: Settings) -> None:
    folder = training(settings)
    with lock_run(folder):
        html, part = page(settings), running_part(settings, NOW)
    assert part.strip() in html.replace("\r", "")
    assert '<progress value="0.25" max="1"' in part
    assert "125,000 <small>of 500,000" in part
    assert "No training is running" in running_part(settings, NOW)


def test_a_running_training_whose_record_is_damaged_hides_no_other(settings: Settings) -> None:
    good, bad = training(settings, "good"), training(settings, "bad")
    (bad / "config.json").unlink()
    with lock_run(good), lock_run(bad):
        part = running_part(settings, NOW)
    assert 'href="runs/good"' in part
    assert "config.json` does not exist" in part.replace("&#39;", "'")


def test_a_champion_tells_age_and_expiry_by_the_newest_batch(settings: Settings) -> None:
    write_json(settings.home.champion("phase4"), champion_record())
    assert "no batch tells the exchange" in page(settings)
    write_quality(settings.home, "batch")  # the exchange's clock is 27 February, 12:00:10
    html = page(settings)
    assert "7.5 days old, expires in 20 d 11 h (2026-03-20 00:00 UTC)" in html
    write_quality(settings.home, "batch", batch={"id": "b", "timeframe": "4h", "market_now": "2026-03-21T00:00:00Z"})
    assert '<small class="bad">29.0 days old, expired 1 d ago' in page(settings)


def test_a_damaged_champion_is_told_and_hides_nothing(settings: Settings) -> None:
    settings.home.champion("phase4").parent.mkdir(parents=True)
    settings.home.champion("phase4").write_text("[1, 2]", encoding="utf-8")
    html = page(settings)
    assert "is not a champion&#39;s record" in html
    assert "none promoted yet" in html


def test_the_checks_of_today_are_planned_made_and_missed(settings: Settings) -> None:
    keep_check(settings.home, posted(at=NOW.replace(hour=10)))
    keep_check(settings.home, posted("pre-training", NOW.replace(hour=9)))
    today = page(settings).split('id="today"')[1].split("</section>")[0]
    assert today.index("#pre-training") < today.index("10:00") < today.index("14:00")
    assert today.count("not made") == 1  # 14:00 is past, 18:00 and 22:00 are to come
    assert "in 3 h" in today


def test_the_phases_show_who_signed_and_a_damaged_file_hides_nothing(settings: Settings) -> None:
    name = settings.campaign.name
    assert page(settings).count("☐ open") == 5
    sign_off(settings.home, "pre_training", "done", "anna", "16 of 16 <b>", NOW, campaign=name)
    html = page(settings)
    assert "☑ done" in html
    assert "2026-02-23 15:00 UTC, anna: 16 of 16 &lt;b&gt;" in html
    settings.home.sign_offs(name).write_text("{}\n", encoding="utf-8")
    html = page(settings)
    assert "is not a sign-off" in html
    assert "No model was trained yet" in html


def test_the_list_of_runs_is_filtered_and_paged(settings: Settings) -> None:
    for number in range(30):
        write_run_folder(
            settings.home.run(f"run-{number:02}"), status="finished", started_at=NOW - timedelta(hours=number)
        )
    html = page(settings, status="finished", page=2)
    assert "30 of 30 runs" in html
    assert "page 2 of 2" in html
    assert 'href="?system=&amp;status=finished&amp;page=1#runs"' in html.replace("&status", "&amp;status")
    assert "run-29" in html
    assert "No run is like that" in page(settings, system="shadow")


def test_verdicts_and_messages_that_slack_has_not_taken_are_shown(settings: Settings) -> None:
    write_verdict(settings.home, 1)
    unsent = [Unsent(NOW - timedelta(minutes=5), "Morning standup", "channel_not_found")]
    html = desk_page(settings, NOW, RunFilter(), unsent)
    assert 'href="reports/revalidation/v1/revalidation_result.html"' in html
    assert "Slack has not taken 1 message<" in html
    assert "5 min ago" in html
    assert "channel_not_found" in html


def test_a_verdict_that_waits_for_a_person_says_so_until_it_is_answered(settings: Settings) -> None:
    home = settings.home
    write_verdict(home, 1)
    assert "waits for an answer" not in desk_page(settings, NOW, RunFilter())
    write_json(home.approval_claim("v1"), {"claimant": "manual__1"})
    html = desk_page(settings, NOW, RunFilter())
    assert "waits for an answer" in html
    assert 'href="../required_actions" target="_top"' in html
    write_json(home.revalidation("v1") / APPROVALS, [{"answer": "approve", "answered_by": "<b>carl"}])
    html = desk_page(settings, NOW, RunFilter())
    assert "waits for an answer" not in html
    assert "approve by &lt;b&gt;carl" in html


def test_texts_from_files_and_people_are_shown_as_text(settings: Settings) -> None:
    write_json(settings.home.champion("phase4"), champion_record(approved_by=EVIL))
    keep_check(settings.home, posted(at=NOW, lines=(EVIL,)))
    write_run_folder(settings.home.run("evil"), preset=EVIL, engine=EVIL, system=EVIL)
    for html in (
        desk_page(settings, NOW, RunFilter(system=EVIL, status=EVIL), [Unsent(NOW, EVIL, EVIL)]),
        checks_page(settings, NOW, None),
        message_page(settings, NOW, "../", "Not found", EVIL),
    ):
        assert EVIL not in html
        assert "&lt;script&gt;alert(1)" in html


def test_the_checks_of_a_day_are_shown_newest_day_first(settings: Settings) -> None:
    keep_check(settings.home, posted(lines=("old words",)))
    keep_check(settings.home, posted(at=NOW + timedelta(days=1), lines=("new words",)))
    assert "new words" in checks_page(settings, NOW, None)
    old = checks_page(settings, NOW, "2026-02-23")
    assert "old words" in old
    assert "new words" not in old
    assert 'href="checks?day=2026-02-24"' in old


@pytest.mark.parametrize("day", ["2020-01-01", None])
def test_a_day_without_checks_says_so(settings: Settings, day: str | None) -> None:
    assert "No check was made on this day" in checks_page(settings, NOW, day)


def test_a_text_that_is_no_day_shows_the_newest(settings: Settings) -> None:
    keep_check(settings.home, posted(lines=("words",)))
    assert "words" in checks_page(settings, NOW, "../../etc")


def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_code(settings: Settings) -> None:
    training(settings, status="finished")
    for html in (page(settings), checks_page(settings, NOW, None)):
        assert "http://" not in html
        assert "https://" not in html
        assert " style=" not in html
        assert "<style" not in html
        assert html.count("<script") == html.count("<script src=")
