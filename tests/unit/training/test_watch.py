"""The alerts on a run as a whole: process, log files, memory, losses, checkpoint age."""

import math
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest

from include.config.system import load_system
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.errors import MissingInputError
from include.training.logs import LOGS
from include.training.mlflow_mirror import MIRROR_FILE
from include.training.ownership import lock_run
from include.training.remedies import remedies
from include.training.summary import RunSummary
from include.training.watch import evaluate_run
from tests.support.documents import document, needs_documents, table
from tests.unit.training.builders import NOW, STARTED, add_checkpoint, write_run_folder

SYSTEM = load_system("phase4")


def _evaluate(folder: Path, hours_later: float = 0.0) -> CheckReport:
    return evaluate_run(folder, SYSTEM, STARTED + timedelta(hours=hours_later))


def _named(report: CheckReport, name: str) -> CheckResult:
    return next(result for result in report.results if result.name == name)


def test_every_alert_of_the_documents_is_evaluated_and_has_a_remedy(tmp_path: Path) -> None:
    names = {result.name for result in _evaluate(write_run_folder(tmp_path / "r", [{}])).results}
    assert names == {
        "log_files",
        "training_process",
        "out_of_memory",
        "finite_losses",
        "reward_trend",
        "no_improvement",
        "kl_divergence",
        "policy_loss",
        "value_loss",
        "episode_reward",
        "training_win_rate",
        "training_drawdown",
        "entropy",
        "clip_fraction",
        "convergence",
        "overfitting",
        "magnitudes",
        "checkpoint_age",
        "mlflow_mirror",
    }
    assert names <= set(remedies())


def test_a_real_finished_training_is_understood_without_a_critical_alert(finished: RunSummary) -> None:
    report = evaluate_run(Path(finished.folder), SYSTEM, NOW)
    assert report.passed
    for name in ("log_files", "training_process", "finite_losses", "kl_divergence", "policy_loss", "entropy"):
        assert _named(report, name).passed, name
    assert _named(report, "entropy").observed == pytest.approx(math.log(5), abs=0.1)


def test_a_running_run_that_no_process_holds_is_critical(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"timestep": 4096}])
    result = _named(_evaluate(folder), "training_process")
    assert not result.passed
    assert "ended at step 4,096" in result.message
    with lock_run(folder):
        assert _named(_evaluate(folder), "training_process").passed


@pytest.mark.parametrize(("status", "severity"), [("failed", Severity.CRITICAL), ("stopped", Severity.WARNING)])
def test_a_training_that_did_not_finish_is_an_alert(tmp_path: Path, status: str, severity: Severity) -> None:
    result = _named(_evaluate(write_run_folder(tmp_path / "r", status=status, error="it broke")), "training_process")
    assert not result.passed
    assert result.severity is severity


def test_an_out_of_memory_error_is_recognised(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", status="failed", error="Unable to allocate", error_type="MemoryError")
    result = _named(_evaluate(folder), "out_of_memory")
    assert not result.passed
    assert "reduce batch_size or n_steps" in result.message


@pytest.mark.parametrize("value", [None, math.inf, -math.inf])
def test_one_bad_loss_anywhere_is_critical_and_names_its_step(tmp_path: Path, value: float | None) -> None:
    updates = [{"timestep": 2048}, {"timestep": 4096, "value_loss": value}, {"timestep": 6144}]
    result = _named(_evaluate(write_run_folder(tmp_path / "r", updates)), "finite_losses")
    assert not result.passed
    assert result.severity is Severity.CRITICAL
    assert result.observed == 4096


def test_a_training_that_met_nan_before_any_update_is_a_bad_loss_too(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", status="failed", error="`f` was nan", error_type="DivergedError")
    assert not _named(_evaluate(folder), "finite_losses").passed


def test_a_missing_log_file_is_named(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    (folder / LOGS / "daily_summary.log").unlink()
    result = _named(_evaluate(folder), "log_files")
    assert not result.passed
    assert "daily_summary.log is missing" in result.message


@pytest.mark.parametrize(
    ("hours", "passed", "severity"),
    [(11.9, True, None), (12.1, False, Severity.WARNING), (24.1, False, Severity.CRITICAL)],
)
def test_a_training_without_any_checkpoint_is_measured_from_its_start(
    tmp_path: Path, hours: float, passed: bool, severity: Severity | None
) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    with lock_run(folder):
        result = _named(_evaluate(folder, hours), "checkpoint_age")
    assert result.passed is passed
    assert severity is None or result.severity is severity


def test_a_new_checkpoint_makes_the_training_young_again(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}], started_at=STARTED - timedelta(days=400))
    with lock_run(folder):
        assert not _named(_evaluate(folder), "checkpoint_age").passed
        add_checkpoint(folder, 10)
        # the checkpoint is newer than the wall clock of this report: its age counts as below any limit
        assert _named(_evaluate(folder), "checkpoint_age").passed


def test_checkpoints_of_an_ended_training_do_not_age(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}], status="finished")
    result = _named(_evaluate(folder, 1000), "checkpoint_age")
    assert result.passed
    assert "no training is running" in result.message


def test_without_a_run_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="Run `r` does not exist"):
        _evaluate(tmp_path / "r")


def test_a_broken_mirror_is_a_warning_that_names_its_error(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{}])
    assert _named(_evaluate(folder), "mlflow_mirror").passed
    (folder / MIRROR_FILE).write_text('{"error": "OperationalError: disk full"}')
    result = _named(_evaluate(folder), "mlflow_mirror")
    assert not result.passed
    assert result.severity is Severity.WARNING
    assert "disk full" in result.message


STEPS = range(110_000, 260_000, 2_048)


def falling(folder: Path) -> None:
    episodes = [{"timesteps": 195_000 + 200 * place, "reward": -0.002 * 200 * place} for place in range(30)]
    write_run_folder(folder, [{}], episodes)


def spiking(folder: Path) -> None:
    write_run_folder(folder, [{"approx_kl": 0.11}])


def standing_still(folder: Path) -> None:
    write_run_folder(folder, [{"timestep": step, "reward": 1.0} for step in STEPS])


def without_checkpoint(folder: Path) -> None:
    write_run_folder(folder, [{}])


def out_of_memory(folder: Path) -> None:
    error = {"error": "CUDA out of memory. Tried to allocate 2.00 GiB", "error_type": "OutOfMemoryError"}
    write_run_folder(folder, [{}], status="failed", **error)


def exploding(folder: Path) -> None:
    write_run_folder(folder, [{}, {"policy_loss": None}])


PROVOKED = {
    "Negative reward trend": ("reward_trend", falling),
    "KL divergence spike": ("kl_divergence", spiking),
    "No improvement": ("no_improvement", standing_still),
    "Checkpoint age": ("checkpoint_age", without_checkpoint),
    "GPU memory error": ("out_of_memory", out_of_memory),
    "Gradient explosion": ("finite_losses", exploding),
}


@needs_documents
def test_every_alert_of_the_documents_table_rings_on_a_run_that_is_so(tmp_path: Path) -> None:
    rows = table(document("phase4_operations_checklist"), "### Alert Thresholds")
    assert [row["Alert"] for row in rows] == list(PROVOKED)
    for place, (name, write) in enumerate(PROVOKED.values()):
        folder = tmp_path / str(place)
        write(folder)
        with nullcontext() if name == "out_of_memory" else lock_run(folder):
            report = evaluate_run(folder, load_system("phase4"), NOW + timedelta(hours=1))
        failed = {failure.name: failure for failure in report.failures}
        assert name in failed
        for part in ("Possible causes: ", "Actions: ", f"Runbook: docs/runbook.md#{name}."):
            assert part in failed[name].message


def test_a_sound_run_rings_none_of_them(tmp_path: Path) -> None:
    write_run_folder(tmp_path / "r", [{"timestep": step, "reward": step / 1e5} for step in STEPS])
    with lock_run(tmp_path / "r"):
        report = evaluate_run(tmp_path / "r", load_system("phase4"), STARTED + timedelta(hours=1))
    assert not {failure.name for failure in report.failures} & {name for name, _ in PROVOKED.values()}
