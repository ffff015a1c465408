"""What the checks of the day say about drift: the feature that moved farthest, and how many moved far."""

from include.core.errors import IntegrityError, MissingInputError
from include.core.paths import Home
from include.features.drift import MAJOR_PSI, MODERATE_PSI, DriftReport
from include.features.survey import current_drift
from include.training.slot_lines import BAD, OK, UNKNOWN, WARN


def drift_line(home: Home, feature_set: str) -> str:
    """Return one line on how far the published features are from what the newest dataset was trained on."""
    try:
        return f"📊 Feature drift: {_words(current_drift(home, feature_set))}"
    except (IntegrityError, MissingInputError) as error:
        return f"📊 Feature drift: {UNKNOWN}. {error}"


def _words(report: DriftReport) -> str:
    if not report.measured:
        return f"{UNKNOWN}, {'no dataset is frozen' if report.dataset_id is None else 'no feature can be compared'}"
    worst = report.measured[0]
    psi, shift = worst.psi or 0.0, worst.mean_shift or 0.0
    mark = f"{BAD} > {MAJOR_PSI:g}" if psi > MAJOR_PSI else f"{WARN} > {MODERATE_PSI:g}" if psi > MODERATE_PSI else OK
    counts = f"{len(report.above(MAJOR_PSI))} of {len(report.measured)} above {MAJOR_PSI:g}"
    return (
        f"worst {worst.feature}, PSI {psi:.2f} ({mark}), mean {shift:+.2f} deviations; "
        f"{counts}, {len(report.beyond(MAJOR_PSI))} of them beyond training's own months"
    )
