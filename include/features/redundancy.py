"""Finds features that carry nothing: constant, near-constant, neutral-filled, duplicate, collinear ones, by name.

Each function takes a sample (rows, k) of values without NaN and the k names.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEAR_CONSTANT_SHARE = 0.99
COLLINEAR = 0.999
# what a missing value is filled with when nobody looks: nothing, half a share, no change, the middle of 0 … 100
NEUTRAL_VALUES = (0.0, 0.5, 1.0, 50.0)
NEUTRAL_SHARE = 0.9

Sample = NDArray[np.float32]


def constant(sample: Sample, names: Sequence[str]) -> dict[str, float]:
    """Return the features that hold one value only, and that value."""
    still = sample.min(axis=0) == sample.max(axis=0)
    return {names[column]: float(sample[0, column]) for column in np.flatnonzero(still).tolist()}


def near_constant(sample: Sample, names: Sequence[str]) -> dict[str, float]:
    """Return the features of which one value makes up at least 99 % without being all, and its share."""
    found: dict[str, float] = {}
    for column, name in enumerate(names):
        share = float(np.unique(sample[:, column], return_counts=True)[1].max() / len(sample))
        if NEAR_CONSTANT_SHARE <= share < 1.0:
            found[name] = share
    return found


def neutral_filled(sample: Sample, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the features of which 0, 0.5, 1 or 50 makes up at least 90 % without being all: value and share."""
    found: dict[str, tuple[float, float]] = {}
    for value in NEUTRAL_VALUES:
        shares = (sample == np.float32(value)).mean(axis=0)
        for column in np.flatnonzero((shares >= NEUTRAL_SHARE) & (shares < 1.0)).tolist():
            found[names[column]] = (value, float(shares[column]))
    return found


def duplicates(sample: Sample, names: Sequence[str]) -> dict[str, str]:
    """Return the features that equal an earlier one everywhere, and the earlier one."""
    seen: dict[bytes, str] = {}
    found: dict[str, str] = {}
    for column, name in enumerate(names):
        first = seen.setdefault(np.ascontiguousarray(sample[:, column]).tobytes(), name)
        if first != name:
            found[name] = first
    return found


def collinear(sample: Sample, names: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Return the features whose correlation with an earlier one exceeds 0.999 either way, with that one and r.

    Constant features have no correlation and are left out.
    """
    moving = np.flatnonzero(sample.min(axis=0) < sample.max(axis=0))
    if len(moving) < 2:
        return {}
    matrix = np.atleast_2d(np.corrcoef(sample[:, moving].astype(np.float64), rowvar=False))
    found: dict[str, tuple[str, float]] = {}
    for later, earlier in zip(*np.nonzero(np.tril(np.abs(matrix) > COLLINEAR, k=-1)), strict=True):
        found.setdefault(names[moving[later]], (names[moving[earlier]], float(matrix[later, earlier])))
    return found


def redundant(sample: Sample, names: Sequence[str]) -> dict[str, str]:
    """Return duplicate, collinear, near-constant and neutral-filled features with the reason in words."""
    same = duplicates(sample, names)
    filled = neutral_filled(sample, names)
    reasons = {name: f"neutral: {value:g} makes up {share:.1%}" for name, (value, share) in filled.items()}
    reasons |= {name: f"one value makes up {share:.1%}" for name, share in near_constant(sample, names).items()}
    for name, (other, r) in collinear(sample, names).items():
        reasons[name] = f"r = {r:.5f} with {other}"
    return reasons | {name: f"equal to {other}" for name, other in same.items() if name not in constant(sample, names)}
