import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.config.retention import load_retention
from include.config.settings import Settings
from include.core.checks import CheckReport
from include.core.errors import IntegrityError
from include.core.files import write_json
from include.core.paths import Home
from include.reporting.check_log import PostedCheck, check_days, keep_check
from include.reporting.retention import prune
from include.reporting.revalidation import write_report
from include.training.checkpoints import checkpoint_folders, save_checkpoint
from include.training.ownership import lock_run
from tests.unit.reporting.results import result_of
from tests.unit.training.builders import champion_record, model_state, write_run_folder

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
KEEP = load_retention()


@pytest.fixture
def home(settings: Settings) -> Home:
    return settings.home


def run(home: Home, run_id: str, ended_days_ago: float | None, **changes: object) -> Path:
    """A run with three checkpoints and its logs."""
    ended = None if ended_days_ago is None else NOW - timedelta(days=ended_days_ago)
    status = "running" if ended is None else "finished"
    folder = write_run_folder(home.run(run_id), **{"status": status, "ended_at": ended, **changes})
    for timestep in (100, 200, 300):
        save_checkpoint(folder, model_state(timestep), run_id, score=0.1)
    return folder


def revalidation(home: Home, identity: str, days_ago: float) -> None:
    write_report(result_of(id=identity, created_at=NOW - timedelta(days=days_ago)), home.revalidation(identity))


def removed(home: Home, *, is_dry: bool = False) -> set[str]:
    return {str(one.path.relative_to(home.root)) for one in prune(home, KEEP, NOW, is_dry=is_dry)}


def test_an_old_run_keeps_its_newest_checkpoint_a_recent_or_unfinished_one_all(home: Home) -> None:
    old = run(home, "old", KEEP.checkpoints + 1)
    recent, unfinished = run(home, "recent", KEEP.checkpoints - 1), run(home, "unfinished", None)
    expected = {"runs/old/checkpoints/step_00000100", "runs/old/checkpoints/step_00000200"}
    assert removed(home, is_dry=True) == expected
    assert len(checkpoint_folders(old)) == 3
    (first, *_) = prune(home, KEEP, NOW, is_dry=True)
    assert first.bytes == sum(file.stat().st_size for file in first.path.rglob("*") if file.is_file()) > 0
    assert removed(home) == expected
    assert [len(checkpoint_folders(folder)) for folder in (old, recent, unfinished)] == [1, 3, 3]
    assert (old / "run.json").is_file()
    assert removed(home) == set()


def test_a_run_that_somebody_goes_on_with_is_left_alone(home: Home) -> None:
    old = run(home, "old", KEEP.checkpoints + 1)
    with lock_run(old):
        assert removed(home) == set()


def test_what_a_champion_or_an_earlier_one_was_made_of_stays(home: Home) -> None:
    for name in ("champion", "earlier", "other"):
        run(home, name, 1_000)
        revalidation(home, name, 1_000)
    earlier = champion_record(run_id="earlier", revalidation_id="earlier")
    standing = champion_record(run_id="champion", revalidation_id="champion")
    write_json(home.champion("phase4"), standing | {"history": [earlier]})
    assert {path.split("/")[1] if path.startswith("runs") else path for path in removed(home)} == {
        "other",
        "reports/revalidation/other",
    }
    assert home.revalidation("champion").is_dir()
    assert home.revalidation("earlier").is_dir()
    assert len(checkpoint_folders(home.run("earlier"))) == 3


def test_nothing_is_removed_while_a_champion_cannot_be_read(home: Home) -> None:
    run(home, "old", 1_000)
    home.champion("phase4").parent.mkdir(parents=True)
    home.champion("phase4").write_text("{", encoding="utf-8")
    with pytest.raises(IntegrityError):
        prune(home, KEEP, NOW)
    assert len(checkpoint_folders(home.run("old"))) == 3


def test_old_reports_checks_and_claims_go_recent_ones_stay(home: Home) -> None:
    revalidation(home, "young", KEEP.revalidations - 1)
    revalidation(home, "aged", KEEP.revalidations + 1)
    for days in (KEEP.checks - 1, KEEP.checks + 2):
        report = CheckReport(subject="s")
        at = NOW - timedelta(days=days)
        keep_check(home, PostedCheck(slot="standup", title="t", at=at, report=report, lines=(), run_id=None))
    for name, days in (("fresh", 1.0), ("stale", KEEP.claims + 1)):
        write_json(home.claim(name), {"claimant": "x"})
        stamp = (NOW - timedelta(days=days)).timestamp()
        os.utime(home.claim(name), (stamp, stamp))
    gone = removed(home)
    assert {"reports/revalidation/aged", "claims/stale.json"} < gone
    assert len(gone) == 3
    assert check_days(home) == [(NOW - timedelta(days=KEEP.checks - 1)).date()]
    assert home.claim("fresh").is_file()


def test_an_empty_home_has_nothing_to_remove(home: Home) -> None:
    assert removed(home) == set()
