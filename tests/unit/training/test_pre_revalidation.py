"""The morning checklist of the revalidation day, on a real finished training and on each way it can be broken."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.config.settings import Settings
from include.core.checks import CheckResult
from include.core.clock import wall_now
from include.core.files import read_json, write_json
from include.training.checklist import Checklist
from include.training.logs import LOGS
from include.training.ownership import lock_run
from include.training.pre_revalidation import pre_revalidation
from include.training.runs import RunInfo, read_run, write_run
from include.training.summary import RunSummary
from tests.support.datasets import write_dataset
from tests.support.documents import document, needs_documents
from tests.unit.training.builders import tiny_dataset, write_run_folder


@pytest.fixture
def run(settings: Settings, finished: RunSummary) -> Path:
    """Return a copy of the real run in a home whose dataset is there too."""
    folder = settings.home.run(finished.run_id)
    shutil.copytree(finished.folder, folder)
    write_dataset(tiny_dataset(), settings.home.dataset(finished.dataset_id))
    return folder


def checklist(settings: Settings, now: datetime | None = None) -> Checklist:
    return pre_revalidation(settings, now or wall_now())


def item(settings: Settings, name: str) -> CheckResult:
    return next(result for result in checklist(settings).report.results if result.name == name)


def changed(folder: Path, **changes: object) -> RunInfo:
    return write_run(folder, RunInfo.model_validate(read_run(folder).model_dump() | changes))


def test_a_whole_run_passes_every_item_of_the_document(settings: Settings, run: Path) -> None:
    found = checklist(settings)
    assert found.report.failures == ()
    assert found.slot_report.title == f"Pre-revalidation checklist of {run.name}: READY"
    assert found.slot_report.run_id == run.name
    assert found.slot_report.lines[-1] == "STATUS: ✅ READY"


@needs_documents
def test_every_line_of_the_document_has_its_items(settings: Settings, run: Path) -> None:
    text = document("phase4_operations_checklist")
    part = text[text.index("### Pre-Revalidation") : text.index("### Revalidation Execution")]
    items = {
        "Training completed": "steps_reached",
        "Final model saved as": "best_model",
        "Final model metrics": "final_metrics",
        "All 5 days of logs and checkpoints": "logs_intact summary_log checkpoints_intact",
        "No errors in final logs": "final_logs",
        "Clean shutdown": "clean_shutdown",
    }
    lines = [line.removeprefix("- [ ] ") for line in part.splitlines() if line.startswith("- [ ]")]
    assert [next(start for start in items if line.startswith(start)) for line in lines] == list(items)
    names = {result.name for result in checklist(settings).report.results}
    assert set(" ".join(items.values()).split()) <= names


def test_without_a_finished_run_it_is_blocked_and_says_what_to_do(settings: Settings) -> None:
    assert checklist(settings).verdict == "BLOCKED"
    assert "none was ever started. Actions: start `train_ppo`." in item(settings, "steps_reached").message
    write_run_folder(settings.home.run("cut-short"), status="stopped")
    assert "the newest is cut-short, stopped. Actions: resume cut-short." in item(settings, "steps_reached").message


def cut_short(run: Path) -> None:
    changed(run, total_timesteps=500_000, ended_by="minutes")


def lost_model(run: Path) -> None:
    (run / "best_model.zip").unlink()


def edited_model(run: Path) -> None:
    (run / "best_model.zip").write_bytes(b"another model")


def no_score(run: Path) -> None:
    changed(run, best_score=None)


def lost_log(run: Path) -> None:
    (run / LOGS / "training_metrics.csv").unlink()


def damaged_log(run: Path) -> None:
    file = run / LOGS / "episodes.csv"
    file.write_text(file.read_text().replace("\n1,", "\nabc,", 1))


def log_back_in_time(run: Path) -> None:
    file = run / LOGS / "training_metrics.csv"
    rows = file.read_text().splitlines()
    file.write_text("\n".join([rows[0], rows[-1], *rows[1:]]) + "\n")


def rows_lost_at_the_end(run: Path) -> None:
    for name in ("training_metrics.csv", "convergence_dashboard.csv"):
        file = run / LOGS / name
        file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")


def silent_for_two_days(run: Path) -> None:
    file = run / LOGS / "daily_summary.log"
    file.write_text(f"2026-02-20 10:00 UTC · begun\n2026-02-22 10:00 UTC · went on\n{file.read_text()}")


def damaged_checkpoint(run: Path) -> None:
    model = next((run / "checkpoints").glob("step_*/*.zip"))
    model.write_bytes(b"cut")


def no_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")


def failed_loss(run: Path) -> None:
    file = run / LOGS / "training_metrics.csv"
    cells = file.read_text().rstrip("\n").rsplit("\n", 1)
    last = cells[1].split(",")
    last[1] = "nan"
    file.write_text(f"{cells[0]}\n{','.join(last)}\n")


def lost_attempt(run: Path) -> None:
    record = read_json(run / "run.json")
    record["attempts"][-1]["status"] = "lost"
    write_json(run / "run.json", record)


@pytest.mark.parametrize(
    ("break_it", "name", "verdict", "words"),
    [
        (cut_short, "steps_reached", "FIX", "of 500,000 steps. It ended early, by minutes"),
        (lost_model, "best_model", "BLOCKED", "best_model.zip cannot be judged"),
        (edited_model, "best_model", "BLOCKED", "best_model.zip cannot be judged"),
        (no_score, "final_metrics", "FIX", "Unknown: validation return"),
        (lost_log, "logs_intact", "BLOCKED", "training_metrics.csv is missing"),
        (damaged_log, "logs_intact", "BLOCKED", "must hold numbers only"),
        (log_back_in_time, "logs_intact", "BLOCKED", "training_metrics.csv goes back in time"),
        (rows_lost_at_the_end, "logs_intact", "BLOCKED", "the last update is of step"),
        (silent_for_two_days, "summary_log", "FIX", "since 2026-02-22 10:00 UTC (at most 24 h)"),
        (damaged_checkpoint, "checkpoints_intact", "FIX", "Checkpoints are damaged: step_"),
        (no_checkpoints, "checkpoints_intact", "FIX", "there is none"),
        (failed_loss, "final_logs", "FIX", "finite_losses"),
        (lost_attempt, "clean_shutdown", "BLOCKED", "No clean shutdown"),
    ],
)
def test_each_fault_is_found_by_its_item(
    settings: Settings, run: Path, break_it: Callable[[Path], None], name: str, verdict: str, words: str
) -> None:
    break_it(run)
    found = item(settings, name)
    assert not found.passed
    assert words in found.message
    assert checklist(settings).verdict == verdict


def test_a_process_that_still_holds_the_run_is_no_clean_shutdown(settings: Settings, run: Path) -> None:
    with lock_run(run):
        found = item(settings, "clean_shutdown")
    assert not found.passed
    assert "a process still holds the run" in found.message


def test_a_newer_unfinished_run_is_told_since_it_will_not_be_judged(settings: Settings, run: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    write_run_folder(settings.home.run("newer"), status="failed", started_at=later)
    assert item(settings, "newest_run").message == "A newer run, newer, is failed and will not be judged."


def test_a_lost_dataset_blocks(settings: Settings, run: Path) -> None:
    shutil.rmtree(settings.home.datasets)
    assert not item(settings, "test_window").passed
    assert checklist(settings).verdict == "BLOCKED"
