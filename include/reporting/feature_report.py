"""The report on a published feature set: one offline HTML page, the drift for programs, its figure for messages.

The page is static: no script, nothing loaded from elsewhere, figures inside, everything escaped.
"""

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from markupsafe import Markup

from include.core.checks import CheckReport, Severity
from include.core.clock import format_utc
from include.core.files import atomic_path, write_text
from include.core.paths import Home
from include.features.drift import MAJOR_PSI, MODERATE_PSI, DriftReport, save_drift
from include.reporting import words
from include.reporting.feature_facts import STRONG_CORRELATION, ReportFacts, gather
from include.reporting.feature_figures import (
    WORST,
    correlation_figure,
    coverage_figure,
    drift_figure,
    histogram_figure,
)
from include.reporting.page import content_security_policy, data_uri, stylesheet, template

PAGE_FILE = "index.html"
DRIFT_FIGURE = "drift.png"
HTML_TEMPLATE = "features.html"
_PAIRS = 15
_FULL = 0.9995


def write_feature_report(home: Home, feature_set: str, created_at: datetime) -> DriftReport:
    """Write the report on the published build of `feature_set` and return the drift it found.

    Its folder holds `index.html`, `drift.json` and, where drift is known, `drift.png`, each written atomically.

    Parameters
    ----------
    home : Home
        Holds the features, the datasets and the reports.
    feature_set : str
        Which one.
    created_at : datetime
        Said on the page.

    Raises
    ------
    MissingInputError
        Nothing is published, or by another version of the feature set.
    """
    facts = gather(home, feature_set)
    folder = home.feature_report(feature_set)
    folder.mkdir(parents=True, exist_ok=True)
    # file by file, not the folder at once: a build and a freeze may write the report at the same time
    with TemporaryDirectory() as place:
        figures = _draw(facts, Path(place))
        write_text(folder / PAGE_FILE, to_html(facts, figures, created_at))
        _keep(figures.get("drift"), folder / DRIFT_FIGURE)
    save_drift(facts.drift, folder)
    return facts.drift


def to_html(facts: ReportFacts, figures: Mapping[str, Path], created_at: datetime) -> str:
    """Return the page; `figures` go into it by name: `drift`, `coverage`, `correlation`, and one per family."""
    style = stylesheet("report.css", "features.css")
    inside = {name: data_uri(file) for name, file in figures.items()}
    return template(HTML_TEMPLATE).render(
        f=facts,
        manifest=facts.survey.manifest,
        drift=facts.drift,
        dataset=facts.survey.dataset,
        verdict=_verdict(facts.checks),
        inactive=[feature for feature in facts.features if feature.inactive],
        redundant=[feature for feature in facts.features if feature.redundant],
        uncovered=uncovered(facts),
        moved=facts.drift.above(MAJOR_PSI),
        beyond=facts.drift.beyond(MAJOR_PSI),
        pairs=facts.strong_pairs[:_PAIRS],
        pair_count=len(facts.strong_pairs),
        limits={"moderate": MODERATE_PSI, "major": MAJOR_PSI, "correlation": STRONG_CORRELATION, "worst": WORST},
        figures=inside,
        created_at=created_at,
        utc=format_utc,
        number=number,
        percent=words.percent,
        # our own file, and the policy lets no other style through
        style=Markup(style),  # noqa: S704
        policy=content_security_policy(style),
    )


def uncovered(facts: ReportFacts) -> tuple[int, ...]:
    """Return the columns of the features that some warm row lacks."""
    return tuple(column for column, feature in enumerate(facts.features) if feature.coverage < _FULL)


def number(value: float | int | str | None, digits: int = 3) -> str:
    """Return a number with significant digits as people read it, text as it is, `–` for None."""
    if value is None or isinstance(value, str):
        return words.UNDEFINED if value is None else value
    return f"{value:.{digits}g}".replace("-", "−") if isinstance(value, float) else f"{value:,}"


def _draw(facts: ReportFacts, folder: Path) -> dict[str, Path]:
    figures = {
        f"family {family}": histogram_figure(features, folder / f"{family}.png")
        for family, features in facts.families.items()
    }
    figures["correlation"] = correlation_figure(facts, folder / "correlation.png")
    if facts.drift.measured:
        figures["drift"] = drift_figure(facts.drift.measured, folder / DRIFT_FIGURE)
    if facts.survey.months and uncovered(facts):
        figures["coverage"] = coverage_figure(facts, uncovered(facts), folder / "coverage.png")
    return figures


def _keep(figure: Path | None, target: Path) -> None:
    if figure is None:
        target.unlink(missing_ok=True)
        return
    with atomic_path(target) as temporary:
        shutil.copyfile(figure, temporary)


def _verdict(checks: CheckReport) -> dict[str, Any]:
    failures = [failure for failure in checks.failures if failure.severity is not Severity.INFO]
    if not checks.passed:
        return {"status": "failed", "word": "Failed", "failures": failures}
    if failures:
        return {"status": "warned", "word": "Warnings", "failures": failures}
    return {"status": "sound", "word": "Sound", "failures": failures}
