"""Freezing a dataset from the candles of a file, without a lake.

The features are built beside, frozen as every build is, and forgotten. What the file does not hold (funding,
sentiment, macro) has no value: those features are inactive.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.dataset as ds

from include.config.settings import Settings
from include.config.system import SystemConfig
from include.core.errors import InvalidInputError, MissingInputError
from include.core.files import sha256_file, write_json
from include.core.progress import Progress, no_progress
from include.core.symbols import unified
from include.features import store
from include.features.dataset import DatasetInfo
from include.features.freeze import freeze_built
from include.features.own_candles import inputs_of, listed, opened, references, symbols_in
from include.features.registry import feature_set as named_set
from include.features.sources import symbol_table

Names = dict[str, str | None]


def freeze_file(
    settings: Settings,
    system: SystemConfig,
    source: Path,
    accept_inactive: Sequence[str] = (),
    progress: Progress = no_progress,
) -> DatasetInfo:
    """Freeze the candles of `source` into a dataset of `system` and return its description.

    Parameters
    ----------
    settings : Settings
        Where datasets live.
    system : SystemConfig
        Feature set, timeframe, splits, symbols (None: every one of the file) and ATR lookback.
    source : Path
        Parquet: `open_time` (epoch milliseconds or timestamp, UTC), `open`, `high`, `low`, `close`, `volume` and,
        where known, `taker_buy_volume` and `symbol` (unified or the exchange's).
    accept_inactive : sequence of str
        Features that may be inactive beyond the 20 that always may.
    progress : callable
        Called with a label, symbols done and symbols in all.

    Raises
    ------
    MissingInputError
        `source` does not exist, holds no candles, or not those of a symbol that is asked for.
    IntegrityError
        It is not Parquet.
    InvalidInputError
        A column is missing or holds no numbers, a symbol cannot be told, or candles are unsound or of another
        timeframe.
    DataQualityError
        Too few candles for the splits, or too many features are inactive.
    """
    candles = opened(source)
    store.hand_memory_back()
    if system.symbols is not None:
        system = system.model_copy(update={"symbols": tuple(unified(symbol) for symbol in system.symbols)})
    names = _wanted(_named(candles, system), system.symbols, source)
    settings.home.staging.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home.staging, prefix="candles-") as place:
        _build(candles, names, system, source, Path(place), progress)
        chosen = system.model_copy(update={"symbols": tuple(names)})
        return freeze_built(settings, chosen, Path(place), accept_inactive, progress)


def _named(candles: ds.Dataset, system: SystemConfig) -> Names:
    spelled = symbols_in(candles)
    if spelled == [None]:
        if system.symbols is None or len(system.symbols) != 1:
            raise InvalidInputError(
                f"`candles` must have a column `symbol` for {system.name}, which plays several, "
                f"had {', '.join(candles.schema.names)}."
            )
        return {system.symbols[0]: None}
    names: Names = {}
    for name in spelled:
        symbol = unified(str(name))
        if symbol in names:
            raise InvalidInputError(f"`candles.symbol` must spell each symbol one way, was {names[symbol]} and {name}.")
        names[symbol] = name
    return names


def _wanted(names: Names, wanted: Sequence[str] | None, source: Path) -> Names:
    missing = [symbol for symbol in wanted or () if symbol not in names]
    if missing:
        raise MissingInputError(
            f"`candles` must hold {listed(missing)}, {source} has {listed(list(names))}. "
            "Hint: `--symbols` names others."
        )
    return {symbol: names[symbol] for symbol in wanted or names}


def _build(
    candles: ds.Dataset, names: Names, system: SystemConfig, source: Path, folder: Path, progress: Progress
) -> None:
    started, feature_set = time.perf_counter(), named_set(system.feature_set)
    reference = references(candles, symbols_in(candles))
    entries: dict[str, store.SymbolEntry] = {}
    for done, (symbol, name) in enumerate(names.items(), start=1):
        try:
            inputs = inputs_of(candles, name, system.timeframe, reference)
            table = symbol_table(inputs, feature_set)
        except InvalidInputError as error:
            raise InvalidInputError(f"{symbol}: {error}") from error
        entries[symbol] = store.write_symbol(folder, symbol, system.timeframe, table)
        progress("features", done, len(names))
    manifest = store.Manifest(
        build_id="file",
        feature_set=feature_set.name,
        feature_set_sha256=feature_set.sha256,
        timeframe=system.timeframe,
        features=feature_set.names,
        symbols=entries,
        absent_symbols={},
        lake_versions={},
        seconds=time.perf_counter() - started,
        source_files={source.name: sha256_file(source)},
    )
    write_json(folder / store.MANIFEST_FILE, manifest.model_dump(mode="json"))
