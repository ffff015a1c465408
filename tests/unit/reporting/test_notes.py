from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.config.system import load_system
from include.evaluation.backtest import BacktestResult, backtest
from include.evaluation.baselines import flat, random_policy
from include.evaluation.nulls import NullDistribution
from include.reporting.notes import notes_of
from include.training.runs import RunInfo, read_run
from tests.unit.reporting.conftest import small_dataset, small_system

UNLUCKY = NullDistribution((), ("NO-GO",) * 20, np.empty((20, 6), bool), np.empty((20, 0)))


@pytest.fixture(scope="module")
def run(trained: tuple[Settings, Path]) -> RunInfo:
    return read_run(trained[1])


@pytest.fixture(scope="module")
def played() -> BacktestResult:
    return backtest(small_system(), small_dataset(), "test", random_policy(1))


def notes(run: RunInfo, played: BacktestResult, nulls: NullDistribution = UNLUCKY, **dataset: object) -> str:
    info = small_dataset().info.model_copy(update=dataset)
    return "\n".join(notes_of(small_system(), run, info, played, nulls))


def test_nothing_is_said_when_there_is_nothing_to_say(run: RunInfo, played: BacktestResult) -> None:
    assert notes(run, played) == ""


def test_a_policy_that_never_trades_is_named(run: RunInfo) -> None:
    idle = backtest(small_system(), small_dataset(), "test", flat)
    assert notes(run, idle) == "The policy closed no trade on this window."


@pytest.mark.parametrize(("lucky", "is_said"), [(1, False), (2, True)])
def test_gates_that_pass_more_than_five_percent_of_luck_are_named(
    run: RunInfo, played: BacktestResult, lucky: int, is_said: bool
) -> None:
    nulls = NullDistribution(
        (), ("GO",) * lucky + ("NO-GO",) * (20 - lucky), np.empty((20, 6), bool), np.empty((20, 0))
    )
    assert ("10% of the random policies would be GO" in notes(run, played, nulls)) is is_said


def test_gates_that_the_owner_did_not_set_are_named(run: RunInfo, played: BacktestResult) -> None:
    system = small_system().model_copy(update={"name": "shadow", "has_owner_limits": False})

    told = notes_of(system, run, small_dataset().info, played, UNLUCKY)

    assert told == ("No owner limits: the owner set none for shadow, its gates are the house's own.",)


@pytest.mark.parametrize(("share", "is_said"), [(None, False), (0.05, False), (0.25, True)])
def test_assumed_funding_is_named_above_five_percent(
    run: RunInfo, played: BacktestResult, share: float | None, is_said: bool
) -> None:
    text = notes(run, replace(played, held_hours=0.0 if share is None else 100.0, assumed_hours=100.0 * (share or 0.0)))
    assert ("Funding was assumed for 25%" in text) is is_said


def test_a_short_window_is_named(run: RunInfo, played: BacktestResult) -> None:
    text = "\n".join(notes_of(load_system("phase4"), run, small_dataset().info, played, UNLUCKY))
    assert text == "The test window holds 120 candles, fewer than the 500 asked for."


def test_a_training_that_did_not_finish_is_named(run: RunInfo, played: BacktestResult) -> None:
    stopped = run.model_copy(update={"status": "stopped", "timesteps": 128})
    assert notes(stopped, played).startswith("The training ended as stopped after 128 steps")


def test_dropped_symbols_are_named_and_counted(run: RunInfo, played: BacktestResult) -> None:
    dropped = {f"S{i}": "too short" for i in range(7)}
    assert notes(run, played, dropped_symbols=dropped) == "Not in the dataset: S0, S1, S2, S3, S4 and 2 more."
