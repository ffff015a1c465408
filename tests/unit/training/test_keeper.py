"""What happens at a checkpoint: best, pruning, alerts, summary lines, the end of a run."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from include.training.artifacts import BEST, FINAL, ModelState, verify_model
from include.training.checkpoints import checkpoint_folders
from include.training.facts import read_facts
from include.training.keeper import Keeper, summary_line
from include.training.logs import ALERTS, DAILY_SUMMARY, LOGS
from include.training.recorder import Recorder, Update
from include.training.runs import lock_run, read_run, write_run
from tests.support.datasets import dataset_of, series_from_closes
from tests.unit.training.builders import model_state, run_info, tiny_system

RISING = dataset_of(series_from_closes("AAA/USDT:USDT", 100 * 1.002 ** np.arange(1200)))


def _always(action: int, timestep: int) -> ModelState:
    state = model_state(timestep)
    for tensor in state.parameters.values():
        tensor[...] = 0
    state.parameters["action_net.bias"][action] = 1
    return state


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with lock_run(tmp_path / "r"), Recorder(tmp_path / "r" / LOGS) as recorder:
        yield recorder


@pytest.fixture
def keeper(tmp_path: Path, recorder: Recorder) -> Keeper:
    info = write_run(tmp_path / "r", run_info("r", total_timesteps=1000))
    return Keeper(tmp_path / "r", tiny_system(), RISING, info, recorder)


def _steps(folder: Path) -> list[int]:
    return [int(path.name.removeprefix("step_")) for path in checkpoint_folders(folder)]


def test_a_checkpoint_is_due_at_the_first_boundary_at_or_after_each_multiple(keeper: Keeper) -> None:
    due = []
    for boundary in range(64, 641, 64):
        if keeper.is_due(boundary):
            due.append(boundary)
            keeper.keep(_always(0, boundary))
    assert due == [128, 256, 320, 448, 512, 640]


def test_the_best_model_is_the_one_with_the_highest_validation_return(keeper: Keeper, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    keeper.keep(_always(0, 100))
    assert (keeper.info.best_score, keeper.info.best_timestep) == (0.0, 100)
    keeper.keep(_always(1, 200))
    keeper.keep(_always(2, 300))
    assert keeper.info.best_timestep == 200
    assert keeper.info.best_score is not None
    assert keeper.info.best_score > 0
    assert verify_model(folder, BEST).timestep == 200
    assert read_run(folder) == keeper.info


def test_an_equal_score_does_not_replace_the_best(keeper: Keeper) -> None:
    keeper.keep(_always(0, 100))
    keeper.keep(_always(0, 200))
    assert keeper.info.best_timestep == 100


def test_the_newest_checkpoints_and_the_best_are_kept(keeper: Keeper, tmp_path: Path) -> None:
    keeper.keep(_always(1, 100))
    for step in (200, 300, 400):
        keeper.keep(_always(2, step))
    assert _steps(tmp_path / "r") == [100, 300, 400]


def test_finishing_saves_the_final_model_and_a_last_checkpoint(keeper: Keeper, tmp_path: Path) -> None:
    keeper.keep(_always(1, 100))
    keeper.finish(_always(2, 150))
    info = read_run(tmp_path / "r")
    assert (info.status, info.timesteps, info.best_timestep) == ("finished", 150, 100)
    assert info.parameters_sha256 == verify_model(tmp_path / "r", FINAL).parameters_sha256
    assert _steps(tmp_path / "r") == [100, 150]
    assert info.ended_at is not None
    assert info.seconds is not None
    assert info.steps_per_second == pytest.approx(150 / info.seconds)


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("it broke"), "failed"), (KeyboardInterrupt(), "stopped"), (MemoryError(), "failed")],
)
def test_an_error_is_written_down_and_the_best_so_far_stays(
    keeper: Keeper, tmp_path: Path, error: BaseException, status: str
) -> None:
    keeper.keep(_always(1, 100))
    keeper.fail(error)
    info = read_run(tmp_path / "r")
    assert info.status == status
    assert info.error == (str(error) or type(error).__name__)
    assert info.error_type == type(error).__name__
    assert verify_model(tmp_path / "r", BEST).timestep == 100
    assert (tmp_path / "r" / LOGS / ALERTS).read_text().count("training_process") == 1


def test_an_alert_is_written_once_while_it_lasts(keeper: Keeper, recorder: Recorder, tmp_path: Path) -> None:
    recorder.update(Update(100, policy_loss=2000.0, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.2))
    keeper.keep(_always(0, 100))
    keeper.keep(_always(0, 200))
    lines = (tmp_path / "r" / LOGS / ALERTS).read_text().splitlines()
    assert len(lines) == 1
    assert "CRITICAL · policy_loss · Policy loss 2000 (limit 1000)." in lines[0]


def test_an_alert_that_ended_is_written_again_when_it_returns(
    keeper: Keeper, recorder: Recorder, tmp_path: Path
) -> None:
    for step, loss in ((100, 2000.0), (200, 0.1), (300, 3000.0)):
        recorder.update(Update(step, policy_loss=loss, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.2))
        keeper.keep(_always(0, step))
    assert (tmp_path / "r" / LOGS / ALERTS).read_text().count("policy_loss") == 2


def test_informative_findings_do_not_fill_the_alert_log(keeper: Keeper, recorder: Recorder, tmp_path: Path) -> None:
    recorder.update(Update(100, policy_loss=0.1, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.9))
    keeper.keep(_always(0, 100))
    assert (tmp_path / "r" / LOGS / ALERTS).read_text() == ""


def test_every_checkpoint_and_the_end_leave_a_summary_line(keeper: Keeper, tmp_path: Path) -> None:
    keeper.keep(_always(0, 100))
    keeper.finish(_always(0, 200))
    lines = (tmp_path / "r" / LOGS / DAILY_SUMMARY).read_text().splitlines()
    assert len(lines) == 3
    assert "100 / 1,000 steps (10%)" in lines[0]
    assert lines[2].endswith("finished at step 200")


def test_a_summary_line_shows_undefined_values_as_a_dash(keeper: Keeper, tmp_path: Path) -> None:
    line = summary_line(read_facts(tmp_path / "r"), 0.0125)
    assert "reward – · KL –" in line
    assert "validation +1.25%" in line
