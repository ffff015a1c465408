"""What to retrain a refused model with: the preset that its worst failed gate names in the system's YAML."""

from typing import NamedTuple

from include.reporting.verdict import GateRow, RevalidationResult


class Retraining(NamedTuple):
    """A preset of `train_ppo`, and the label of the gate that asks for it."""

    preset: str
    gate: str


def retraining(result: RevalidationResult) -> Retraining | None:
    """Return what to retrain with; None when every gate passed, or none that failed names a preset.

    The worst gate is the one farthest from its limit, measured in limits; one whose metric cannot be known counts last.
    """
    failed = [row for row in result.gate_rows if not row.passed and row.preset is not None]
    if not failed:
        return None
    worst = max(failed, key=_shortfall)
    return Retraining(str(worst.preset), worst.label)


def _shortfall(row: GateRow) -> float:
    return 0.0 if row.observed is None else abs(row.observed - row.limit) / abs(row.limit)
