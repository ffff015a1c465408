from datetime import timedelta
from pathlib import Path

from include.config.settings import Settings
from include.core.paths import Home
from include.reporting.run_list import PER_PAGE, page_of, run_lines
from include.training.ownership import lock_run
from tests.unit.training.builders import STARTED, write_run_folder


def runs(home: Home, count: int, **changes: object) -> None:
    for number in range(count):
        began = STARTED + timedelta(hours=number)
        write_run_folder(home.run(f"run-{number:02}"), started_at=began, **{"status": "finished", **changes})


def test_the_newest_run_comes_first_and_a_page_holds_so_many(settings: Settings) -> None:
    runs(settings.home, PER_PAGE + 3)
    lines, damaged = run_lines(settings.home)
    first, second = page_of(lines, damaged), page_of(lines, damaged, page=2)
    assert (first.lines[0].info.run_id, len(first.lines)) == (f"run-{PER_PAGE + 2:02}", PER_PAGE)
    assert [line.info.run_id for line in second.lines] == ["run-02", "run-01", "run-00"]
    assert (first.pages, first.matching, first.total) == (2, PER_PAGE + 3, PER_PAGE + 3)
    assert page_of(lines, damaged, page=99).page == 2


def test_runs_are_filtered_by_system_and_status(settings: Settings) -> None:
    runs(settings.home, 2)
    write_run_folder(settings.home.run("other"), system="shadow", status="failed")
    lines, damaged = run_lines(settings.home)
    assert [line.info.run_id for line in page_of(lines, damaged, system="shadow").lines] == ["other"]
    assert page_of(lines, damaged, system="phase4", status="failed").matching == 0
    assert page_of(lines, damaged, status="finished").matching == 2
    assert page_of(lines, damaged).systems == ("phase4", "shadow")


def test_only_a_run_that_somebody_trains_is_running(settings: Settings) -> None:
    write_run_folder(settings.home.run("alive"), status="running")
    write_run_folder(settings.home.run("dead"), status="running")
    with lock_run(settings.home.run("alive")):
        lines, _ = run_lines(settings.home)
    assert {line.info.run_id: line.status for line in lines} == {"alive": "running", "dead": "interrupted"}


def test_a_damaged_record_is_named_and_hides_no_other(settings: Settings) -> None:
    runs(settings.home, 1)
    (settings.home.run("broken")).mkdir()
    (settings.home.run("broken") / "run.json").write_text("{", encoding="utf-8")
    page = page_of(*run_lines(settings.home))
    assert (page.matching, page.damaged) == (1, ("broken",))


def test_an_empty_home_has_one_empty_page(tmp_path: Path) -> None:
    page = page_of(*run_lines(Home(tmp_path)))
    assert (page.lines, page.page, page.pages, page.total) == ((), 1, 1, 0)
