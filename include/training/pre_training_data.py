"""Pre-training checks on the published features: there, long enough, without gaps, with every source."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.config.system import SystemConfig
from include.core.checks import CheckResult, Severity
from include.core.clock import to_ms
from include.core.errors import PerpetuaError
from include.core.paths import Home
from include.core.timeframes import timeframe_ms
from include.features.dataset import read_info
from include.features.registry import feature_set as named_set
from include.features.spec import Family, FeatureSet
from include.features.store import Manifest, SymbolEntry, read_manifest

TRAINING_DATA = "training_data"
MINIMUM_TEST_CANDLES = 500
# sources beside the candles that the checklist names
SOURCES = {"smart_money": "Smart Money Concepts", "sentiment": "Sentiment", "macro": "Macro indicators"}
_NAMED = 5


def data_checks(home: Home, system: SystemConfig, dataset_id: str | None = None) -> Iterator[CheckResult]:
    """Yield the verdicts on the dataset that a training of `system` uses, None: that it would be frozen from."""
    if dataset_id is None:
        yield from _published(home, system)
    else:
        yield from _frozen(home, system, dataset_id)


def _frozen(home: Home, system: SystemConfig, dataset_id: str) -> Iterator[CheckResult]:
    try:
        info = read_info(home.dataset(dataset_id))
    except PerpetuaError as error:
        yield CheckResult(name=TRAINING_DATA, passed=False, message=str(error))
        return
    message = f"Dataset {info.id} is there: {len(info.symbols)} symbols, {sum(info.rows.values()):,} rows."
    yield CheckResult(name=TRAINING_DATA, passed=True, observed=len(info.symbols), message=message)
    candles = (to_ms(info.splits["test"].end) - to_ms(info.splits["test"].start)) // timeframe_ms(info.timeframe)
    yield CheckResult(
        name="test_candles",
        passed=candles >= MINIMUM_TEST_CANDLES,
        observed=candles,
        limit=MINIMUM_TEST_CANDLES,
        message=f"The test window has {candles:,} of at least {MINIMUM_TEST_CANDLES} candles.",
        severity=Severity.WARNING,
    )
    for family in named_set(system.feature_set).families:
        if family.name in SOURCES:
            names = [spec.name for spec in family.specs]
            present = {name for name in names if name in info.features and name not in info.inactive_features}
            yield _of_source(family, names, present)


def _published(home: Home, system: SystemConfig) -> Iterator[CheckResult]:
    feature_set = named_set(system.feature_set)
    try:
        manifest = read_manifest(home.features(feature_set.name))
    except PerpetuaError as error:
        yield CheckResult(name=TRAINING_DATA, passed=False, message=str(error))
        return
    symbols = [name for name in system.symbols or manifest.symbols if name in manifest.symbols]
    yield _cached(home, system, feature_set, manifest, symbols)
    entries = {name: manifest.symbols[name] for name in symbols}
    step_ms = timeframe_ms(manifest.timeframe)
    yield _long_enough(system, feature_set, entries)
    yield _gaps(system, entries, step_ms)
    for family in feature_set.families:
        if family.name in SOURCES:
            yield _source(home, system, family, manifest, symbols)


def _cached(
    home: Home, system: SystemConfig, feature_set: FeatureSet, manifest: Manifest, symbols: Sequence[str]
) -> CheckResult:
    folder = home.features(feature_set.name)
    absent = [name for name in symbols if not (folder / manifest.symbols[name].file).is_file()]
    message = f"Features of {len(symbols)} symbols, {manifest.rows:,} rows, build {manifest.build_id}."
    problem = None
    if (manifest.feature_set_sha256, manifest.timeframe) != (feature_set.sha256, system.timeframe):
        problem = f"Features of {feature_set.name} were built by another definition or for another timeframe"
    elif not symbols:
        problem = f"No symbol of {system.name} is among the features of {feature_set.name}"
    elif absent:
        problem = f"Features lack the files of {_named(absent)}"
    if problem:
        message = f"{problem}. Actions: run `build_features`."
    return CheckResult(name=TRAINING_DATA, passed=problem is None, observed=len(symbols), message=message)


def _long_enough(system: SystemConfig, feature_set: FeatureSet, entries: dict[str, SymbolEntry]) -> CheckResult:
    parts = system.splits
    needed = (
        max(feature_set.warmup, system.account.atr_lookback)
        + parts.min_train_candles
        + parts.validation_candles
        + parts.test_candles
        + 2 * parts.embargo_candles
    )
    long = [name for name, entry in entries.items() if entry.rows >= needed]
    message = f"{len(long)} of {len(entries)} symbols have the {needed:,} candles that training and testing take"
    if parts.test_candles < MINIMUM_TEST_CANDLES:
        message += f"; the test window has {parts.test_candles} of at least {MINIMUM_TEST_CANDLES}"
    return CheckResult(
        name="test_candles",
        passed=bool(long) and parts.test_candles >= MINIMUM_TEST_CANDLES,
        observed=parts.test_candles,
        limit=MINIMUM_TEST_CANDLES,
        message=message + ("." if long else ". Actions: fetch more candles."),
        severity=Severity.WARNING if long else Severity.CRITICAL,
    )


def _gaps(system: SystemConfig, entries: dict[str, SymbolEntry], step_ms: int) -> CheckResult:
    if system.calendar != "crypto":
        text = "Gaps are not counted: the market of this system closes at night."
        return CheckResult(name="candle_gaps", passed=True, message=text, severity=Severity.WARNING)
    missing = {name: _missing(entry, step_ms) for name, entry in entries.items()}
    gappy = [name for name, count in missing.items() if count]
    message = f"No candle is missing in {len(entries)} symbols."
    if gappy:
        message = f"{sum(missing.values()):,} candles are missing in {_named(gappy)}; no episode crosses a gap."
    return CheckResult(
        name="candle_gaps",
        passed=not gappy,
        observed=sum(missing.values()),
        limit=0,
        message=message,
        severity=Severity.WARNING,
    )


def _missing(entry: SymbolEntry, step_ms: int) -> int:
    return (to_ms(entry.last_open_time) - to_ms(entry.first_open_time)) // step_ms + 1 - entry.rows


def _source(
    home: Home, system: SystemConfig, family: Family, manifest: Manifest, symbols: Sequence[str]
) -> CheckResult:
    names = [spec.name for spec in family.specs]
    present: set[str] = set()
    for symbol in symbols:
        file = home.features(manifest.feature_set) / manifest.symbols[symbol].file
        if file.is_file() and len(present) < len(names):
            present |= _with_values(pq.read_table(file, columns=names), system.splits.test_candles)
    return _of_source(family, names, present)


def _of_source(family: Family, names: Sequence[str], present: set[str]) -> CheckResult:
    absent = [name for name in names if name not in present]
    message = f"{SOURCES[family.name]}: {len(present)} of {len(names)} features have values"
    message += f", {_named(absent)} have none." if absent else "."
    return CheckResult(
        name=f"{family.name}_data",
        passed=bool(present),
        observed=len(present),
        limit=1,
        message=message + ("" if present else " Actions: run `market_data`, then `build_features`."),
        severity=Severity.WARNING,
    )


def _with_values(table: pa.Table, newest: int) -> set[str]:
    # Arrow keeps NaN apart from null; a feature without a value is NaN
    rows = table.slice(max(0, table.num_rows - newest))
    return {name for name in rows.column_names if not np.isnan(rows[name].to_numpy()).all()}


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
