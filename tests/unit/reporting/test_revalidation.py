import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from include.reporting.revalidation import EQUITY_FIGURE, TRAINING_FIGURE, to_html, to_markdown, write_report
from include.reporting.verdict import read_result
from tests.unit.reporting.results import evidence_of, result_of, symbol_of

ATTACK = '<script>alert("x")</script>'


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_three_files_are_written_and_the_json_reads_back(tmp_path: Path) -> None:
    files = write_report(result_of(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "revalidation_result.html",
        "revalidation_result.json",
        "revalidation_result.md",
    ]
    assert set(files) == {"markdown", "html", "json"}
    assert read_result(tmp_path) == result_of()


def test_the_json_is_strict_and_shows_undefined_as_null(tmp_path: Path) -> None:
    text = write_report(result_of(), tmp_path)["json"].read_text()
    document = json.loads(text, parse_constant=refuse_constant)
    assert document["metrics"]["calmar"] is None
    assert document["metric_reasons"]["calmar"] == "there was no drawdown"


def test_the_equity_figure_is_named_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / EQUITY_FIGURE).write_bytes(b"png")
    assert write_report(result_of(), tmp_path)["equity"] == tmp_path / EQUITY_FIGURE


def test_writing_the_same_result_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = {name: path.read_bytes() for name, path in write_report(result_of(), tmp_path).items()}
    second = {name: path.read_bytes() for name, path in write_report(result_of(), tmp_path).items()}
    assert first == second


def test_figures_are_inside_the_page(tmp_path: Path) -> None:
    (tmp_path / EQUITY_FIGURE).write_bytes(b"equity bytes")
    (tmp_path / TRAINING_FIGURE).write_bytes(b"training bytes")
    html = to_html(result_of(), tmp_path)
    for content in (b"equity bytes", b"training bytes"):
        assert f'src="data:image/png;base64,{base64.b64encode(content).decode()}"' in html
    assert html.count("<img") == 2


def test_a_page_without_figures_has_no_empty_frames(tmp_path: Path) -> None:
    assert "<img" not in to_html(result_of(), tmp_path)


def test_nothing_of_a_result_becomes_markup(tmp_path: Path) -> None:
    result = result_of(
        run_id=ATTACK,
        system=ATTACK,
        notes=(ATTACK,),
        inactive_features={ATTACK: ATTACK},
        metric_reasons={"sharpe": ATTACK},
        symbol_results=(symbol_of(ATTACK, 1.0),),
        symbols=(ATTACK,),
        steps_seconds={ATTACK: 1.0},
        action_counts={ATTACK: 1},
    )
    page = to_html(result, tmp_path)
    # the page's own script, which sorts a table
    assert page.count("<script") == 1
    for text in (page.replace("<script>for (const head", ""), to_markdown(result)):
        assert "<script" not in text
        assert text.count("&lt;script&gt;") >= 6


def test_the_page_runs_its_own_script_alone_and_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / EQUITY_FIGURE).write_bytes(b"png")
    html = to_html(result_of(), tmp_path)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in html
    assert not re.search(r'(?:src|href)="(?!data:)', html)
    assert not re.search(r"\sstyle=|\son\w+=|url\(|@import", html)


def test_the_policy_admits_exactly_the_style_of_the_page(tmp_path: Path) -> None:
    html = to_html(result_of(), tmp_path)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in policy
    assert "default-src &#39;none&#39;" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("decision", ["GO", "PARTIAL-GO", "NO-GO"])
def test_the_banner_shows_the_decision(decision: str, tmp_path: Path) -> None:
    html = to_html(result_of(decision=decision), tmp_path)
    assert f'<div class="banner {decision}">' in html
    assert f"<title>{decision} · phase4" in html


def test_the_page_says_everything_a_judge_asks_for(tmp_path: Path) -> None:
    html = to_html(result_of(notes=("A caveat.",)), tmp_path)
    for part in (
        "A caveat.", "minimum ≥ 1.00 reached", "17.24%", "there was no drawdown", "5% of 20 random policies",
        "−3.12%", "$210.00 and $84.00", "−$12.50", "25.00%", "open_interest", "no source", "a" * 64, "d" * 16,
        "2025-07-03 08:00 UTC to 2025-09-24 16:00 UTC", "BTC/USDT:USDT", "Load trained model 0.5 s",
    ):  # fmt: skip
        assert part in html, part


def test_symbols_are_listed_best_first(tmp_path: Path) -> None:
    html = to_html(result_of(), tmp_path)
    assert html.index(">ETH/USDT:USDT</td>") < html.index(">BTC/USDT:USDT</td>")


def test_no_inactive_feature_is_said_plainly(tmp_path: Path) -> None:
    html = to_html(result_of(inactive_features={}), tmp_path)
    assert "every feature carried data" in html


def test_every_markdown_table_has_rows_of_one_width() -> None:
    tables = re.findall(r"(?:^\|.*\|\n)+", to_markdown(result_of()), re.MULTILINE)
    assert len(tables) == 4
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_the_markdown_says_decision_step_and_provenance() -> None:
    text = to_markdown(result_of(notes=("A caveat.",)))
    assert text.startswith("# PARTIAL-GO · phase4 · 2 of 3 gates passed\n")
    for part in ("**Next step:** Manual review", "> A caveat.", "Calmar ratio: there was no drawdown", "a" * 64):
        assert part in text
    assert "\n\n\n" not in text


def test_the_evidence_stands_beside_the_decision_with_its_reasons(tmp_path: Path) -> None:
    html, text = to_html(result_of(), tmp_path), to_markdown(result_of())
    for part in (
        "The evidence is insufficient.", "p = 0.200, 499 shifts",
        "0.600 (deflated Sharpe ratio)", "40% of 12,870 splits",
        "there is no champion yet", "12,345", "the candidate loses even without any fee", "Fees and slippage × 2.0",
        "Every decision one candle late", "Trend",
    ):  # fmt: skip
        assert part in html, part
    assert "## Evidence: insufficient" in text
    assert "**fails**: The deflated Sharpe ratio is 0.600" in text


def test_a_champion_is_compared_where_there_is_one(tmp_path: Path) -> None:
    better = {"observed": 0.1, "low": 0.02, "high": 0.2, "not_better_share": 0.01, "worse_share": 0.01}
    comparison = {
        "champion_run_id": "old", "sharpe": None, "log_return": better, "recommendation": "roll_back",
        "reason": "Worse.",
    }  # fmt: skip
    baselines = result_of().baselines | {"champion": result_of().baselines["random"]}
    html = to_html(result_of(evidence=evidence_of(comparison=comparison), baselines=baselines), tmp_path)
    assert "roll back. Worse. Log return 10.00% (2.00% to 20.00%)" in html
    assert html.count("Champion</th>") == 2
    assert "Champion</th>" not in to_html(result_of(), tmp_path)
