"""From the lake to published features in three steps that a scheduler can run apart: stage, check, publish.

Every symbol's file is rebuilt whole, symbol by symbol, from one version of each lake table; what
others read changes in one rename, and only after the checks have passed.
"""

import hashlib
import json
import logging
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from include.config.settings import Settings
from include.core.checks import CheckReport
from include.core.errors import DataQualityError, IntegrityError, MissingInputError
from include.core.files import atomic_directory, read_json, sha256_file, write_json
from include.core.progress import Progress, no_progress
from include.core.timeframes import timeframe_ms
from include.features import store
from include.features.causality import causality_check, truncated
from include.features.checks import Facts, observe, verdicts
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import FEATURE_SETS
from include.features.registry import feature_set as named_set
from include.features.sources import TABLES, read_inputs, read_shared, symbol_table
from include.features.spec import FeatureSet
from include.features.store import Manifest
from include.lake.lake import Lake

logger = logging.getLogger(__name__)

REPORT_FILE = "report.json"
_CAUSALITY_SYMBOLS = 3
# of years of minutes the first five weeks: every recomputation holds the whole matrix
_CAUSALITY_CANDLES = 50_000


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build published."""

    build_id: str
    feature_set: str
    timeframe: str
    symbols: int
    rows: int
    features: int
    seconds: float


def build(settings: Settings, feature_set: str, timeframe: str, progress: Progress = no_progress) -> BuildResult:
    """Stage, check and publish the features of every symbol of the universe that has candles.

    Raises
    ------
    DataQualityError
        A critical check failed; what was published before stays.
    MissingInputError
        The lake has no candles of `timeframe`.
    """
    build_id = stage(settings, feature_set, timeframe, progress)
    check(settings, build_id, progress)
    return publish(settings, build_id)


def stage(settings: Settings, feature_set: str, timeframe: str, progress: Progress = no_progress) -> str:
    """Compute the features of every symbol into the staging area and return the build's id.

    The id follows from the feature set, the venue, the timeframe, the universe and the lake's table versions.

    Raises
    ------
    MissingInputError
        The lake has no candles of `timeframe`.
    """
    started = time.perf_counter()
    chosen, lake = named_set(feature_set), Lake.of(settings)
    versions = {name: version for name, version in lake.versions().items() if name in TABLES}
    symbols = settings.universe.symbols
    build_id = _build_id(chosen, settings.venue, timeframe, symbols, versions)
    store.hand_memory_back()
    shared = read_shared(lake, settings.venue, timeframe, versions)
    entries: dict[str, store.SymbolEntry] = {}
    with atomic_directory(_staged(settings, build_id)) as folder:
        for done, symbol in enumerate(symbols, start=1):
            inputs = read_inputs(lake, settings.venue, symbol, timeframe, versions, shared)
            if len(inputs.candles):
                entries[symbol] = store.write_symbol(folder, symbol, timeframe, symbol_table(inputs, chosen))
            progress("features", done, len(symbols))
        if not entries:
            raise MissingInputError(f"The lake has no {timeframe} candles. Hint: fetch market data first.")
        manifest = Manifest(
            build_id=build_id,
            feature_set=chosen.name,
            feature_set_sha256=chosen.sha256,
            timeframe=timeframe,
            features=chosen.names,
            symbols=entries,
            absent_symbols={symbol: "no candles in the lake" for symbol in symbols if symbol not in entries},
            lake_versions=versions,
            seconds=time.perf_counter() - started,
        )
        write_json(folder / store.MANIFEST_FILE, manifest.model_dump(mode="json"))
    logger.info("staged %s: %d rows of %d symbols", build_id, manifest.rows, len(entries))
    return build_id


def check(settings: Settings, build_id: str, progress: Progress = no_progress) -> CheckReport:
    """Check a staged build, leave the report beside it and return it.

    Row counts, warm-up, finiteness, ranges, coverage, redundancy over all rows; causality on a sample of symbols.
    """
    folder = _staged(settings, build_id)
    manifest = store.read_manifest(folder)
    chosen, step = named_set(manifest.feature_set), timeframe_ms(manifest.timeframe)
    store.hand_memory_back()
    facts = Facts()
    for done, (symbol, entry) in enumerate(manifest.symbols.items(), start=1):
        open_time, values = _read(folder, symbol, manifest)
        observe(facts, chosen, symbol, open_time, step, values, entry.rows)
        progress("feature checks", done, len(manifest.symbols))
    causality = causality_check(partial(compute, feature_set=chosen), _sample(settings, manifest))
    subject = f"features {manifest.feature_set} {build_id}"
    report = CheckReport(subject=subject, results=(*verdicts(facts, chosen), causality))
    bound = {"manifest_sha256": sha256_file(folder / store.MANIFEST_FILE), "report": report.model_dump(mode="json")}
    write_json(folder / REPORT_FILE, bound)
    return report


def publish(settings: Settings, build_id: str) -> BuildResult:
    """Put a checked build in the place of the published one and return what it holds; a second call changes nothing.

    Raises
    ------
    DataQualityError
        The build was not checked, or a critical check failed.
    IntegrityError
        A staged file is not the one that was checked.
    """
    folder = _staged(settings, build_id)
    if not folder.is_dir():
        return _already_published(settings, build_id)
    manifest = store.read_manifest(folder)
    _require_passed(folder, build_id)
    target = settings.home.features(manifest.feature_set)
    with atomic_directory(target) as fresh:
        for symbol, entry in manifest.symbols.items():
            store.read_table(folder, symbol, manifest)
            shutil.copy2(folder / entry.file, fresh)
        for name in (store.MANIFEST_FILE, REPORT_FILE):
            shutil.copy2(folder / name, fresh)
    shutil.rmtree(folder)
    logger.info("published %s as %s", build_id, target)
    return _result(manifest)


def _read(folder: Path, symbol: str, manifest: Manifest) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    # the table ends here: beside the matrix it would hold every value twice
    table = store.read_table(folder, symbol, manifest)
    return store.open_times(table), store.feature_values(table, manifest.features)


def _sample(settings: Settings, manifest: Manifest) -> dict[str, FeatureInputs]:
    names = list(manifest.symbols)
    places = sorted(set(np.linspace(0, len(names) - 1, _CAUSALITY_SYMBOLS).astype(int).tolist()))
    lake = Lake.of(settings)
    timeframe, versions = manifest.timeframe, manifest.lake_versions
    shared = read_shared(lake, settings.venue, timeframe, versions)
    found = {
        names[place]: read_inputs(lake, settings.venue, names[place], timeframe, versions, shared) for place in places
    }
    return {
        symbol: truncated(inputs, min(len(inputs.open_time), _CAUSALITY_CANDLES) - 1)
        for symbol, inputs in found.items()
    }


def _require_passed(folder: Path, build_id: str) -> None:
    if not (folder / REPORT_FILE).is_file():
        raise DataQualityError(f"Build `{build_id}` was never checked; nothing was published.")
    bound = read_json(folder / REPORT_FILE)
    report = CheckReport.model_validate(bound["report"])
    if bound["manifest_sha256"] != sha256_file(folder / store.MANIFEST_FILE):
        raise IntegrityError(f"Build `{build_id}` is not the one that was checked. Hint: check it again.")
    if not report.passed:
        reasons = "; ".join(f"{result.name}: {result.message}" for result in report.failures)
        raise DataQualityError(f"Build `{build_id}` failed its checks, nothing was published: {reasons}.")


def _already_published(settings: Settings, build_id: str) -> BuildResult:
    folders = [settings.home.features(name) for name in FEATURE_SETS]
    for manifest in [store.read_manifest(folder) for folder in folders if folder.is_dir()]:
        if manifest.build_id == build_id:
            return _result(manifest)
    raise MissingInputError(f"Build `{build_id}` is neither staged nor published. Hint: stage it first.")


def _result(manifest: Manifest) -> BuildResult:
    return BuildResult(
        build_id=manifest.build_id,
        feature_set=manifest.feature_set,
        timeframe=manifest.timeframe,
        symbols=len(manifest.symbols),
        rows=manifest.rows,
        features=len(manifest.features),
        seconds=manifest.seconds,
    )


def _staged(settings: Settings, build_id: str) -> Path:
    return settings.home.staging / f"features-{build_id}"


def _build_id(
    feature_set: FeatureSet, venue: str, timeframe: str, symbols: tuple[str, ...], versions: dict[str, int]
) -> str:
    identity = json.dumps([feature_set.name, feature_set.sha256, venue, timeframe, symbols, sorted(versions.items())])
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
