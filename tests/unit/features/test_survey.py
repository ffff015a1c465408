import os

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import write_json
from include.features import survey as module
from include.features.drift import save_drift
from include.features.registry import FEATURE_SETS
from include.features.survey import Rows, current_drift, drift_of, newest_dataset, survey
from tests.support import feature_builds as builds
from tests.support.feature_builds import ABSENT, LATE, MOVED, STATE, STEADY, STILL, WARMUP, write_build, write_dataset


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    return settings.home


def test_without_a_build_there_is_nothing_to_survey(home):
    with pytest.raises(MissingInputError, match="build them first"):
        survey(home, "market94")


def test_a_build_of_another_definition_is_refused(home, monkeypatch):
    write_build(home)
    monkeypatch.undo()
    with pytest.raises(MissingInputError, match="another definition by now"):
        survey(home, "market94")


def test_coverage_counts_warm_rows_by_month(home):
    write_build(home)
    seen = survey(home, "market94")
    # 1 January 2025 and 1,270 candles of 4 hours: January has 186 of them, the first 10 are warm-up
    assert seen.months[0] == "2025-01"
    assert seen.rows[:2].tolist() == [2 * (186 - WARMUP), 2 * 168]
    assert seen.rows.sum() == 2 * (builds.ROWS - WARMUP)
    late = builds.SET.names.index(LATE)
    assert seen.present[:2, late].tolist() == [0, 0]
    shares = dict(zip(builds.SET.names, seen.coverage.tolist(), strict=True))
    assert shares == pytest.approx({STEADY: 1, MOVED: 1, STATE: 1, LATE: 670 / 1260, ABSENT: 0, STILL: 1})


def test_the_newest_30_days_are_compared_with_the_training_window_of_the_dataset(home):
    write_build(home)
    info = write_dataset(home)
    seen = survey(home, "market94")
    assert seen.dataset == info
    assert seen.recent_window.end == builds.instant(builds.ROWS)
    assert len(seen.recent) == 2 * 180
    assert seen.recent.open_time.min() == builds.open_times()[-180]
    assert len(seen.reference) == 2 * 740
    np.testing.assert_array_equal(seen.reference.values[:740, 0], builds.values(builds.SYMBOLS[0])[WARMUP:750, 0])


def test_without_a_dataset_the_candles_before_the_newest_30_days_are_the_reference(home):
    write_build(home)
    seen = survey(home, "market94")
    assert seen.dataset is None
    assert len(seen.reference) == 2 * (builds.ROWS - WARMUP - 180)
    report = drift_of(seen)
    assert (report.dataset_id, report.training, report.measured) == (None, None, ())
    assert {drift.reason for drift in report.features} == {"no dataset is frozen yet"}


def test_only_symbols_of_both_are_compared(home):
    write_build(home)
    write_dataset(home, symbols=builds.SYMBOLS[1:])
    seen = survey(home, "market94")
    assert seen.symbols == ("ETH/USDT:USDT",)
    assert (len(seen.reference), len(seen.recent)) == (740, 180)
    assert drift_of(seen).symbols == 1
    # the build's own coverage is still that of every symbol
    assert seen.rows.sum() == 2 * (builds.ROWS - WARMUP)


def test_a_large_build_is_sampled_evenly(home, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE_ROWS", 20)
    write_build(home)
    write_dataset(home)
    seen = survey(home, "market94")
    assert (len(seen.reference), len(seen.recent)) == (20, 20)
    assert seen.reference.open_time[[0, 9]].tolist() == builds.open_times()[[WARMUP, 749]].tolist()


def test_the_feature_that_moved_is_the_worst_and_the_others_are_told_apart(home):
    write_build(home)
    write_dataset(home)
    report = drift_of(survey(home, "market94"))
    drifts = {drift.feature: drift for drift in report.features}
    assert report.measured[0].feature == MOVED
    assert drifts[MOVED].psi > 2.0
    assert drifts[MOVED].mean_shift == pytest.approx(3.0, abs=0.3)
    assert drifts[STEADY].psi < 0.1
    assert drifts[STATE].psi < 0.1
    assert drifts[STILL].reason == "inactive: constant at 0.5 in training"
    assert drifts[ABSENT].psi is None
    # 740 training candles are four whole stretches of 180, none of which moved
    assert drifts[MOVED].highest_psi < 0.1


def test_a_damaged_build_and_a_damaged_dataset_are_refused(home):
    manifest = write_build(home)
    info = write_dataset(home)
    (home.dataset(info.id) / "BTC-USDT-USDT_4h.parquet").write_bytes(b"not Parquet")
    with pytest.raises(IntegrityError, match="Dataset `dddddddddddddddd` cannot read BTC"):
        survey(home, "market94")
    (home.features("market94") / manifest.symbols[builds.SYMBOLS[0]].file).write_bytes(b"")
    with pytest.raises(IntegrityError, match="is not the file that was built"):
        survey(home, "market94")


def test_the_newest_dataset_is_the_one_whose_test_window_ends_last(home):
    manifest = write_build(home)
    splits = write_dataset(home, "old").splits
    longer = splits["test"].model_copy(update={"end": builds.instant(builds.ROWS + 1)})
    write_dataset(home, "new", splits=splits | {"test": longer})
    # written last, and ends first
    os.utime(home.dataset("old") / "dataset_info.json", (2e9, 2e9))
    assert newest_dataset(home, manifest).id == "new"


def test_of_two_datasets_to_the_same_end_the_later_written_counts(home):
    manifest = write_build(home)
    for place, name in enumerate(("b", "a", "c")):
        write_dataset(home, name)
        os.utime(home.dataset(name) / "dataset_info.json", (1e9 + (place == 1), 1e9 + (place == 1)))
    assert newest_dataset(home, manifest).id == "a"


@pytest.mark.parametrize("other", [{"feature_set_sha256": "0" * 64}, {"timeframe": "1h"}, {"feature_set": "shadow15"}])
def test_a_dataset_of_another_definition_is_no_reference(home, other):
    manifest = write_build(home)
    write_dataset(home, **other)
    write_json(home.dataset("half") / "dataset_info.json", {"id": "half"})
    assert newest_dataset(home, manifest) is None


def test_kept_drift_is_used_while_build_and_dataset_are_the_same(home):
    write_build(home)
    write_dataset(home)
    kept = drift_of(survey(home, "market94")).model_copy(update={"symbols": 77})
    save_drift(kept, home.feature_report("market94"))
    assert current_drift(home, "market94").symbols == 77
    write_dataset(home, "e" * 16)
    fresh = current_drift(home, "market94")
    assert (fresh.dataset_id, fresh.symbols) == ("e" * 16, 2)


def test_drift_kept_by_another_version_is_measured_anew(home):
    write_build(home)
    write_dataset(home)
    write_json(home.feature_report("market94") / "drift.json", {"unknown": 1})
    assert current_drift(home, "market94").dataset_id == builds.DATASET_ID


def test_sampling_keeps_the_first_and_the_last_row():
    rows = Rows(np.arange(100, dtype=np.int64), np.zeros((100, 2), dtype=np.float32))
    assert rows.sample(3).open_time.tolist() == [0, 49, 99]
    assert rows.sample(100) is rows
