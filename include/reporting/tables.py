"""The gate table as monospaced text (Slack) and as Markdown."""

from collections.abc import Sequence

from include.reporting.verdict import GateRow, RevalidationResult
from include.reporting.words import BASELINE_LABELS, interval_text, limit_text, luck_text, metric_text, minimum_text

_TEXT_HEADER = ("gate", "limit", "observed", "", "95 % interval", "luck", "hold")
_TEXT_BASELINES = ("buy_and_hold",)
_MARKDOWN_HEADER = ("Gate", "Limit", "Observed", "Verdict", "95 % interval", "Luck passes")


def gate_table_text(result: RevalidationResult) -> str:
    """Return the gate table in aligned columns: limit, observed, verdict, bounds, luck, buy and hold."""
    return "\n".join(aligned([_TEXT_HEADER, *(_text_cells(row) for row in result.gate_rows)], words=(0, 3)))


def aligned(rows: Sequence[Sequence[str]], words: Sequence[int] = (0,)) -> list[str]:
    """Return `rows` as lines of columns of equal width: those in `words` to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [_aligned(row, widths, words) for row in rows]


def gate_table_markdown(result: RevalidationResult) -> str:
    """Return the gate table as Markdown, with every baseline and the softer tier where a gate has one."""
    names = [name for name in BASELINE_LABELS if name in result.baselines]
    header = (*_MARKDOWN_HEADER, *(BASELINE_LABELS[name] for name in names))
    lines = [header, ("---", "---:", "---:", "---", *("---:",) * (len(header) - 4))]
    lines += [_markdown_cells(row, names) for row in result.gate_rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text_cells(row: GateRow) -> tuple[str, ...]:
    compared = (metric_text(row.name, row.baselines.get(name)) for name in _TEXT_BASELINES)
    return (
        row.label,
        limit_text(row),
        metric_text(row.name, row.observed),
        "pass" if row.passed else "FAIL",
        interval_text(row),
        luck_text(row),
        *compared,
    )


def _aligned(cells: Sequence[str], widths: Sequence[int], words: Sequence[int]) -> str:
    shown = [
        cell.ljust(width) if column in words else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(shown).rstrip()


def _markdown_cells(row: GateRow, names: Sequence[str]) -> tuple[str, ...]:
    verdict = "pass" if row.passed else "**fail**"
    extra = minimum_text(row) or row.reason
    compared = (metric_text(row.name, row.baselines.get(name)) for name in names)
    shown = f"{verdict} ({extra})" if extra else verdict
    bounds = (interval_text(row), luck_text(row))
    return (row.label, limit_text(row), metric_text(row.name, row.observed), shown, *bounds, *compared)
