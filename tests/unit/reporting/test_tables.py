from include.reporting.tables import gate_table_markdown, gate_table_text
from tests.unit.reporting.results import metrics_of, result_of


def test_the_text_table_is_aligned_and_complete() -> None:
    header, *rows = gate_table_text(result_of()).split("\n")
    assert header.split() == ["gate", "limit", "observed", "95", "%", "interval", "luck", "hold"]
    assert rows[0].split() == ["Sharpe", "ratio", "≥", "1.00", "1.25", "pass", "0.05", "to", "2.50", "5%", "0.40"]
    assert rows[2].split() == ["Profit", "factor", "≥", "1.50", "1.20", "FAIL", "0.05", "to", "2.50", "5%", "–"]
    assert len({row.index("pass" if "pass" in row else "FAIL") for row in rows}) == 1
    assert all(row.index(cell) + len(cell) == header.index("limit") + len("limit")
               for row, cell in zip(rows, ("≥ 1.00", "≤ 15.00%", "≥ 1.50"), strict=True))  # fmt: skip


def test_the_text_table_fits_a_message_on_a_laptop() -> None:
    assert max(map(len, gate_table_text(result_of()).split("\n"))) < 90


def test_the_markdown_table_has_one_cell_per_column() -> None:
    lines = gate_table_markdown(result_of()).split("\n")
    assert len(lines) == 5
    assert {line.count("|") for line in lines} == {12}
    assert "| Profit factor | ≥ 1.50 | 1.20 | **fail** (minimum ≥ 1.00 reached) | 0.05 to 2.50 | 5% |" in lines[4]


def test_the_markdown_table_says_why_a_metric_is_undefined() -> None:
    result = result_of(metrics=metrics_of(sharpe=1.0), metric_reasons={"max_drawdown": "no candle"})
    assert "| Max drawdown | ≤ 15.00% | – | pass (no candle) |" in gate_table_markdown(result)
