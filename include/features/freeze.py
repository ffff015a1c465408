"""Freezing published features into a content-addressed dataset.

The id is a hash of values, feature-set hash, symbols and boundaries: never of lake versions, code
version or file bytes. The same content always has the same id, and freezing it again changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.clock import to_ms
from include.core.errors import DataQualityError, MissingInputError
from include.core.progress import Progress, no_progress
from include.core.timeframes import timeframe_ms
from include.core.version import code_version
from include.features import store
from include.features.candidates import (
    Candidate,
    complete_rows,
    filled_symbols,
    inactive_features,
    load_candidate,
    require_acceptable,
    segments,
)
from include.features.checks import evenly
from include.features.dataset import MARKET_COLUMNS, DatasetInfo, Split, Window
from include.features.frozen import content_id, standing, statistics_of, write_frozen
from include.features.redundancy import Sample, redundant
from include.features.registry import feature_set as named_set
from include.features.spec import FeatureSet
from include.features.splits import calendar_splits, common_end, rows_within, shortfall
from include.features.store import Manifest

logger = logging.getLogger(__name__)

_SAMPLE_ROWS = 400


@dataclass(frozen=True)
class _Selection:
    candidates: tuple[Candidate, ...]
    splits: dict[Split, Window]
    dropped: dict[str, str]
    inactive: dict[str, str]


def freeze(
    settings: Settings,
    system: SystemConfig,
    accept_inactive: Sequence[str] = (),
    progress: Progress = no_progress,
) -> DatasetInfo:
    """Freeze the published features of `system` into a dataset and return its description.

    Parameters
    ----------
    settings : Settings
        Where features and datasets live.
    system : SystemConfig
        Feature set, timeframe, splits, symbols (None: every built one) and ATR lookback.
    accept_inactive : sequence of str
        Features that may be inactive beyond the 20 that always may.
    progress : callable
        Called with a label, symbols done and symbols in all.

    Raises
    ------
    MissingInputError
        No features are built for the system, or by another version of the feature set.
    DataQualityError
        No symbol has enough rows, or too many features are inactive; every reason is named.
    """
    return freeze_built(settings, system, settings.home.features(system.feature_set), accept_inactive, progress)


def freeze_built(
    settings: Settings,
    system: SystemConfig,
    folder: Path,
    accept_inactive: Sequence[str] = (),
    progress: Progress = no_progress,
) -> DatasetInfo:
    """Freeze the features that were built into `folder`; otherwise as `freeze`."""
    feature_set = named_set(system.feature_set)
    manifest = _manifest(folder, feature_set, system.timeframe)
    wanted = system.symbols or tuple(manifest.symbols)
    loaded: list[Candidate] = []
    for done, symbol in enumerate(wanted, start=1):
        if symbol in manifest.symbols:
            loaded.append(load_candidate(folder, symbol, manifest, feature_set.warmup, system.account.atr_lookback))
        progress("dataset", done, len(wanted))
    built = {symbol: manifest.symbols[symbol] for symbol in wanted if symbol in manifest.symbols}
    newest = [to_ms(entry.last_open_time) for entry in built.values()]
    selection = _select(loaded, wanted, system, feature_set, accept_inactive, newest)
    _warn_of_short_histories(system, {c.symbol: built[c.symbol].rows for c in selection.candidates})
    return _write(settings, system, feature_set, manifest, selection)


def _warn_of_short_histories(system: SystemConfig, candles: dict[str, int]) -> None:
    if system.history is None:
        return
    wanted, least = system.history.candles, system.history.warning_candles
    for symbol, count in candles.items():
        if count < least:
            logger.warning(
                "%s has %s candles, fewer than the %s that a model of %s deserves (it asks for %s)",
                symbol, f"{count:,}", f"{least:,}", system.name, f"{wanted:,}",
            )  # fmt: skip


def _manifest(folder: Path, feature_set: FeatureSet, timeframe: str) -> Manifest:
    manifest = store.read_manifest(folder)
    built = (manifest.feature_set_sha256, manifest.timeframe)
    if built != (feature_set.sha256, timeframe):
        raise MissingInputError(
            f"Features of {feature_set.name} are built for {manifest.timeframe} with definition "
            f"{manifest.feature_set_sha256[:8]}, needs {timeframe} with {feature_set.sha256[:8]}. "
            "Hint: build them again."
        )
    return manifest


def _select(
    loaded: Sequence[Candidate],
    wanted: Sequence[str],
    system: SystemConfig,
    feature_set: FeatureSet,
    accept_inactive: Sequence[str],
    newest_stored: Sequence[int],
) -> _Selection:
    step = timeframe_ms(system.timeframe)
    dropped = dict.fromkeys(wanted, "no features built")
    dropped |= {c.symbol: f"no more than {feature_set.warmup} candles in a row, all warm-up" for c in loaded}
    warm = [candidate for candidate in loaded if len(candidate.open_time)]
    if not warm:
        raise _no_symbol(dropped)
    # the newest stored candles, not the newest warm ones: a gap that all symbols share must not move the test window
    end = common_end(newest_stored, step)
    splits = calendar_splits(min(int(candidate.open_time[0]) for candidate in warm), end, step, system.splits)
    warm, dropped = _long_enough(warm, splits, system, dropped)
    inactive = inactive_features(warm, splits["train"], feature_set)
    require_acceptable(inactive, accept_inactive, feature_set)
    active = np.array([name not in inactive for name in feature_set.names])
    whole = [complete_rows(candidate, active, end) for candidate in warm]
    kept, dropped = _long_enough(whole, splits, system, dropped)
    start = min(int(candidate.open_time[0]) for candidate in kept)
    return _Selection(tuple(kept), calendar_splits(start, end, step, system.splits), dropped, inactive)


def _long_enough(
    candidates: Sequence[Candidate], splits: dict[Split, Window], system: SystemConfig, dropped: dict[str, str]
) -> tuple[list[Candidate], dict[str, str]]:
    reasons = {c.symbol: shortfall(c.open_time, splits, system.splits) for c in candidates}
    kept = [candidate for candidate in candidates if reasons[candidate.symbol] is None]
    found = {symbol: reason for symbol, reason in reasons.items() if reason is not None}
    names = {candidate.symbol for candidate in kept}
    dropped = {symbol: reason for symbol, reason in (dropped | found).items() if symbol not in names}
    if not kept:
        raise _no_symbol(dropped)
    return kept, dropped


def _no_symbol(dropped: dict[str, str]) -> DataQualityError:
    # a gap that all symbols share is the usual cause, and starts every warm-up anew
    reasons = "; ".join(f"{symbol}: {reason}" for symbol, reason in dropped.items())
    return DataQualityError(
        f"No symbol has enough warm candles for a dataset: {reasons}. "
        "Hint: fetch more candles, or look for gaps on the data-quality page."
    )


def _table(candidate: Candidate, names: tuple[str, ...], step_ms: int) -> pa.Table:
    features = pd.DataFrame(candidate.values, columns=list(names), copy=False)
    market = {name: candidate.market[name] for name in MARKET_COLUMNS}
    table = store.to_table(candidate.open_time, market, features)
    segment = pa.array(segments(candidate.open_time, step_ms), pa.int32())
    return table.add_column(1 + len(MARKET_COLUMNS), "segment", segment)


def _write(
    settings: Settings, system: SystemConfig, feature_set: FeatureSet, manifest: Manifest, selection: _Selection
) -> DatasetInfo:
    step = timeframe_ms(system.timeframe)
    tables = {c.symbol: _table(c, feature_set.names, step) for c in selection.candidates}
    dataset_id = content_id(tables, feature_set.sha256, selection.splits)
    target = settings.home.dataset(dataset_id)
    existing = standing(target, dataset_id)
    if existing is not None:
        return existing
    training = [c.values[rows_within(c.open_time, selection.splits["train"])] for c in selection.candidates]
    info = write_frozen(
        target,
        tables,
        DatasetInfo(
            id=dataset_id,
            system=system.name,
            timeframe=system.timeframe,
            feature_set=feature_set.name,
            feature_set_sha256=feature_set.sha256,
            features=feature_set.names,
            inactive_features=selection.inactive,
            symbols=tuple(tables),
            dropped_symbols=selection.dropped,
            rows={},
            splits=selection.splits,
            lake_versions=manifest.lake_versions,
            code_version=code_version(),
            statistics=statistics_of(training, feature_set.names),
            files={},
            redundant_features=_redundant(training, feature_set, selection),
            source_files=manifest.source_files,
        ),
    )
    logger.info("froze dataset %s: %d rows of %d symbols", dataset_id, sum(info.rows.values()), len(tables))
    return info


def _redundant(training: list[Sample], feature_set: FeatureSet, selection: _Selection) -> dict[str, str]:
    names = feature_set.names
    active = [column for column, name in enumerate(names) if name not in selection.inactive]
    sample = np.concatenate([evenly(part, _SAMPLE_ROWS) for part in training])[:, active]
    found = redundant(sample, [names[column] for column in active])
    filled = filled_symbols(selection.candidates, selection.splits["train"], feature_set)
    return {name: reason for name, reason in filled.items() if name not in selection.inactive} | found
