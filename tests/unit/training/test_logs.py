"""The CSV logs: columns, empty cells, flushing, damaged files."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.training.logs import (
    ALERTS,
    CONVERGENCE,
    CSV_LOGS,
    DAILY_SUMMARY,
    EPISODES,
    TENSORBOARD,
    UPDATES,
    VALIDATION,
    LogFile,
    LogWriter,
    append_line,
    empty_log,
    read_log,
)
from tests.support.documents import document, needs_documents

ROW = {"timestep": 64, "reward": -1.5, "kl_divergence": 0.01, "value_loss": 0.5, "policy_entropy": 1.6}


def test_columns_are_those_of_the_operating_documents() -> None:
    assert (CONVERGENCE.name, ",".join(CONVERGENCE.columns)) == (
        "convergence_dashboard.csv",
        "timestep,reward,kl_divergence,value_loss,policy_entropy",
    )
    assert (UPDATES.name, ",".join(UPDATES.columns)) == (
        "training_metrics.csv",
        "timestep,policy_loss,value_loss,entropy,approx_kl,clip_fraction",
    )
    assert (EPISODES.name, ",".join(EPISODES.columns)) == (
        "episodes.csv",
        "episode,timesteps,reward,length,win_rate,profit_factor,sharpe,max_dd,lr",
    )


@needs_documents
def test_files_and_columns_stand_in_the_documents_themselves() -> None:
    checklist, handoff = document("phase4_operations_checklist"), document("phase4_handoff")
    for log in (CONVERGENCE, UPDATES):
        section = checklist[checklist.index(f". {log.name}") :]
        columns = re.search(r"# (?:Columns: |Column structure:\n# )(.+)", section)
        assert columns is not None
        assert tuple(re.split(r",\s*", columns[1])) == log.columns
    # the handoff's table of the same file name is per episode: it has a file of its own here
    columns = re.search(r"CSV Metrics \(per episode\)\n.*\nColumns: (.+)", handoff)
    assert columns is not None
    assert tuple(columns[1].split(", ")) == EPISODES.columns
    for name in (DAILY_SUMMARY, ALERTS, TENSORBOARD):
        assert f"{name}" in checklist


def test_a_row_is_on_disk_before_the_file_is_closed(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, CONVERGENCE)
    writer.write(ROW)
    text = (tmp_path / CONVERGENCE.name).read_text()
    writer.close()
    assert text == "timestep,reward,kl_divergence,value_loss,policy_entropy\n64,-1.5,0.01,0.5,1.6\n"


def test_undefined_values_are_empty_cells_and_read_as_nan(tmp_path: Path) -> None:
    with LogWriter(tmp_path, CONVERGENCE) as writer:
        writer.write(ROW | {"reward": None, "value_loss": math.nan, "kl_divergence": math.inf})
    assert (tmp_path / CONVERGENCE.name).read_text().splitlines()[1] == "64,,inf,,1.6"
    columns = read_log(tmp_path, CONVERGENCE)
    assert np.isnan(columns["reward"][0])
    assert np.isnan(columns["value_loss"][0])
    assert columns["kl_divergence"][0] == math.inf


@pytest.mark.parametrize("log", [*CSV_LOGS, VALIDATION], ids=lambda log: log.name)
def test_reader_and_writer_share_one_column_definition(tmp_path: Path, log: LogFile) -> None:
    with LogWriter(tmp_path, log) as writer:
        writer.write({name: float(number) for number, name in enumerate(log.columns)})
    columns = read_log(tmp_path, log)
    assert {name: values.tolist() for name, values in columns.items()} == {
        name: [float(number)] for number, name in enumerate(log.columns)
    }


def test_a_number_survives_the_file_to_the_last_bit(tmp_path: Path) -> None:
    with LogWriter(tmp_path, CONVERGENCE) as writer:
        writer.write(ROW | {"reward": 0.1 + 0.2})
    assert read_log(tmp_path, CONVERGENCE)["reward"][0] == 0.1 + 0.2


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    with LogWriter(tmp_path, CONVERGENCE) as writer:
        writer.write(ROW)
    with (tmp_path / CONVERGENCE.name).open("a") as stream:
        stream.write("128,-1")
    assert read_log(tmp_path, CONVERGENCE)["timestep"].tolist() == [64.0]


def test_a_row_with_other_columns_is_refused(tmp_path: Path) -> None:
    with LogWriter(tmp_path, CONVERGENCE) as writer, pytest.raises(InvalidInputError, match="`row`"):
        writer.write({"timestep": 1, "rewards": 2.0})


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONVERGENCE.name).write_text("step,loss\n1,2\n")
    with pytest.raises(IntegrityError, match="must have the columns"):
        read_log(tmp_path, CONVERGENCE)


@pytest.mark.parametrize("line", ["64,1,2,3,many", "64,1,2"])
def test_a_damaged_row_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / CONVERGENCE.name).write_text(",".join(CONVERGENCE.columns) + f"\n{line}\n")
    with pytest.raises(IntegrityError, match="numbers only"):
        read_log(tmp_path, CONVERGENCE)


def test_a_missing_file_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match=r"convergence_dashboard\.csv"):
        read_log(tmp_path, CONVERGENCE)


def test_an_empty_log_has_all_columns_and_no_rows() -> None:
    assert {name: len(values) for name, values in empty_log(UPDATES).items()} == dict.fromkeys(UPDATES.columns, 0)


def test_lines_are_appended_and_an_empty_one_only_creates_the_file(tmp_path: Path) -> None:
    append_line(tmp_path / "logs", "alerts.log")
    append_line(tmp_path / "logs", "alerts.log", "first")
    append_line(tmp_path / "logs", "alerts.log", "second")
    assert (tmp_path / "logs" / "alerts.log").read_text() == "first\nsecond\n"


def test_a_resumed_log_goes_on_behind_its_rows_and_gets_its_header_once(tmp_path: Path) -> None:
    for step in (64, 128):
        with LogWriter(tmp_path, CONVERGENCE, is_resumed=True) as writer:
            writer.write(ROW | {"timestep": step})
    assert (tmp_path / CONVERGENCE.name).read_text().count("timestep") == 1
    assert read_log(tmp_path, CONVERGENCE)["timestep"].tolist() == [64.0, 128.0]


def test_a_log_that_starts_anew_forgets_its_rows(tmp_path: Path) -> None:
    for step in (64, 128):
        with LogWriter(tmp_path, CONVERGENCE) as writer:
            writer.write(ROW | {"timestep": step})
    assert read_log(tmp_path, CONVERGENCE)["timestep"].tolist() == [128.0]
