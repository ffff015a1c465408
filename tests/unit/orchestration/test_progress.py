import logging
from pathlib import Path

import pytest

from include.orchestration.progress import file_progress, progress_file, read_progress


def test_the_newest_progress_can_be_read_by_another_process(tmp_path: Path) -> None:
    target = progress_file(tmp_path)
    report = file_progress(target)
    report("candles", 1, 3)
    assert read_progress(target) == {"label": "candles", "done": 1, "total": 3}
    report("candles", 3, 3)
    assert read_progress(target) == {"label": "candles", "done": 3, "total": 3}


def test_a_flood_of_reports_is_thinned_but_a_new_label_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = file_progress(progress_file(tmp_path))
    with caplog.at_level(logging.INFO):
        for done in range(1000):
            report("candles", done, 1000)
        report("funding", 0, 10)
    assert len(caplog.records) == 2


def test_no_progress_yet_is_none(tmp_path: Path) -> None:
    assert read_progress(progress_file(tmp_path)) is None
