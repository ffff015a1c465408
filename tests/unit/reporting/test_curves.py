import json
import math
from pathlib import Path

import numpy as np
import pytest

from include.config.system import load_system
from include.reporting.curves import CURVES, MOST_POINTS, curves, definitions, limits_of, thin_out, trailing_mean
from include.training.facts import read_facts
from include.training.logs import CONVERGENCE, EPISODES, LOGS, UPDATES, VALIDATION, LogWriter
from tests.unit.training.builders import write_run_folder


def rows(count: int, start: int = 0) -> list[dict[str, float]]:
    return [{"timestep": 2048 * (number + 1), "reward": float(number)} for number in range(start, count)]


def test_every_curve_is_a_column_of_its_log() -> None:
    columns = {log.name: log.columns for log in (CONVERGENCE, UPDATES, EPISODES, VALIDATION)}
    for curve in CURVES:
        assert {curve.x, curve.y} <= set(columns[curve.log])
    assert len({curve.key for curve in CURVES}) == len(CURVES)
    assert [definition["key"] for definition in definitions()] == [curve.key for curve in CURVES]


def test_the_limits_are_those_of_the_alerts() -> None:
    limits = limits_of(load_system("phase4"), 5)
    assert limits["kl"] == [{"value": 0.05, "severity": "warning"}, {"value": 0.1, "severity": "critical"}]
    assert limits["entropy"][0]["value"] == pytest.approx(0.14 * math.log(5))
    assert [limit["value"] for limit in limits["clip_fraction"]] == [0.1, 0.3]


def test_what_was_seen_is_not_sent_again(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", rows(3))
    first = curves(read_facts(folder))
    assert first["is_whole"]
    assert first["series"]["reward"] == {"x": [2048, 4096, 6144], "y": [0.0, 1.0, 2.0]}
    write_run_folder(folder, rows(5))
    second = curves(read_facts(folder), first["cursor"])
    assert not second["is_whole"]
    assert second["series"]["reward"] == {"x": [8192, 10240], "y": [3.0, 4.0]}
    assert curves(read_facts(folder), second["cursor"])["series"]["reward"] == {"x": [], "y": []}


def test_a_log_that_was_cut_back_is_sent_whole(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", rows(5))
    cursor = curves(read_facts(folder))["cursor"]
    write_run_folder(folder, rows(3))
    answer = curves(read_facts(folder), cursor)
    assert answer["is_whole"]
    assert len(answer["series"]["reward"]["x"]) == 3


def test_another_training_under_the_id_is_sent_whole(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", rows(2))
    cursor = curves(read_facts(folder))["cursor"]
    write_run_folder(folder, rows(4), started_at="2026-02-24T10:00:00Z")
    assert curves(read_facts(folder), cursor)["is_whole"]


@pytest.mark.parametrize("since", ["", "x", "1.2", "-1.0.0.0.0", "1.0.0.0.0.0", "²." * 4 + "1", "9" * 30 + ".0.0.0.0"])
def test_a_text_that_is_no_cursor_asks_for_everything(tmp_path: Path, since: str) -> None:
    folder = write_run_folder(tmp_path / "run", rows(2))
    assert curves(read_facts(folder), since)["is_whole"]


def test_an_undefined_value_is_a_gap_and_the_answer_is_json(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run", [*rows(1), {"timestep": 4096, "reward": None, "policy_loss": math.inf}])
    answer = curves(read_facts(folder))
    assert answer["series"]["reward"]["y"] == [0.0, None]
    assert answer["series"]["policy_loss"]["y"][1] is None
    json.dumps(answer, allow_nan=False)


def test_a_run_without_logs_has_empty_curves(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run")
    for name in (CONVERGENCE.name, UPDATES.name, EPISODES.name):
        (folder / LOGS / name).unlink()
    assert all(series == {"x": [], "y": []} for series in curves(read_facts(folder))["series"].values())


def test_a_long_curve_is_thinned_out_to_the_most_points(tmp_path: Path) -> None:
    folder = write_run_folder(tmp_path / "run")
    with LogWriter(folder / LOGS, CONVERGENCE) as log:
        for number in range(20_000):
            row = dict.fromkeys(CONVERGENCE.columns, 0.1) | {"timestep": number, "kl_divergence": math.sin(number)}
            log.write(row)
    for series in curves(read_facts(folder))["series"].values():
        assert len(series["x"]) == len(series["y"]) <= MOST_POINTS


def test_thinning_keeps_every_extreme_the_order_and_the_gaps() -> None:
    x = np.arange(30_000.0)
    y = np.sin(x / 500)
    y[17_777], y[4_321], y[9_000] = 99.0, -99.0, np.nan
    steps, values = thin_out(x, y)
    assert len(steps) <= MOST_POINTS
    assert (np.diff(steps) > 0).all()
    assert (values[steps == 17_777], values[steps == 4_321]) == (99.0, -99.0)
    assert np.isnan(values[steps == 9_000]).all()
    assert (steps == 9_000).any()


def test_a_curve_that_is_undefined_throughout_stays_undefined() -> None:
    _, values = thin_out(np.arange(5_000.0), np.full(5_000, np.nan))
    assert np.isnan(values).all()
    assert 0 < len(values) <= MOST_POINTS


def test_a_short_curve_is_left_as_it_is() -> None:
    x, y = np.arange(3.0), np.array([1.0, np.nan, 2.0])
    assert thin_out(x, y)[1] is y


def test_a_trailing_mean_leaves_out_what_is_undefined() -> None:
    values = np.array([np.nan, 2.0, 4.0, np.nan, np.nan, np.nan, 9.0])
    # by hand, of the last three
    assert trailing_mean(values, 3).tolist()[1:5] == [2.0, 3.0, 3.0, 4.0]
    assert np.isnan(trailing_mean(values, 3)[[0, 5]]).all()
    assert trailing_mean(values, 3)[6] == 9.0
    assert trailing_mean(np.empty(0), 3).tolist() == []
