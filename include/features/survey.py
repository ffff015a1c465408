"""One pass over the published features: the rows that reports and drift look at, pooled over symbols.

A sample, evenly spread over each symbol's rows, so that a survey of millions of candles stays small.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from include.core.clock import from_ms, to_ms
from include.core.errors import IntegrityError, MissingInputError, PerpetuaError
from include.core.paths import Home
from include.core.timeframes import timeframe_ms
from include.features import store
from include.features.dataset import INFO_FILE, DatasetInfo, Window, read_info, symbol_file
from include.features.drift import DriftReport, FeatureDrift, feature_drifts, read_drift
from include.features.inputs import run_positions
from include.features.registry import feature_set as named_set
from include.features.splits import common_end, rows_within
from include.features.store import Manifest

RECENT = timedelta(days=30)
SAMPLE_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one symbol or of several.

    Attributes
    ----------
    open_time : int64 (rows,), epoch milliseconds.
    values : float32 (rows, features), NaN where a feature is missing.
    """

    open_time: NDArray[np.int64]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.open_time)

    def within(self, window: Window) -> "Rows":
        """Return the rows of one symbol that lie in `window`."""
        rows = rows_within(self.open_time, window)
        return Rows(self.open_time[rows], self.values[rows])

    def sample(self, count: int) -> "Rows":
        """Return at most `count` rows, evenly spread."""
        if len(self) <= count:
            return self
        chosen = np.linspace(0, len(self) - 1, count).astype(np.int64)
        return Rows(self.open_time[chosen], self.values[chosen])


@dataclass(frozen=True)
class Survey:
    """What a published build holds, beside what the newest dataset of the same definition was trained on.

    Attributes
    ----------
    dataset : DatasetInfo or None
        None before the first.
    symbols : tuple of str
        Symbols of `reference` and `recent`: those that the build and the dataset share.
    reference : Rows
        Sample of the dataset's training rows; without a dataset, of the build's rows before `recent`.
    recent : Rows
        Sample of the newest 30 days.
    months : tuple of str
        Calendar months that have warm rows, such as ``2026-02``.
    rows : int64 (months,)
        Warm rows of all symbols.
    present : int64 (months, features)
        Warm rows that have the feature.
    """

    manifest: Manifest
    dataset: DatasetInfo | None
    symbols: tuple[str, ...]
    reference: Rows
    recent: Rows
    recent_window: Window
    months: tuple[str, ...]
    rows: NDArray[np.int64]
    present: NDArray[np.int64]

    @property
    def coverage(self) -> NDArray[np.float64]:
        """Share of warm rows that have the feature (features,)."""
        shares: NDArray[np.float64] = self.present.sum(axis=0) / max(int(self.rows.sum()), 1)
        return shares


def survey(home: Home, feature_set: str) -> Survey:
    """Return the survey of the published build of `feature_set`.

    Raises
    ------
    MissingInputError
        Nothing is published, or by another version of the feature set.
    IntegrityError
        A file is not the one that was built.
    """
    folder = home.features(feature_set)
    manifest = store.read_manifest(folder)
    if manifest.feature_set_sha256 != named_set(feature_set).sha256:
        raise MissingInputError(f"Features of {feature_set} have another definition by now. Hint: build them again.")
    dataset = newest_dataset(home, manifest)
    recent_window = _recent_window(manifest)
    compared = tuple(s for s in (dataset.symbols if dataset else manifest.symbols) if s in manifest.symbols)
    share = SAMPLE_ROWS // max(len(compared), 1)
    months, recent, older = _Months(), [], []
    for symbol, rows in _warm_rows(folder, manifest):
        months.add(rows)
        if symbol in compared:
            recent.append(rows.within(recent_window).sample(share))
            older.append(_before(rows, recent_window).sample(share))
    if dataset is not None:
        folder = home.dataset(dataset.id)
        older = [_training_rows(folder, symbol, dataset).sample(share) for symbol in compared]
    width = len(manifest.features)
    reference, newest = pooled(older, width), pooled(recent, width)
    return Survey(manifest, dataset, compared, reference, newest, recent_window, *months.counted(width))


def drift_of(seen: Survey) -> DriftReport:
    """Return the drift of the newest 30 days against the training window of the newest dataset."""
    dataset, names = seen.dataset, seen.manifest.features
    if dataset is None:
        drifts = tuple(FeatureDrift(feature=name, reason="no dataset is frozen yet") for name in names)
    else:
        length = to_ms(seen.recent_window.end) - to_ms(seen.recent_window.start)
        stretches = stretches_of(seen.reference.open_time, length)
        drifts = feature_drifts(names, seen.reference.values, seen.recent.values, dataset.inactive_features, stretches)
    return DriftReport(
        feature_set=seen.manifest.feature_set,
        build_id=seen.manifest.build_id,
        dataset_id=dataset.id if dataset else None,
        training=dataset.splits["train"] if dataset else None,
        recent=seen.recent_window,
        symbols=len(seen.symbols),
        features=drifts,
    )


def current_drift(home: Home, feature_set: str) -> DriftReport:
    """Return the drift of the published build: the kept one, or measured anew where build or dataset changed since.

    Raises
    ------
    MissingInputError
        Nothing is published, or by another version of the feature set.
    """
    manifest = store.read_manifest(home.features(feature_set))
    dataset = newest_dataset(home, manifest)
    kept = _kept(home.feature_report(feature_set))
    if kept and (kept.build_id, kept.dataset_id) == (manifest.build_id, dataset.id if dataset else None):
        return kept
    return drift_of(survey(home, feature_set))


def newest_dataset(home: Home, manifest: Manifest) -> DatasetInfo | None:
    """Return the dataset of the same definition and timeframe whose test window ends last, None without one."""
    found = []
    for file in home.datasets.glob(f"*/{INFO_FILE}"):
        try:
            info = read_info(file.parent)
        except (PerpetuaError, ValidationError):
            continue  # written by another version, or being written
        same = (info.feature_set, info.feature_set_sha256, info.timeframe)
        if same == (manifest.feature_set, manifest.feature_set_sha256, manifest.timeframe):
            found.append((info.splits["test"].end, file.stat().st_mtime_ns, info))
    return max(found, key=lambda item: item[:2])[2] if found else None


class _Months:
    """Counts rows and present values per calendar month."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._present: dict[str, NDArray[np.int64]] = {}

    def add(self, rows: Rows) -> None:
        months = rows.open_time.astype("datetime64[ms]").astype("datetime64[M]")
        names, starts = np.unique(months, return_index=True)
        if not len(names):
            return
        counts = np.add.reduceat((~np.isnan(rows.values)).astype(np.int64), starts, axis=0)
        sizes = np.diff(np.append(starts, len(rows)))
        for name, size, present in zip(names.astype(str).tolist(), sizes.tolist(), counts, strict=True):
            self._rows[name] = self._rows.get(name, 0) + size
            self._present[name] = self._present.get(name, 0) + present

    def counted(self, width: int) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
        months = tuple(sorted(self._rows))
        rows = np.array([self._rows[month] for month in months], dtype=np.int64)
        present = np.array([self._present[month] for month in months], dtype=np.int64).reshape(len(months), width)
        return months, rows, present


def _warm_rows(folder: Path, manifest: Manifest) -> Iterator[tuple[str, Rows]]:
    step, warmup = timeframe_ms(manifest.timeframe), named_set(manifest.feature_set).warmup
    for symbol in manifest.symbols:
        table = store.read_table(folder, symbol, manifest)
        open_time = store.open_times(table)
        warm = run_positions(open_time, step) >= warmup
        yield symbol, Rows(open_time[warm], store.feature_values(table, manifest.features)[warm])


def _training_rows(folder: Path, symbol: str, dataset: DatasetInfo) -> Rows:
    source = folder / symbol_file(symbol, dataset.timeframe)
    try:
        table = pq.read_table(source, columns=["open_time", *dataset.features])
    except (OSError, ValueError) as error:
        raise IntegrityError(f"Dataset `{dataset.id}` cannot read {source.name}: {error}") from error
    rows = Rows(store.open_times(table), store.feature_values(table, dataset.features))
    return rows.within(dataset.splits["train"])


def _recent_window(manifest: Manifest) -> Window:
    last = [to_ms(entry.last_open_time) for entry in manifest.symbols.values()]
    end = from_ms(common_end(last, timeframe_ms(manifest.timeframe)))
    return Window(start=end - RECENT, end=end)


def _before(rows: Rows, window: Window) -> Rows:
    older = slice(int(np.searchsorted(rows.open_time, to_ms(window.start))))
    return Rows(rows.open_time[older], rows.values[older])


def pooled(parts: Sequence[Rows], width: int) -> Rows:
    """Return the rows of all `parts` as one; without any, no rows of `width` features."""
    if not parts:
        return Rows(np.zeros(0, dtype=np.int64), np.zeros((0, width), dtype=np.float32))
    return Rows(np.concatenate([part.open_time for part in parts]), np.concatenate([part.values for part in parts]))


def stretches_of(open_time: NDArray[np.int64], length_ms: int) -> NDArray[np.int64]:
    """Return which whole stretch of `length_ms` each row belongs to, counted from the newest; −1 for none."""
    if not len(open_time):
        return np.zeros(0, dtype=np.int64)
    # counted back from the newest row: the oldest stretch is the one that may be cut short, and is left out
    last = int(open_time.max()) + 1
    numbers = (last - open_time - 1) // length_ms
    whole = (last - int(open_time.min())) // length_ms
    return np.where(numbers < whole, numbers, -1)


def _kept(folder: Path) -> DriftReport | None:
    try:
        return read_drift(folder)
    except (PerpetuaError, ValidationError):
        return None  # never written, or by another version: it is measured anew
