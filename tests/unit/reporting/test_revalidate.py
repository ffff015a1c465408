import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import read_json, write_json
from include.evaluation.backtest import backtest
from include.evaluation.trial_ledger import TrialLedger
from include.evaluation.trials import window_of
from include.features.dataset import INFO_FILE
from include.reporting.decision_bundle import Approval, bundle_sha256, seal_bundle, write_approval
from include.reporting.revalidate import revalidate
from include.reporting.verdict import RevalidationResult, read_result
from include.training.ownership import lock_run
from include.training.policy import load_policy
from include.training.runs import RUN_FILE, read_config, read_run
from tests.support.documents import document, needs_documents
from tests.unit.reporting.conftest import SYMBOLS, small_dataset

TIMES = {"created_at", "steps_seconds"}
STEPS = [
    "[1/5] Load trained model…",
    "[2/5] Load backtest data (test set, 120+ candles)…",
    "[3/5] Run backtest with trained model…",
    "[4/5] Calculate 6 risk gates…",
    "[5/5] Generate report…",
]


@needs_documents
def test_the_steps_are_worded_as_in_the_document() -> None:
    text = document("phase4_operations_checklist")
    written = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# [")]
    assert [line.replace("...", "…").replace("500+", "120+") for line in written] == STEPS


@pytest.fixture(scope="module")
def calls() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def result(trained: tuple[Settings, Path], calls: list[tuple[str, int, int]]) -> RevalidationResult:
    settings, run_folder = trained
    return revalidate(settings, run_folder, progress=lambda *call: calls.append(call))


@pytest.fixture
def copied(trained: tuple[Settings, Path], tmp_path: Path) -> tuple[Settings, Path]:
    """A copy of the home, to be damaged."""
    settings, run_folder = trained
    home = tmp_path / "copied"
    shutil.copytree(settings.home.root, home)
    return settings.model_copy(update={"home_path": home}), home / "runs" / run_folder.name


def test_the_five_documented_steps_are_told_in_order_and_each_ends(
    result: RevalidationResult, calls: list[tuple[str, int, int]]
) -> None:
    labels = list(dict.fromkeys(label for label, _, _ in calls))
    assert labels == STEPS
    for label in STEPS:
        last = [call for call in calls if call[0] == label][-1]
        assert last[1] == last[2]
    assert len(result.steps_seconds) == 5


def test_the_result_says_what_was_judged_on_what(result: RevalidationResult, trained: tuple[Settings, Path]) -> None:
    run, policy = read_run(trained[1]), load_policy(trained[1])
    assert (result.run_id, result.model_sha256, result.dataset_id) == (run.run_id, policy.sha256, run.dataset_id)
    assert (result.run_id, result.dataset_id, result.model_sha256) == (run.run_id, run.dataset_id, policy.sha256)
    assert result.symbols == SYMBOLS
    window = small_dataset().info.splits["test"]
    assert (result.window_start, result.window_end, result.candles) == (window.start, window.end, 120)


def test_six_gates_decide_by_the_owner_s_table(result: RevalidationResult) -> None:
    assert [gate.name for gate in result.gates.results] == [
        "sharpe", "max_drawdown", "win_rate", "profit_factor", "consecutive_losses", "calmar",
    ]  # fmt: skip
    expected = "GO" if result.gates_passed >= 5 else "PARTIAL-GO" if result.gates_passed == 4 else "NO-GO"
    assert result.decision == expected


def test_totals_symbols_and_metrics_agree_with_the_backtest(
    result: RevalidationResult, trained: tuple[Settings, Path]
) -> None:
    played = backtest(read_config(trained[1]), small_dataset(), "test", load_policy(trained[1]).predict)
    equity = played.equity.sum(axis=1)
    totals = result.totals
    assert (totals.initial_balance_usd, totals.final_equity_usd) == (20_000.0, pytest.approx(equity[-1]))
    assert result.metrics["total_return"] == pytest.approx(equity[-1] / 20_000 - 1)
    assert result.metrics["max_drawdown"] == pytest.approx(np.max(1 - equity / np.maximum.accumulate(equity)))
    by_symbol = {row.symbol: row for row in result.symbol_results}
    assert sum(row.pnl_usd for row in by_symbol.values()) == pytest.approx(equity[-1] - 20_000)
    assert sum(row.trades for row in by_symbol.values()) == result.trades == len(played.trades)
    for column, symbol in enumerate(SYMBOLS):
        own = played.equity[:, column]
        wins = played.trades.loc[played.trades["symbol"] == symbol, "net_usd"] > 0
        assert by_symbol[symbol].total_return == pytest.approx(own[-1] / 10_000 - 1)
        assert by_symbol[symbol].win_rate == (pytest.approx(wins.mean()) if len(wins) else None)


def test_baselines_stand_beside_the_candidate(result: RevalidationResult, trained: tuple[Settings, Path]) -> None:
    assert set(result.baselines) == {"random", "buy_and_hold", "momentum", "flat", "recorded_phase3"}
    assert result.baselines["recorded_phase3"]["max_drawdown"] == 0.1724
    assert result.baselines["flat"]["trades"] == 0
    assert result.baselines["buy_and_hold"]["trades"] == len(SYMBOLS)
    assert (result.baselines["random"]["trades"] or 0) > 0
    assert result.null_draws == trained[0].profile.null_draws
    assert 0 <= result.null_go_rate <= 1
    assert result.evidence.go_rate.draws == result.null_draws


def test_the_report_lies_where_the_home_says(result: RevalidationResult, trained: tuple[Settings, Path]) -> None:
    folder = trained[0].home.revalidation(result.id)
    assert read_result(folder).model_dump(exclude=TIMES) == result.model_dump(exclude=TIMES)
    assert {path.name for path in folder.iterdir()} == {
        "revalidation_result.json", "revalidation_result.md", "revalidation_result.html", "equity.png", "costs.png",
        "training.png",
        "model", "data", "system.json", "versions.json", "trades.parquet", "equity.parquet", "bundle.json",
        "judged.json",
    }  # fmt: skip


def test_judging_again_keeps_the_result_to_the_byte_so_that_an_approval_stays_bound_to_it(
    result: RevalidationResult, trained: tuple[Settings, Path]
) -> None:
    settings, run_folder = trained
    folder = settings.home.revalidation(result.id)
    names = ("equity.png", "revalidation_result.json", "bundle.json")
    before = {name: (folder / name).read_bytes() for name in names}
    assert revalidate(settings, run_folder) == result
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_model_trained_without_costs_is_judged_with_the_owners(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    config = read_json(run_folder / "config.json")
    config["account"] |= {"fee_bps": 0.0, "slippage_bps": 0.0}
    write_json(run_folder / "config.json", config)
    judged = revalidate(settings, run_folder)
    assert judged.trades > 0
    assert judged.totals.fees_usd > 0
    assert judged.totals.slippage_usd > 0


def test_a_run_that_died_in_training_is_judged_by_its_best_model(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    write_json(run_folder / RUN_FILE, read_json(run_folder / RUN_FILE) | {"status": "running"})
    assert revalidate(settings, run_folder).decision in ("GO", "PARTIAL-GO", "NO-GO")


def test_another_number_of_draws_is_another_revalidation(
    copied: tuple[Settings, Path], result: RevalidationResult
) -> None:
    settings, run_folder = copied
    fewer = settings.model_copy()
    fewer.__dict__["profile"] = settings.profile.model_copy(update={"null_draws": 3})
    assert revalidate(fewer, run_folder).id != result.id


def test_a_run_in_training_is_left_alone(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    write_json(run_folder / RUN_FILE, read_json(run_folder / RUN_FILE) | {"status": "running"})
    with lock_run(run_folder), pytest.raises(MissingInputError, match="still in training"):
        revalidate(settings, run_folder)


def test_missing_run_and_missing_dataset_are_missing_inputs(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    with pytest.raises(MissingInputError):
        revalidate(settings, settings.home.run("none"))
    shutil.rmtree(settings.home.dataset(read_run(run_folder).dataset_id))
    with pytest.raises(MissingInputError, match="Dataset"):
        revalidate(settings, run_folder)


def test_a_changed_model_file_is_refused(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    tensors = next(run_folder.glob("best_model*.safetensors"))
    content = bytearray(tensors.read_bytes())
    content[-1] ^= 1
    tensors.write_bytes(bytes(content))
    with pytest.raises(IntegrityError):
        revalidate(settings, run_folder)


def test_a_dataset_with_other_features_is_refused_with_the_difference(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    info = settings.home.dataset(read_run(run_folder).dataset_id) / INFO_FILE
    document = read_json(info)
    write_json(info, document | {"features": document["features"][:-1]})
    with pytest.raises(InvalidInputError, match="missing: f_test_2"):
        revalidate(settings, run_folder)


def test_the_window_is_opened_and_the_trial_counted_before_the_verdict(
    result: RevalidationResult, trained: tuple[Settings, Path]
) -> None:
    trials = result.evidence.trials
    ledger = TrialLedger(trained[0].home.trials)
    on_test = ledger.scored_on(window_of("phase4", small_dataset().info, "test"), "test")
    assert [scored.trial.candidate for scored in on_test] == [result.model_sha256]
    assert (trials.trials_count, trials.effective_trials, trials.opening, trials.contamination) == (1, 1.0, 1, "")
    # both checkpoints of the training were scored on the validation window
    assert trials.selection.trials == 2
    assert np.prod(1 + on_test[0].returns) - 1 == pytest.approx(result.metrics["total_return"])


def test_the_same_model_judged_by_other_costs_is_a_second_use_of_the_window(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    revalidate(settings, run_folder)
    fewer = settings.model_copy()
    fewer.__dict__["profile"] = settings.profile.model_copy(update={"null_draws": 3})
    second = revalidate(fewer, run_folder)
    assert "this model saw the window before" in second.evidence.trials.contamination
    assert second.evidence.sufficiency == "insufficient"
    assert any("contaminated" in reason for reason in second.evidence.reasons)


def test_a_bundle_that_was_answered_is_not_overwritten_by_another_result(copied: tuple[Settings, Path]) -> None:
    settings, run_folder = copied
    first = revalidate(settings, run_folder)
    folder = settings.home.revalidation(first.id)
    sealed = json.loads((folder / "revalidation_result.json").read_text())
    (folder / "revalidation_result.json").write_text(json.dumps(sealed | {"trades": sealed["trades"] + 1}))
    seal_bundle(folder, first.id, first.created_at)
    answer = Approval(
        bundle_sha256=bundle_sha256(folder), answer="reject", answered_by="cto", answered_at=first.created_at
    )
    write_approval(folder, answer)
    with pytest.raises(InvalidInputError, match="was answered with another result"):
        revalidate(settings, run_folder)
