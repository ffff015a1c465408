import io

import pytest
from rich.console import Console

from include.core.checks import CheckReport, CheckResult, Severity
from include.orchestration import terminal


def test_a_record_is_shown_by_dotted_names_and_long_lists_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(
        {"batch": {"rows": {"candles": 136400}}, "symbols": list("abcdefghij"), "failures": [], "share": 0.25}
    )
    shown = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert [[name, value.strip()] for name, value in shown] == [
        ["batch.rows.candles", "136,400"],
        ["symbols", "a, b, c, d … (10)"],
        ["failures", "none"],
        ["share", "0.25"],
    ]


def test_verdicts_are_shown_by_their_messages(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(
        {"gates": [{"passed": False, "message": "too low"}, {"passed": True, "message": "fine"}, {"message": "so"}]}
    )
    assert capsys.readouterr().out.split() == ["gates", "✗", "too", "low", "✓", "fine", "so"]


def test_records_become_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show([{"table": "candles", "rows": 1200}, {"table": "macro", "rows": 3}])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["table", "rows"],
        ["candles", "1,200"],
        ["macro", "3"],
    ]


def test_what_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show({"reason": "[red]not a colour[/]"})
    assert "[red]not a colour[/]" in capsys.readouterr().out


def test_progress_draws_a_bar_for_each_label() -> None:
    shown = io.StringIO()
    with terminal.progress(Console(file=shown, force_terminal=True, width=100)) as report:
        report("candles", 1, 2)
        report("candles", 2, 2)
        report("macro", 1, 1)
    assert "candles" in shown.getvalue()
    assert "2/2" in shown.getvalue()
    assert "macro" in shown.getvalue()


def test_a_report_begins_with_its_worst_failure_and_says_what_each_means() -> None:
    results = (
        CheckResult(name="fine", passed=True),
        CheckResult(name="note", passed=False, severity=Severity.INFO),
        CheckResult(name="bad", passed=False, observed=3, limit=0, message="3 rows."),
        CheckResult(name="one", passed=False, severity=Severity.EXCLUDE, subjects=("BTC/USDT:USDT",)),
        CheckResult(name="odd", passed=False, severity=Severity.WARNING),
    )
    lines = terminal.verdicts(CheckReport(subject="s", results=results))
    assert [(line[""], line["check"], line["verdict"]) for line in lines] == [
        ("✗", "bad", "stops"),
        ("✗", "one", "left out"),
        ("✗", "odd", "warns"),
        ("✗", "note", "note"),
        ("✓", "fine", "passed"),
    ]
    assert (lines[0]["seen"], lines[0]["limit"], lines[0]["what"]) == (3, 0, "3 rows.")


def test_a_file_gets_a_line_for_each_step_as_it_begins_and_no_bars() -> None:
    screen = Console(file=io.StringIO(), width=200)
    with terminal.progress(screen) as progress:
        for label in ("[1/5] Load trained model…", "[2/5] Load backtest data…"):
            progress(label, 0, 1)
            progress(label, 1, 1)
    assert screen.file.getvalue().split("\n")[:2] == ["[1/5] Load trained model…", "[2/5] Load backtest data…"]
    assert screen.file.getvalue().count("Load") == 2
