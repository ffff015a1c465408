"""What happens at a checkpoint: best, pruning, alerts, summary lines, the end of a run."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import window_of
from include.training.artifacts import BEST, FINAL, ModelState, verify_model
from include.training.checkpoints import checkpoint_folders, newest_bundle
from include.training.course import Course
from include.training.engine import Snapshot
from include.training.facts import read_facts
from include.training.keeper import Keeper, summary_line
from include.training.logs import ALERTS, DAILY_SUMMARY, LOGS
from include.training.ownership import FencedError, Owner, lock_run
from include.training.recorder import Recorder, Update
from include.training.runs import read_run, write_run
from tests.support.datasets import dataset_of, series_from_closes
from tests.unit.training.builders import model_state, run_info, tiny_system

SNAPSHOT = Snapshot({"parameters/a": np.arange(3.0)}, {"timestep": 100, "counter": 2**70})
RISING = dataset_of(series_from_closes("AAA/USDT:USDT", 100 * 1.002 ** np.arange(1200)))


def _always(action: int, timestep: int) -> ModelState:
    state = model_state(timestep)
    for tensor in state.parameters.values():
        tensor[...] = 0
    state.parameters["action_net.bias"][action] = 1
    return state


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    with lock_run(tmp_path / "r") as owner:
        yield owner


@pytest.fixture
def recorder(owner: Owner) -> Iterator[Recorder]:
    with Recorder(owner.folder / LOGS) as recorder:
        yield recorder


def ledger_of(owner: Owner) -> TrialLedger:
    return TrialLedger(owner.folder.parent / "trials.sqlite")


@pytest.fixture
def keeper(owner: Owner, recorder: Recorder) -> Keeper:
    info = write_run(owner.folder, run_info("r", total_timesteps=1000))
    return Keeper(owner, tiny_system(), RISING, info, recorder, ledger_of(owner))


def _keep(keeper: Keeper, state: ModelState) -> None:
    keeper.validate(state)
    keeper.keep(state, SNAPSHOT, _course(state.timestep))


def _course(timestep: int) -> Course:
    return Course(1000, 3e-4, 0.001, timestep=timestep, episodes=timestep // 50)


def _steps(folder: Path) -> list[int]:
    return [int(path.name.removeprefix("step_")) for path in checkpoint_folders(folder)]


def test_a_checkpoint_is_due_at_the_first_boundary_at_or_after_each_multiple(keeper: Keeper) -> None:
    due = []
    for boundary in range(64, 641, 64):
        if keeper.is_due(boundary):
            due.append(boundary)
            _keep(keeper, _always(0, boundary))
    assert due == [128, 256, 320, 448, 512, 640]


def test_the_best_model_is_the_one_with_the_highest_validation_return(keeper: Keeper, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    _keep(keeper, _always(0, 100))
    assert (keeper.info.best_score, keeper.info.best_timestep) == (0.0, 100)
    _keep(keeper, _always(1, 200))
    _keep(keeper, _always(2, 300))
    assert keeper.info.best_timestep == 200
    assert keeper.info.best_score is not None
    assert keeper.info.best_score > 0
    assert verify_model(folder, BEST).timestep == 200
    assert read_run(folder) == keeper.info


def test_an_equal_score_does_not_replace_the_best(keeper: Keeper) -> None:
    _keep(keeper, _always(0, 100))
    _keep(keeper, _always(0, 200))
    assert keeper.info.best_timestep == 100


def test_the_newest_checkpoints_and_the_best_are_kept(keeper: Keeper, tmp_path: Path) -> None:
    _keep(keeper, _always(1, 100))
    for step in (200, 300, 400):
        _keep(keeper, _always(2, step))
    assert _steps(tmp_path / "r") == [100, 300, 400]


def test_the_last_checkpoint_becomes_the_final_model(keeper: Keeper, tmp_path: Path) -> None:
    _keep(keeper, _always(1, 100))
    _keep(keeper, _always(2, 150))
    keeper.finish(150, "steps")
    info = read_run(tmp_path / "r")
    assert (info.status, info.timesteps, info.best_timestep) == ("finished", 150, 100)
    assert (info.ended_by, info.episodes) == ("steps", 3)
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
    _keep(keeper, _always(1, 100))
    keeper.fail(error)
    info = read_run(tmp_path / "r")
    assert info.status == status
    assert info.error == (str(error) or type(error).__name__)
    assert info.error_type == type(error).__name__
    assert verify_model(tmp_path / "r", BEST).timestep == 100
    assert (tmp_path / "r" / LOGS / ALERTS).read_text().count(" · training_process · ") == 1


def test_an_alert_is_written_once_while_it_lasts(keeper: Keeper, recorder: Recorder, tmp_path: Path) -> None:
    recorder.update(Update(100, policy_loss=2000.0, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.2))
    _keep(keeper, _always(0, 100))
    _keep(keeper, _always(0, 200))
    lines = (tmp_path / "r" / LOGS / ALERTS).read_text().splitlines()
    assert len(lines) == 1
    assert "CRITICAL · policy_loss · Policy loss 2000 (limit 1000)." in lines[0]


def test_an_alert_that_ended_is_written_again_when_it_returns(
    keeper: Keeper, recorder: Recorder, tmp_path: Path
) -> None:
    for step, loss in ((100, 2000.0), (200, 0.1), (300, 3000.0)):
        recorder.update(Update(step, policy_loss=loss, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.2))
        _keep(keeper, _always(0, step))
    assert (tmp_path / "r" / LOGS / ALERTS).read_text().count(" · policy_loss · ") == 2


def test_informative_findings_do_not_fill_the_alert_log(keeper: Keeper, recorder: Recorder, tmp_path: Path) -> None:
    recorder.update(Update(100, policy_loss=0.1, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.9))
    _keep(keeper, _always(0, 100))
    assert (tmp_path / "r" / LOGS / ALERTS).read_text() == ""


def test_every_checkpoint_and_the_end_leave_a_summary_line(keeper: Keeper, tmp_path: Path) -> None:
    _keep(keeper, _always(0, 100))
    _keep(keeper, _always(0, 200))
    keeper.finish(200, "steps", "all done")
    lines = (tmp_path / "r" / LOGS / DAILY_SUMMARY).read_text().splitlines()
    assert len(lines) == 3
    assert "100 / 1,000 steps (10%)" in lines[0]
    assert lines[2].endswith("finished at step 200: all done")


def test_a_summary_line_shows_undefined_values_as_a_dash(keeper: Keeper, tmp_path: Path) -> None:
    line = summary_line(read_facts(tmp_path / "r"), 0.0125)
    assert "reward – · KL –" in line
    assert "validation +1.25%" in line


def test_a_checkpoint_holds_all_that_a_resume_needs(keeper: Keeper, tmp_path: Path) -> None:
    course = _course(100)
    course.learning_rate, course.ent_coef = 2e-4, 0.01
    course.add(Update(100, -0.01, 0.2, 1.5, 0.01, 0.1), [1.0, 4.0])
    keeper.validate(_always(1, 100))
    keeper.keep(_always(1, 100), SNAPSHOT, course)
    bundle = newest_bundle(tmp_path / "r", pytest.fail)
    assert bundle is not None
    assert bundle.snapshot.meta == SNAPSHOT.meta
    assert {name: array.tolist() for name, array in bundle.snapshot.arrays.items()} == {"parameters/a": [0.0, 1.0, 2.0]}
    assert bundle.course(1000) == course
    assert (bundle.info.token, bundle.info.run_id, bundle.info.timestep) == (1, "r", 100)
    assert bundle.info.best is not None
    assert (bundle.info.best.timestep, bundle.info.best.score) == (100, keeper.info.best_score)
    assert bundle.info.identity.dataset_id == RISING.info.id
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "r" / LOGS).iterdir() if path.is_file()}
    assert bundle.info.logs == sizes


def test_a_checkpoint_without_a_score_is_never_the_best(keeper: Keeper, tmp_path: Path) -> None:
    keeper.keep(_always(1, 100), SNAPSHOT, _course(100))
    assert keeper.info.best_timestep is None
    assert not (tmp_path / "r" / BEST.zip).exists()
    assert "validation –" in (tmp_path / "r" / LOGS / DAILY_SUMMARY).read_text()


def test_a_keeper_that_was_replaced_writes_nothing(keeper: Keeper, tmp_path: Path) -> None:
    _keep(keeper, _always(1, 100))
    (tmp_path / ".r.lock").unlink()
    with lock_run(tmp_path / "r", least_token=1):
        for write in (
            lambda: keeper.keep(_always(1, 200), SNAPSHOT, _course(200)),
            lambda: keeper.finish(100, "steps"),
            lambda: keeper.fail(ValueError("late")),
        ):
            with pytest.raises(FencedError):
                write()
    assert _steps(tmp_path / "r") == [100]
    assert read_run(tmp_path / "r").status == "running"


def test_an_alert_that_lasts_over_a_resume_is_not_written_again(
    owner: Owner, recorder: Recorder, tmp_path: Path
) -> None:
    info = write_run(owner.folder, run_info("r", total_timesteps=1000))
    keeper = Keeper(
        owner, tiny_system(), RISING, info, recorder, ledger_of(owner), alerting=[("policy_loss", "critical")]
    )
    recorder.update(Update(100, policy_loss=2000.0, value_loss=0.5, entropy=1.6, approx_kl=0.01, clip_fraction=0.2))
    _keep(keeper, _always(0, 100))
    assert "policy_loss" not in (tmp_path / "r" / LOGS / ALERTS).read_text()


def test_every_attempt_is_on_record_with_its_steps_and_its_end(owner: Owner, recorder: Recorder) -> None:
    info = write_run(owner.folder, run_info("r", total_timesteps=1000))
    _keep(first := Keeper(owner, tiny_system(), RISING, info, recorder, ledger_of(owner)), _always(0, 100))
    second = Keeper(owner, tiny_system(), RISING, first.info, recorder, ledger_of(owner))
    _keep(second, _always(0, 200))
    second.stop(200, "asked")
    record = read_run(owner.folder)
    spans = [(attempt.from_step, attempt.to_step, attempt.status) for attempt in record.attempts]
    assert spans == [(0, 100, "lost"), (100, 200, "stopped")]
    assert record.seconds == sum(attempt.seconds for attempt in record.attempts)
    assert record.steps_per_second == 200 / record.seconds
    assert (record.status, record.ended_by) == ("stopped", "stop")


def test_every_scored_checkpoint_is_counted_once_with_its_returns(keeper: Keeper, owner: Owner) -> None:
    for step, action in ((100, 0), (200, 1), (200, 1)):
        keeper.validate(_always(action, step))
    held, bought = ledger_of(owner).scored_on(window_of("phase4", RISING.info, "validation"), "validation")
    assert [(scored.trial.timestep, scored.trial.run_id) for scored in (held, bought)] == [(100, "r"), (200, "r")]
    assert held.trial.sharpe is None
    assert not held.returns.any()
    assert len(bought.returns) == len(next(iter(RISING.split("validation").values()))) - 1
    assert np.prod(1 + bought.returns) - 1 == pytest.approx(bought.trial.total_return)
