from include.core.progress import Progress, no_progress


def test_nobody_listens():
    report: Progress = no_progress
    assert report("label", 1, 2) is None
