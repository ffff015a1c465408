"""What a reader of a verdict has to know beside the gates, as plain sentences."""

from include.config.system import SystemConfig
from include.evaluation.backtest import BacktestResult
from include.evaluation.nulls import NullDistribution
from include.features.dataset import DatasetInfo
from include.training.runs import RunInfo

ASSUMED_FUNDING_WORTH_A_NOTE = 0.05
LUCK_WORTH_A_NOTE = 0.05
_NAMED = 5


def notes_of(
    system: SystemConfig, run: RunInfo, dataset: DatasetInfo, played: BacktestResult, nulls: NullDistribution
) -> tuple[str, ...]:
    """Return the caveats of a revalidation, weightiest first; an empty tuple when there are none."""
    candles = len(played.open_time)
    share = played.funding_assumed_share
    notes = {
        "The policy closed no trade on this window.": played.trades.empty,
        f"The gates pass luck on this window: {nulls.go_rate.share:.0%} of the random policies would be GO.": (
            nulls.go_rate.share > LUCK_WORTH_A_NOTE
        ),
        f"The test window holds {candles:,} candles, fewer than the {system.splits.test_candles:,} asked for.": (
            candles < system.splits.test_candles
        ),
        f"Funding was assumed for {share or 0:.0%} of the hours in a position: no settlement was recorded there.": (
            share is not None and share > ASSUMED_FUNDING_WORTH_A_NOTE
        ),
        f"No owner limits: the owner set none for {system.name}, its gates are the house's own.": (
            not system.has_owner_limits
        ),
        f"The training ended as {run.status} after {run.timesteps:,} steps; judged is its best model so far.": (
            run.status != "finished"
        ),
        f"Not in the dataset: {_named(list(dataset.dropped_symbols))}.": bool(dataset.dropped_symbols),
    }
    return tuple(note for note, applies in notes.items() if applies)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
