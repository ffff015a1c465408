"""The result of a cross-validation: what it holds, where it lies, what it says in a sentence.

How it comes about is in `cross_validation.py`. Light to import: pages and messages read it.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from include.config.cross_validation import Scheme
from include.core.checks import CheckReport
from include.evaluation.decision import Decision
from include.features.dataset import Window
from include.reporting import result_files, words
from include.training.fold_records import FoldResult, Record, read_record

RESULT_FILE = result_files.CROSS_VALIDATION
PAGE_FILE = result_files.CROSS_VALIDATION_PAGE
MARKDOWN_FILE = "cross_validation.md"
FIGURE_FILE = "paths.png"
SCHEMES: dict[Scheme, str] = {
    "walk_forward": "Walk-forward",
    "combinatorial": "Combinatorial purged cross-validation",
}
SHOWN = (
    "sharpe", "max_drawdown", "win_rate", "profit_factor", "consecutive_losses", "calmar", "total_return", "trades",
)  # fmt: skip


class PathResult(Record):
    """One path: the fold that plays each tested window, the metrics of the whole, gates and decision."""

    number: int
    folds: tuple[int, ...]
    metrics: dict[str, float | None]
    metric_reasons: dict[str, str]
    gates: CheckReport
    decision: Decision


class Spread(Record):
    """A figure over paths: how many have it, its least, mean and greatest; None where no path has it."""

    count: int
    low: float | None
    mean: float | None
    high: float | None


class CrossValidationResult(Record):
    """What a cross-validation found.

    `windows` are the tested windows in order of time, `holding` the metrics of buy and hold over all of them.
    """

    id: str
    scheme: Scheme
    system: str
    timeframe: str
    dataset_id: str
    seed: int
    total_timesteps: int
    history: Window
    candles: int
    purge_candles: int
    embargo_candles: int
    validation_candles: int
    windows: tuple[Window, ...]
    folds: tuple[FoldResult, ...]
    paths: tuple[PathResult, ...]
    sharpe: Spread
    total_return: Spread
    decisions: dict[str, int]
    holding: dict[str, float | None]
    holding_reasons: dict[str, str]
    created_at: datetime


def read_cross_validation(folder: Path) -> CrossValidationResult:
    """Return the result in the report folder `folder`.

    Raises
    ------
    MissingInputError
        There is none.
    """
    return read_record(CrossValidationResult, folder / RESULT_FILE, f"`{folder}` holds no cross-validation.")


def sentence(result: CrossValidationResult) -> str:
    """Return in words what the gates make of the paths, and how their Sharpe ratios spread."""
    low, mean, high = (
        words.metric_text("sharpe", value) for value in (result.sharpe.low, result.sharpe.mean, result.sharpe.high)
    )
    hold = words.metric_text("sharpe", result.holding["sharpe"])
    trained = f"{len(result.folds)} trainings, each tested on candles it did not see."
    if len(result.paths) == 1:
        (path,) = result.paths
        return f"{trained} All tests in a row: {path.decision}, Sharpe ratio {mean}; buy and hold {hold}."
    counts = " and ".join(f"{count} {decision}" for decision, count in sorted(result.decisions.items()))
    spread = f"Sharpe ratio {low} to {high}, mean {mean}; buy and hold {hold}."
    return f"{trained} Of {len(result.paths)} paths through the history, {counts}. {spread}"


def spread_of(values: Sequence[float | None]) -> Spread:
    """Return count, least, mean and greatest of the values that are defined."""
    known = [value for value in values if value is not None]
    if not known:
        return Spread(count=0, low=None, mean=None, high=None)
    return Spread(count=len(known), low=min(known), mean=sum(known) / len(known), high=max(known))
