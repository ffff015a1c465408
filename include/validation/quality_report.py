"""The data-quality pages: an index over all batches and a page per batch, static, offline, escaped.

Great Expectations' own Data Docs need a CDN and print unexpected values unescaped; these do neither.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.config.settings import Settings
from include.core.checks import CheckResult, Severity
from include.core.clock import format_utc
from include.core.files import write_text
from include.validation.quality_record import QualityRecord, load_all, page_of, save
from include.validation.strip import strip_svg

TEMPLATES = Path(__file__).parent / "templates"
# written by `lake_page.py`
LAKE_PAGE = "lake.html"


def write_batch_page(settings: Settings, record: QualityRecord) -> Path:
    """Keep `record` and write its page; return where the page lies."""
    save(settings.home, record)
    target = page_of(settings.home, record)
    write_text(target, environment().get_template("batch.html.j2").render(_facts(record), home="../index.html"))
    return target


def write_index(settings: Settings) -> Path:
    """Write `index.html` from the kept records: the newest verdict, its facts, and the history."""
    records = load_all(settings.home)
    target = settings.home.data_quality / "index.html"
    facts = _facts(records[0]) if records else {}
    history = [_history_line(record) for record in records]
    template = environment().get_template("index.html.j2")
    write_text(
        target,
        template.render(
            facts, has_record=bool(records), history=history, has_lake=(target.parent / LAKE_PAGE).is_file()
        ),
    )
    return target


def environment() -> Environment:
    """Return the templates of the data-quality pages; everything that is put into them is escaped."""
    found = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    found.filters["utc"] = format_utc
    found.filters["number"] = _number
    return found


def _facts(record: QualityRecord) -> dict[str, Any]:
    months = sorted({month for symbol in record.coverage for month in symbol.months})
    return {
        "batch": record.batch,
        "validated_at": record.validated_at,
        "verdict": _verdict(record),
        "checks": [_check_line(result) for result in _failures_first(record)],
        "coverage": [{"facts": symbol, "strip": strip_svg(symbol, months)} for symbol in record.coverage],
        "months": months,
        "expectations": record.expectations,
        "refused": sorted(record.refused.items(), key=lambda item: (-item[1], item[0])),
        "candles_covered": sum(symbol.rows for symbol in record.coverage),
        "candles_missing": sum(symbol.missing for symbol in record.coverage),
    }


def _verdict(record: QualityRecord) -> dict[str, str]:
    critical = sum(failure.severity is Severity.CRITICAL for failure in record.report.failures)
    warnings = sum(failure.severity in (Severity.WARNING, Severity.EXCLUDE) for failure in record.report.failures)
    if critical:
        return {
            "status": "critical",
            "word": "Stopped",
            "text": f"{_many(critical, 'critical check')} failed; nothing is published.",
        }
    if warnings:
        return {
            "status": "warning",
            "word": "Passed with warnings",
            "text": f"{_many(warnings, 'check')} warn; the batch may be published.",
        }
    return {"status": "passed", "word": "Passed", "text": "Every check passed; the batch may be published."}


def _failures_first(record: QualityRecord) -> tuple[CheckResult, ...]:
    return (*record.report.failures, *(result for result in record.report.results if result.passed))


def _check_line(result: CheckResult) -> dict[str, Any]:
    status = "passed" if result.passed else result.severity.value
    words = {"passed": "passed", "critical": "failed", "exclude": "left out", "warning": "warning", "info": "note"}
    return {"status": status, "word": words[status], "result": result}


def _history_line(record: QualityRecord) -> dict[str, Any]:
    return {
        "batch": record.batch,
        "validated_at": record.validated_at,
        "verdict": _verdict(record),
        "failures": len(record.report.failures),
        # never starts with a letter and a colon, which a browser would read as a scheme
        "href": f"./batches/{record.slug}.html",
    }


def _number(value: float | int | str | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
