"""The summary of a run."""

from pathlib import Path

from include.config.system import load_system
from include.training.runs import read_run
from include.training.summary import RunSummary, summarise
from tests.unit.training.builders import NOW, write_run_folder


def test_a_summary_repeats_the_record_and_adds_the_alerts(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "r", [{"approx_kl": 0.2}], status="finished", timesteps=4096, best_score=0.1)
    summary = summarise(folder, load_system("phase4"), NOW, is_reused=True)
    assert (summary.run_id, summary.status, summary.timesteps, summary.best_score) == ("r", "finished", 4096, 0.1)
    assert summary.is_reused
    assert [failure.name for failure in summary.alerts.failures] == ["kl_divergence"]


def test_a_summary_survives_json(finished: RunSummary) -> None:
    assert RunSummary.model_validate_json(finished.model_dump_json()) == finished
    assert finished.parameters_sha256 == read_run(Path(finished.folder)).parameters_sha256
