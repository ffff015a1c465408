"""Logs are cut back to where a bundle found them, however often."""

from pathlib import Path

from include.training.log_positions import log_positions, truncate_logs


def _logs(folder: Path, **contents: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in contents.items():
        (folder / f"{name}.log").write_text(text, encoding="utf-8")
    return folder


def test_positions_are_bytes_and_leave_folders_out(tmp_path: Path) -> None:
    logs = _logs(tmp_path / "logs", summary="10 · äö\n", alerts="")
    (logs / "tensorboard").mkdir()
    assert log_positions(logs) == {"summary.log": 11, "alerts.log": 0}


def test_what_came_after_is_cut_off_and_cutting_twice_changes_nothing(tmp_path: Path) -> None:
    logs = _logs(tmp_path / "logs", summary="one\n", alerts="first\n")
    positions = log_positions(logs)
    _logs(logs, summary="one\ntwo\nthr", alerts="first\nsecond\n")
    for _ in range(2):
        assert truncate_logs(logs, positions) == []
        assert (logs / "summary.log").read_text() == "one\n"
        assert (logs / "alerts.log").read_text() == "first\n"


def test_a_log_that_came_later_becomes_empty(tmp_path: Path) -> None:
    logs = _logs(tmp_path / "logs", summary="one\n")
    positions = log_positions(logs)
    _logs(logs, later="row\n")
    assert truncate_logs(logs, positions) == []
    assert (logs / "later.log").read_text() == ""


def test_a_log_that_lost_rows_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    logs = _logs(tmp_path / "logs", summary="one\ntwo\n", gone="x\n")
    positions = log_positions(logs)
    _logs(logs, summary="one\n")
    (logs / "gone.log").unlink()
    assert truncate_logs(logs, positions) == ["gone.log has 0 of 2 bytes", "summary.log has 4 of 8 bytes"]
    assert (logs / "summary.log").read_text() == "one\n"


def test_a_folder_that_is_gone_is_made_again(tmp_path: Path) -> None:
    assert truncate_logs(tmp_path / "logs", {"summary.log": 3}) == ["summary.log has 0 of 3 bytes"]
    assert (tmp_path / "logs").is_dir()
