"""The trial ledger: append-only, chained, shared by processes."""

import sqlite3
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from include.core.errors import IntegrityError
from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import ScoredWindow, Trial

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 2, 27, 14, tzinfo=UTC)
RETURNS = np.array([0.01, -0.02, 0.005])


def window(first_day: int = 0, days: int = 80, **changes: str) -> ScoredWindow:
    start = START + timedelta(days=first_day)
    facts = {"system": "phase4", "timeframe": "4h", "start": start, "end": start + timedelta(days=days)} | changes
    return ScoredWindow.model_validate(facts)


def trial(candidate: str = "model", **changes: object) -> Trial:
    facts = {
        "purpose": "test",
        "window": window(),
        "dataset_id": "d1",
        "candidate": candidate,
        "config_sha256": "c",
        "run_id": "r1",
        "seed": 42,
        "timestep": 10_240,
        "sharpe": 0.05,
        "total_return": 0.02,
        "scored_at": NOW,
    }
    return Trial.model_validate(facts | changes)


@pytest.fixture
def ledger(tmp_path: Path) -> TrialLedger:
    return TrialLedger(tmp_path / "home" / "trials.sqlite")


def test_every_model_seed_checkpoint_and_configuration_is_a_trial_of_its_own(ledger: TrialLedger) -> None:
    tries = [trial(), trial("other"), trial(config_sha256="c2"), trial(timestep=20_480), trial(seed=7)]
    assert [ledger.record(one, RETURNS) for one in tries] == [1, 2, 3, 4, 5]
    assert [scored.trial for scored in ledger.scored_on(window())] == tries


def test_the_same_trial_again_is_no_further_try_whenever_it_is_made(ledger: TrialLedger) -> None:
    assert ledger.record(trial(), RETURNS) == 1
    assert ledger.record(trial(scored_at=NOW + timedelta(days=1)), RETURNS) == 1
    assert ledger.verify() == 1


def test_returns_come_back_bit_for_bit(ledger: TrialLedger) -> None:
    returns = np.random.default_rng(0).normal(size=499)
    ledger.record(trial(), returns)
    np.testing.assert_array_equal(ledger.scored_on(window())[0].returns, returns)


def test_a_window_counts_what_was_scored_on_any_candle_of_it(ledger: TrialLedger) -> None:
    ledger.record(trial("before", window=window(-80)), RETURNS)  # ends where the window starts
    ledger.record(trial("overlap", window=window(79)), RETURNS)
    ledger.record(trial("other system", window=window(system="shadow")), RETURNS)
    ledger.record(trial("other timeframe", window=window(timeframe="1h")), RETURNS)
    ledger.record(trial("validation", purpose="validation"), RETURNS)
    assert [scored.trial.candidate for scored in ledger.scored_on(window())] == ["overlap", "validation"]
    assert [scored.number for scored in ledger.scored_on(window(), "test")] == [2]


def test_a_window_is_opened_once_and_the_same_request_is_no_second_use(ledger: TrialLedger) -> None:
    first = ledger.open_window(window(), "model", "request", NOW)
    assert (first.number, first.candidates_before, first.is_contaminated) == (1, 0, False)
    assert ledger.open_window(window(), "model", "request", NOW + timedelta(days=7)) == first


def test_another_request_for_the_same_model_is_a_second_use_and_says_when_the_first_was(ledger: TrialLedger) -> None:
    ledger.open_window(window(), "model", "request", NOW)
    second = ledger.open_window(window(1), "model", "cheaper fees", NOW)
    assert second.is_contaminated
    assert second.reason == "this model saw the window before, on 2026-02-27T14:00:00+00:00 for request"
    # what was clean when it was opened stays clean
    assert not ledger.open_window(window(), "model", "request", NOW).is_contaminated


def test_other_candidates_are_counted_once_each(ledger: TrialLedger) -> None:
    for candidate in ("a", "b", "b"):
        ledger.open_window(window(), candidate, f"for {candidate}", NOW)
    assert ledger.open_window(window(), "c", "for c", NOW).candidates_before == 2
    assert ledger.open_window(window(80), "d", "for d", NOW).candidates_before == 0


def test_the_database_refuses_to_change_or_delete_a_row(ledger: TrialLedger, tmp_path: Path) -> None:
    ledger.record(trial(), RETURNS)
    ledger.open_window(window(), "model", "request", NOW)
    with sqlite3.connect(tmp_path / "home" / "trials.sqlite") as connection:
        for statement in (
            "DELETE FROM trials",
            "UPDATE trials SET document = 'x'",
            "DELETE FROM openings",
            "UPDATE openings SET candidate = 'x'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE trials SET document = replace(document, '0.05', '0.01') WHERE number = 2",
        "UPDATE trials SET returns = x'00' WHERE number = 1",
        "DELETE FROM trials WHERE number = 1",
        "UPDATE openings SET candidate = 'someone else'",
    ],
)
def test_a_row_changed_past_the_database_is_found(ledger: TrialLedger, tmp_path: Path, damage: str) -> None:
    for candidate in "abc":
        ledger.record(trial(candidate), RETURNS)
    ledger.open_window(window(), "a", "request", NOW)
    assert ledger.verify() == 3
    with sqlite3.connect(tmp_path / "home" / "trials.sqlite") as connection:
        for table in ("trials", "openings"):
            connection.execute(f"DROP TRIGGER {table}_UPDATE")
            connection.execute(f"DROP TRIGGER {table}_DELETE")
        connection.execute(damage)
    connection.close()
    with pytest.raises(IntegrityError, match="was changed at or before row"):
        ledger.verify()


def test_a_ledger_that_was_never_written_is_empty(ledger: TrialLedger) -> None:
    assert ledger.scored_on(window()) == ()
    assert ledger.verify() == 0
    assert ledger.head() == "0" * 64


def test_the_head_moves_with_every_trial(ledger: TrialLedger) -> None:
    heads = [ledger.head()]
    for candidate in "ab":
        ledger.record(trial(candidate), RETURNS)
        heads.append(ledger.head())
    assert len(set(heads)) == 3


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "trials.sqlite"
    file.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(IntegrityError, match="cannot be read"):
        TrialLedger(file).verify()


def write_many(file: Path, writer: int) -> None:
    for number in range(25):
        TrialLedger(file).record(trial(f"{writer}-{number}"), RETURNS)


def test_four_processes_lose_and_double_nothing(tmp_path: Path) -> None:
    file = tmp_path / "trials.sqlite"
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(write_many, [file] * 4, range(4)))
    ledger = TrialLedger(file)
    assert ledger.verify() == 100
    assert len({scored.trial.candidate for scored in ledger.scored_on(window())}) == 100
