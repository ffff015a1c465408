import logging
from pathlib import Path

import pytest

from include.orchestration.progress import Pace, file_progress, progress_file, read_progress


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


def test_the_time_left_counts_from_where_this_process_began() -> None:
    pace = Pace(done=400, at=100.0)
    # 200 steps in 10 s leave 400 steps for 20 s
    assert pace.seconds_left(600, 1_000, now=110.0) == pytest.approx(20.0)
    assert pace.seconds_left(400, 1_000, now=110.0) is None
    assert pace.seconds_left(1_000, 1_000, now=110.0) is None


def test_a_long_stage_says_how_long_it_still_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter([0.0, 10.0, 20.0, 40.0])
    monkeypatch.setattr("include.orchestration.progress.time.monotonic", lambda: next(clock))
    report = file_progress(progress_file(tmp_path))
    with caplog.at_level(logging.INFO):
        for done in (100, 200, 1_000):
            report("training", done, 1_000)
    assert [record.getMessage() for record in caplog.records] == [
        "training: 100 of 1,000 (10 s)",
        "training: 200 of 1,000 (20 s, 1 min 20 s left)",
        "training: 1,000 of 1,000 (40 s)",
    ]
