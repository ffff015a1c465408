import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from include.cli import app, main

COMMANDS = [
    ["market", "backfill"], ["market", "status"], ["market", "export"], ["validate"], ["features", "build"],
    ["dataset", "freeze"], ["train"], ["check"], ["revalidate"], ["sandbox"], ["sandbox", "advance"], ["up"],
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
    assert "`system` must be one of phase4, was 'phase9'" in " ".join(shown.err.split())


def test_a_missing_input_says_what_to_do_first(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "revalidate") == 1
    assert "has no finished run yet. Hint: start one with" in " ".join(capsys.readouterr().err.split())


def test_an_assignment_needs_a_key_and_a_value(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "train", "--set", "learning_rate") == 1
    assert "`--set` must be KEY=VALUE, was 'learning_rate'" in " ".join(capsys.readouterr().err.split())


def test_a_bad_setting_is_named_before_anything_runs(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PERPETUA_MODE", "demo")
    assert run(monkeypatch, "market", "status") == 1
    assert "`PERPETUA_MODE` input should be 'sandbox' or 'live', was 'demo'" in " ".join(
        capsys.readouterr().err.split()
    )


def test_json_is_one_document_on_stdout(monkeypatch, capsys) -> None:
    assert run(monkeypatch, "market", "status", "--json") == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_help_comes_without_heavy_imports() -> None:
    heavy = ("torch", "ccxt", "airflow", "great_expectations", "pandas")
    program = f"import sys; import include.cli; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
