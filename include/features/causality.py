"""Finds features that look ahead: recomputes on inputs that end earlier, or change later, and compares bits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from include.core.checks import CheckResult, Severity
from include.features.inputs import PRICES, FeatureInputs, other_sources
from include.features.timelines import epoch_ms

_TIMES = ["open_time", "known_at", "funding_time", "timestamp", "date", "vintage"]

Compute = Callable[[FeatureInputs], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Leak:
    """A feature whose value at `open_time` depends on something known later than the close of row `cut`."""

    feature: str
    open_time: pd.Timestamp
    cut: int
    how: str


def find_leaks(compute: Compute, inputs: FeatureInputs, cuts: Sequence[int], seed: int = 0) -> tuple[Leak, ...]:
    """Return every feature whose past changes with its future, the first changed row of each.

    For each cut the features are computed twice more: from inputs truncated after that row, and from inputs whose
    every later value is perturbed. All rows up to the cut must keep the same bits.

    Parameters
    ----------
    compute : callable
        From inputs to one row per candle and one column per feature.
    inputs : FeatureInputs
        The full inputs of one symbol.
    cuts : sequence of int
        Last rows that are left, or left as they are.
    seed : int
        Seed of the perturbation.
    """
    full = compute(inputs)
    leaks: list[Leak] = []
    for cut in cuts:
        for how, changed in (("truncated", truncated(inputs, cut)), ("perturbed", perturbed(inputs, cut, seed))):
            leaks += _differences(full.iloc[: cut + 1], compute(changed).iloc[: cut + 1], cut, how)
    return tuple(leaks)


def truncated(inputs: FeatureInputs, cut: int) -> FeatureInputs:
    """Return `inputs` as they were known at the close of row `cut`."""
    decision = int(inputs.open_time[cut]) + inputs.step_ms
    changes: dict[str, Any] = {
        name: frame[epoch_ms(frame, "known_at") <= decision] for name, frame in other_sources(inputs).items()
    }
    if inputs.reference is not None:
        changes["reference"] = {
            symbol: frame[epoch_ms(frame, "open_time") + inputs.step_ms <= decision]
            for symbol, frame in inputs.reference.items()
        }
    return replace(inputs, candles=inputs.candles.iloc[: cut + 1], **changes)


def perturbed(inputs: FeatureInputs, cut: int, seed: int) -> FeatureInputs:
    """Return `inputs` with every value that is known later than the close of row `cut` changed."""
    decision = int(inputs.open_time[cut]) + inputs.step_ms
    rng = np.random.default_rng(seed)
    changes: dict[str, Any] = {
        name: _scaled(frame, epoch_ms(frame, "known_at") > decision, rng)
        for name, frame in other_sources(inputs).items()
    }
    if inputs.reference is not None:
        changes["reference"] = {
            symbol: _scaled(frame, epoch_ms(frame, "open_time") + inputs.step_ms > decision, rng)
            for symbol, frame in inputs.reference.items()
        }
    later = np.arange(len(inputs.candles)) > cut
    return replace(inputs, candles=_scaled(inputs.candles, later, rng), **changes)


def causality_check(
    compute: Compute, samples: dict[str, FeatureInputs], cuts_per_symbol: int = 3, seed: int = 0
) -> CheckResult:
    """Return the verdict over a sample of symbols, each cut at rows drawn from its newer half."""
    rng = np.random.default_rng(seed)
    found: list[str] = []
    cuts = 0
    for symbol, inputs in samples.items():
        rows = len(inputs.open_time)
        chosen = sorted(set(rng.integers(rows // 2, max(rows - 1, 1), cuts_per_symbol).tolist())) if rows > 1 else []
        cuts += len(chosen)
        found += [f"{leak.feature} of {symbol}" for leak in find_leaks(compute, inputs, chosen, seed)]
    leaking = sorted(set(found))
    return CheckResult(
        name="feature_causality",
        passed=not leaking and cuts > 0,
        observed=len(leaking) if cuts else None,
        limit=0,
        message=f"look ahead: {', '.join(leaking)}"
        if leaking
        else f"{len(samples)} symbols cut at {cuts} candles: the past keeps its bits"
        if cuts
        else "no symbol has two candles to cut between",
        severity=Severity.CRITICAL,
    )


def _differences(full: pd.DataFrame, other: pd.DataFrame, cut: int, how: str) -> list[Leak]:
    same = _bits(full) == _bits(other)
    return [
        Leak(str(full.columns[column]), full.index[int(np.argmin(same[:, column]))], cut, how)
        for column in np.flatnonzero(~same.all(axis=0)).tolist()
    ]


def _bits(frame: pd.DataFrame) -> NDArray[np.unsignedinteger]:
    values = frame.to_numpy(copy=True)
    # NaN has many spellings and one meaning
    values[np.isnan(values)] = np.nan
    return values.view(f"u{values.dtype.itemsize}")


def _scaled(frame: pd.DataFrame, rows: NDArray[np.bool_], rng: np.random.Generator) -> pd.DataFrame:
    changed = frame.copy()
    # prices of one candle move together, so that it stays a candle
    factors = np.where(rows, rng.uniform(0.5, 2.0, len(frame)), 1.0)
    for name in frame.select_dtypes("number").columns.difference(_TIMES):
        own = factors if name in PRICES else np.where(rows, rng.uniform(0.5, 2.0, len(frame)), 1.0)
        changed[name] = frame[name] * own
    return changed
