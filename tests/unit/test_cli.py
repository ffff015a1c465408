import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from include.alerts.outbox import New, Outbox
from include.cli import app, main
from include.config.files import system_names
from include.config.settings import load_settings
from include.core.clock import wall_now
from include.core.paths import REPOSITORY
from include.features.build import build
from include.features.registry import FEATURE_SETS, feature_set
from include.lake.lake import Lake
from tests.support import feature_builds as builds
from tests.support.sandbox import running_sandbox
from tests.unit.features.samples import candles, fill_lake
from tests.unit.market.batches import stage

COMMANDS = [
    ["market", "backfill"], ["market", "status"], ["market", "export"], ["market", "history"],
    ["market", "evolve"], ["market", "maintain"], ["market", "repair"], ["validate"], ["verify"], ["features", "build"],
    ["features", "report"], ["dataset", "freeze"], ["dataset", "export"], ["env", "audit"], ["train"],
    ["train", "stop"], ["check"], ["champion", "show"], ["champion", "rollback"], ["campaign", "show"],
    ["campaign", "sign-off"], ["alerts", "list"], ["alerts", "flush"], ["alerts", "drop"],
    ["cross-validate"], ["revalidate"], ["sandbox"], ["sandbox", "advance"], ["up"], ["bench"], ["doctor"], ["prune"],
]  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["include", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.output


def test_an_error_is_one_plain_sentence_on_stderr_and_status_1(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "train", "--system", "phase9") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "`system` must be one of phase4, shadow, was 'phase9'" in " ".join(shown.err.split())


def test_a_missing_input_says_what_to_do_first(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "revalidate") == 1
    assert "has no finished run yet. Hint: start one with" in " ".join(capsys.readouterr().err.split())


def test_an_assignment_needs_a_key_and_a_value(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "train", "--set", "learning_rate") == 1
    assert "`--set` must be KEY=VALUE, was 'learning_rate'" in " ".join(capsys.readouterr().err.split())


def test_a_configuration_file_is_one_of_sections(monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "changes.yaml").write_text("- training")
    assert run(monkeypatch, "train", "--config", str(tmp_path / "changes.yaml")) == 1
    assert "`--config` must be a YAML file of sections, was ['training']" in " ".join(capsys.readouterr().err.split())


def test_a_configuration_file_and_assignments_both_change_the_training(monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "changes.yaml").write_text("training: {seed: 7, learning_rate: 1}\naccount: {fee_bps: 5}")
    assert run(monkeypatch, "train", "--config", str(tmp_path / "changes.yaml"), "--set", "training.gamma=2") == 1
    shown = " ".join(capsys.readouterr().err.split())
    assert "`training.learning_rate` input should be less than or equal to 0.001, was 1" in shown
    assert "`training.gamma` input should be less than or equal to 1, was 2" in shown


def test_a_phase_is_signed_off_and_stands_in_the_table(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "campaign", "sign-off", "live_deployment", "--by", "ada", "--note", "paper account") == 0
    assert run(monkeypatch, "campaign", "sign-off", "deployment", "--by", "ada") == 1
    capsys.readouterr()
    assert run(monkeypatch, "campaign", "show", "--json") == 0
    signed = json.loads(capsys.readouterr().out)["sign_offs"]
    assert [row["Status"] for row in signed] == [*["☐ open"] * 4, "☑ done"]
    assert signed[-1]["Notes"] == "ada: paper account"


def test_a_training_that_does_not_run_cannot_be_stopped(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "train", "stop", "nothing") == 1
    assert "`run` must be one in training, was 'nothing'" in " ".join(capsys.readouterr().err.split())


def test_a_run_that_does_not_exist_cannot_be_resumed(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "train", "--resume", "nothing") == 1
    assert "Run `nothing` does not exist" in " ".join(capsys.readouterr().err.split())


def test_a_resumed_run_keeps_its_name(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "train", "--resume", "mine", "--output", "other") == 1
    assert "`--output` must be left out beside `--resume`, was 'other'" in " ".join(capsys.readouterr().err.split())


def test_a_bad_setting_is_named_before_anything_runs(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PERPETUA_MODE", "demo")
    assert run(monkeypatch, "market", "status") == 1
    assert "`PERPETUA_MODE` input should be 'sandbox' or 'live', was 'demo'" in " ".join(
        capsys.readouterr().err.split()
    )


def test_json_is_one_document_on_stdout(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "market", "status", "--json") == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_a_batch_is_judged_check_by_check_and_a_failed_one_exits_1(monkeypatch, capsys) -> None:
    stage(load_settings(), "b1")
    assert run(monkeypatch, "validate", "--json") == 1
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["passed"] is False
    assert document["left_out"] == {}
    assert {"name", "passed", "severity", "observed", "limit", "message", "subjects"} == set(document["results"][0])
    assert "market data b1 did not pass: batch_has_candles" in " ".join(shown.err.split())
    assert run(monkeypatch, "validate", "b1") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["check", "verdict", "seen", "limit", "what"]
    assert lines[1].split()[:3] == ["✗", "batch_has_candles", "stops"]


def test_the_lake_is_judged_without_a_batch_and_without_the_exchange(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_PORT", "9")
    assert run(monkeypatch, "validate", "--lake", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [result["name"] for result in document["results"] if not result["passed"]] == ["exchange_clock"]
    assert run(monkeypatch, "validate", "b1", "--lake") == 1
    assert "`batch` must be left out where `--lake` is given, was 'b1'" in " ".join(capsys.readouterr().err.split())


def test_an_audit_that_fails_shows_its_rows_and_exits_1(monkeypatch, capsys) -> None:
    planted = "tests.support.defects.planted:TurnsFundingRound"
    assert run(monkeypatch, "env", "audit", planted, "--pairs", "8", "--json") == 1
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert [row["name"] for row in document["results"] if not row["passed"]] == ["funding_sign"]
    assert document["passed"] is False
    assert "failed its audit: funding_sign" in " ".join(shown.err.split())


def test_an_audit_that_passes_exits_0(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "env", "audit", "tests.support.defects.ledger:LedgerEnv", "--pairs", "8") == 0
    shown = capsys.readouterr().out
    assert shown.count(" pass ") == 14
    assert shown.endswith("\n14 passed, 0 failed, 0 not judged\n")


def test_an_audit_that_could_not_judge_the_money_exits_1(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "env", "audit", "tests.support.defects.planted:Silent", "--pairs", "8", "--json") == 1
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["passed"] is False
    assert document["summary"] == "3 passed, 0 failed, 11 not judged"
    assert document["not_judged"][0] == "no_look_ahead"
    assert "has not passed its audit; not judged: no_look_ahead, cash_conservation" in " ".join(shown.err.split())


def test_an_audit_that_fails_names_what_it_could_not_judge_too(monkeypatch, capsys) -> None:
    fails = "tests.support.defects.planted:SilentWithoutBounds"
    assert run(monkeypatch, "env", "audit", fails, "--pairs", "8") == 1
    assert "failed its audit: gymnasium_contract; not judged: no_look_ahead," in " ".join(
        capsys.readouterr().err.split()
    )


def test_the_help_of_the_audit_names_what_can_be_audited(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "env", "audit", "--help") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*system_names(), "module:Class", "my_package.envs:MyEnv"))


def test_an_unknown_goal_is_refused_before_anything_is_measured(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "bench", "--only", "P99") == 1
    assert "`--only` must name goals of" in " ".join(capsys.readouterr().err.split())


def test_help_comes_without_heavy_imports() -> None:
    heavy = ("torch", "ccxt", "airflow", "great_expectations", "pandas", "bench")
    program = f"import sys; import include.cli; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def minutes(rows: int) -> pd.DataFrame:
    steps = np.arange(rows)
    prices = 100.0 + steps % 7 + 0.01 * (steps % 11)
    columns = {"open_time": 60_000 * steps, **dict.fromkeys(("open", "high", "low", "close"), prices)}
    return pd.DataFrame(columns | {"volume": 1.0 + steps % 5})


def test_features_of_a_file_come_from_the_file_alone(monkeypatch, capsys, tmp_path) -> None:
    times = [60_000 * minute for minute in range(150)]
    prices = [100.0 + minute % 7 for minute in range(150)]
    columns = {"open_time": times, **dict.fromkeys(("open", "high", "low", "close", "volume"), prices)}
    pq.write_table(pa.table(columns), tmp_path / "minutes.parquet")
    files = ("--candles", str(tmp_path / "minutes.parquet"), "--output", str(tmp_path / "out.parquet"))
    assert run(monkeypatch, "features", "build", *files, "--set", "shadow15", "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 150
    assert pq.read_table(tmp_path / "out.parquet").num_columns == 16


def test_a_file_of_candles_needs_a_set_and_an_output(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "features", "build", "--candles", "minutes.parquet") == 1
    shown = " ".join(capsys.readouterr().err.split())
    assert "`--candles`, `--set` and `--output` must be given together, were minutes.parquet, None, None" in shown


@pytest.mark.parametrize("given", [("--candles", "minutes.parquet"), ("--timeframe", "1m")])
def test_a_system_beside_candles_of_a_file_is_refused(monkeypatch, capsys, given) -> None:
    assert run(monkeypatch, "features", "build", "--system", "shadow", *given) == 1
    assert "`--system` must be left out where `--candles`" in " ".join(capsys.readouterr().err.split())


def test_features_without_values_are_shown_by_name(monkeypatch, capsys, tmp_path) -> None:
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), [100.0] * 3)
    pq.write_table(pa.table({"open_time": [0, 60_000, 120_000], **columns}), tmp_path / "minutes.parquet")
    files = ("--candles", str(tmp_path / "minutes.parquet"), "--output", str(tmp_path / "out.parquet"))
    assert run(monkeypatch, "features", "build", *files, "--set", "shadow15") == 0
    shown = " ".join(capsys.readouterr().out.split())
    first, second = feature_set("shadow15").names[-2:]
    assert f"{first}, {second}" in shown


def test_a_file_of_candles_becomes_a_dataset_and_its_test_split_a_csv(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path / "home"))
    minutes(16_500).to_parquet(tmp_path / "minutes.parquet", index=False)

    given = ("--system", "shadow", "--candles", str(tmp_path / "minutes.parquet"), "--json")
    assert run(monkeypatch, "dataset", "freeze", *given) == 0
    frozen = json.loads(capsys.readouterr().out)
    target = tmp_path / "test_data.csv"
    assert run(monkeypatch, "dataset", "export", frozen["id"], "--output", str(target), "--json") == 0

    assert frozen["symbols"] == ["BTC/USDT:USDT"]
    assert json.loads(capsys.readouterr().out)["rows"] == 10_000
    lines = target.read_text().splitlines()
    assert len(lines) == 10_001
    assert lines[0].startswith('"symbol","open_time","open"')


def test_symbols_are_chosen_of_a_file_alone(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "dataset", "freeze", "--symbols", "all") == 1
    assert "`--symbols` needs `--candles`, was 'all' without" in " ".join(capsys.readouterr().err.split())


def test_a_dataset_that_does_not_exist_cannot_be_exported(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path))
    assert run(monkeypatch, "dataset", "export", "0123456789abcdef") == 1
    assert "Dataset `0123456789abcdef` does not exist" in " ".join(capsys.readouterr().err.split())


def test_the_feature_report_says_where_it_lies(monkeypatch, capsys, settings) -> None:
    monkeypatch.setitem(FEATURE_SETS, "market94", builds.SET)
    builds.write_build(settings.home)
    builds.write_dataset(settings.home)
    assert run(monkeypatch, "features", "report", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["dataset_id"] == builds.DATASET_ID
    assert Path(document["file"]).is_file()


def test_a_build_says_where_its_report_lies(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    fill_lake(Lake(load_settings().home.lake), {"BTC/USDT:USDT": candles(2200)})
    assert run(monkeypatch, "features", "build", "--json") == 0
    assert Path(json.loads(capsys.readouterr().out)["report"]).is_file()


def test_a_dataset_shows_the_symbols_that_were_dropped(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path / "home"))
    parts = [minutes(16_500).assign(symbol="BTCUSDT"), minutes(500).assign(symbol="ETHUSDT")]
    pd.concat(parts).to_parquet(tmp_path / "minutes.parquet", index=False)

    given = ("--system", "shadow", "--candles", str(tmp_path / "minutes.parquet"), "--symbols", "all")
    assert run(monkeypatch, "dataset", "freeze", *given) == 0

    assert "dropped_symbols.ETH/USDT:USDT 401 train candles, needs 800" in " ".join(capsys.readouterr().out.split())


def test_features_are_accepted_as_inactive_by_name(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    settings = load_settings()
    # candles alone: neither funding nor sentiment nor macro
    fill_lake(Lake(settings.home.lake), {"BTC/USDT:USDT": candles(2200)})
    build(settings, "market94", "4h")
    assert run(monkeypatch, "dataset", "freeze") == 1
    assert "`dataset freeze` needs is `--accept-inactive f_" in " ".join(capsys.readouterr().err.split())
    names = ", ".join(spec.name for spec in feature_set("market94").specs if spec.family == "sentiment")
    assert run(monkeypatch, "dataset", "freeze", "--accept-inactive", names, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["inactive_features"]) > 20


def test_a_check_is_shown_where_slack_is_away(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path))
    monkeypatch.setenv("PERPETUA_SLACK_URL", "http://127.0.0.1:9/api/")
    assert run(monkeypatch, "check", "--slot", "standup") == 1
    shown = capsys.readouterr()
    assert "No run of phase4 yet" in shown.out
    assert "not been delivered" in " ".join(shown.err.split())
    assert "alerts list" in " ".join(shown.err.split())


def test_an_undelivered_message_is_dropped_by_its_key(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path))
    assert run(monkeypatch, "alerts", "drop", "a") == 1
    assert "must be that of a message which has not reached Slack" in " ".join(capsys.readouterr().err.split())
    Outbox(load_settings().home.alerts).put([New("a", None, "message", "{}")], wall_now())
    assert run(monkeypatch, "alerts", "drop", "a") == 0
    assert run(monkeypatch, "alerts", "list") == 0


def test_every_command_that_the_documents_name_exists() -> None:
    documents = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    texts = "\n".join(document.read_text(encoding="utf-8") for document in documents)
    named = set(re.findall(r"python -m include ([a-z-]+)", texts))
    known = {command[0] for command in COMMANDS}
    assert named
    assert named <= known


def test_the_status_of_an_empty_lake_says_what_fills_it(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PERPETUA_EXCHANGE_URL", "http://127.0.0.1:9")
    assert run(monkeypatch, "market", "status") == 0
    assert capsys.readouterr().out == "The lake is empty. Hint: `market backfill` fills it.\n"
    assert run(monkeypatch, "market", "status", "--json") == 0
    assert capsys.readouterr().out == "[]\n"


def test_a_checklist_that_is_blocked_is_exit_status_1_and_says_why(monkeypatch, capsys, settings) -> None:
    with running_sandbox(settings.model_copy(update={"universe_source": "BTC/USDT:USDT"})) as sandbox:
        monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(sandbox.settings.sandbox_port))
        assert run(monkeypatch, "check", "--slot", "pre-training") == 1
        shown = capsys.readouterr()
        assert "STATUS: ❌ BLOCKED" in shown.out
        assert "Pre-training checklist of phase4: BLOCKED" in shown.err
        assert run(monkeypatch, "check", "--slot", "decision-report") == 1
        assert "Decision report: NO RESULT." in " ".join(capsys.readouterr().err.split())
        # the day's own checks are done once they are told, whatever they found
        assert run(monkeypatch, "check", "--slot", "standup") == 0
