"""The written report of a revalidation: JSON for programs, Markdown and one offline HTML page for people.

The page is static: nothing is loaded from elsewhere, figures inside, everything escaped; its one script sorts a table.
"""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from include.core.clock import format_utc
from include.core.files import write_json, write_text
from include.reporting import words
from include.reporting.intervals import interval_svg
from include.reporting.page import content_security_policy, data_uri, stylesheet, template
from include.reporting.tables import gate_table_markdown
from include.reporting.verdict import RESULT_FILE, RevalidationResult

MARKDOWN_TEMPLATE, HTML_TEMPLATE = "revalidation.md", "revalidation.html"
MARKDOWN_FILE = "revalidation_result.md"
HTML_FILE = "revalidation_result.html"
EQUITY_FIGURE = "equity.png"
COST_FIGURE = "costs.png"
TRAINING_FIGURE = "training.png"
# in this order they are shown; the rest of the metrics is in the JSON
SHOWN_METRICS = (
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "win_rate",
    "profit_factor",
    "consecutive_losses",
    "consecutive_losses_pooled",
    "consecutive_losses_max",
    "trades",
    "exposure",
    "turnover",
    "cost_share",
    "funding_share",
)


def write_report(result: RevalidationResult, folder: Path) -> dict[str, Path]:
    """Write a result as JSON, Markdown and HTML, each file atomically, and return their paths.

    Parameters
    ----------
    result : RevalidationResult
        What is written.
    folder : Path
        Created when absent. `equity.png` and `training.png` in it become part of the page.

    Returns
    -------
    dict of Path
        Keys `markdown`, `html`, `json` and, where it exists, `equity`. The JSON is written last: where it
        stands, the rest stands too.
    """
    files = {"markdown": folder / MARKDOWN_FILE, "html": folder / HTML_FILE, "json": folder / RESULT_FILE}
    write_text(files["markdown"], to_markdown(result))
    write_text(files["html"], to_html(result, folder))
    write_json(files["json"], result.model_dump(mode="json"))
    if (folder / EQUITY_FIGURE).is_file():
        files["equity"] = folder / EQUITY_FIGURE
    return files


def to_markdown(result: RevalidationResult) -> str:
    """Return the report as Markdown."""
    return template(MARKDOWN_TEMPLATE).render(**_facts(result), gate_table=gate_table_markdown(result))


def to_html(result: RevalidationResult, folder: Path) -> str:
    """Return the report as one HTML page with the figures of `folder` inside."""
    style, script = stylesheet("report.css"), stylesheet("sort.js")
    return template(HTML_TEMPLATE).render(
        **_facts(result),
        # our own file, and the policy lets no other style through
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=content_security_policy(style, script),
        intervals={row.name: interval_svg(row) for row in result.gate_rows},
        equity=data_uri(folder / EQUITY_FIGURE),
        costs=data_uri(folder / COST_FIGURE),
        training=data_uri(folder / TRAINING_FIGURE),
    )


def _facts(result: RevalidationResult) -> dict[str, Any]:
    compared = {name: label for name, label in words.BASELINE_LABELS.items() if name in result.baselines}
    return {"r": result, "words": words, "utc": format_utc, "shown": SHOWN_METRICS, "compared": compared}
