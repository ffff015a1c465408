"""A small published build and a dataset frozen of it, written file by file: no lake, no kernels, known values."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import from_ms, to_ms
from include.core.files import write_json
from include.core.paths import Home
from include.features import store
from include.features.build import REPORT_FILE
from include.features.dataset import INFO_FILE, DatasetInfo, Window, symbol_file
from include.features.spec import Family, FeatureSet, candle_feature
from include.features.store import Manifest

STEP_MS = 4 * 3_600_000
START_MS = to_ms(datetime(2025, 1, 1, tzinfo=UTC))
WARMUP, ROWS, RECENT_ROWS = 10, 1_270, 180
TRAIN_ROWS = slice(WARMUP, 750)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
DATASET_ID = "d" * 16


def _nothing(_segment: object, _inputs: object) -> dict[str, np.ndarray]:
    return {}


def _family(name: str, *keys: str) -> Family:
    return Family(
        name, tuple(candle_feature(name, key, "close", WARMUP, f"formula of {key}") for key in keys), _nothing
    )


SET = FeatureSet(
    "market94",
    (_family("price", "steady_1", "moved_7", "state_1"), _family("smart_money", "late_1", "absent_1", "still_1")),
)
STEADY, MOVED, STATE, LATE, ABSENT, STILL = SET.names


def values(symbol: str) -> np.ndarray:
    """Return the features of one symbol, float32 (ROWS, 6).

    The first keeps its distribution, the second jumps by three deviations in the newest 30 days, the third holds
    −1, 0, 1, the fourth starts after 600 rows, the fifth is never there, the last is 0.5 always.
    """
    rng = np.random.default_rng(SYMBOLS.index(symbol))
    moved = rng.normal(size=ROWS)
    moved[-RECENT_ROWS:] += 3.0
    late = rng.normal(size=ROWS)
    late[:600] = np.nan
    columns = [rng.normal(size=ROWS), moved, rng.integers(-1, 2, ROWS), late]
    matrix = np.column_stack([*columns, np.full(ROWS, np.nan), np.full(ROWS, 0.5)]).astype(np.float32)
    matrix[:WARMUP] = np.nan
    return matrix


def open_times() -> np.ndarray:
    """Return the open times of the candles, int64 (ROWS,)."""
    return START_MS + STEP_MS * np.arange(ROWS, dtype=np.int64)


def instant(row: int) -> datetime:
    """Return the open time of candle `row`."""
    return from_ms(START_MS + STEP_MS * row)


def write_build(home: Home, *, build_id: str = "b1", feature_set: FeatureSet = SET, message: str = "none") -> Manifest:
    """Publish the build of both symbols, checked, and return its manifest."""
    folder = home.features(feature_set.name)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        build_id=build_id,
        feature_set=feature_set.name,
        feature_set_sha256=feature_set.sha256,
        timeframe="4h",
        features=feature_set.names,
        symbols={symbol: store.write_symbol(folder, symbol, "4h", table_of(values(symbol))) for symbol in SYMBOLS},
        absent_symbols={"SOL/USDT:USDT": "no candles in the lake"},
        lake_versions={"candles": 3},
        seconds=1.5,
    )
    write_json(folder / store.MANIFEST_FILE, manifest.model_dump(mode="json"))
    causal = CheckResult(name="feature_causality", passed=True, observed=0, limit=0, message="the past keeps its bits")
    other = CheckResult(name="feature_rows", passed=True, message=message, severity=Severity.CRITICAL)
    report = CheckReport(subject=f"features {build_id}", results=(other, causal))
    write_json(folder / REPORT_FILE, {"manifest_sha256": "", "report": report.model_dump(mode="json")})
    return manifest


def write_dataset(home: Home, dataset_id: str = DATASET_ID, **changes: object) -> DatasetInfo:
    """Write a dataset of the build whose training window is TRAIN_ROWS, its description changed by `changes`."""
    folder = home.dataset(dataset_id)
    folder.mkdir(parents=True, exist_ok=True)
    inactive = {
        LATE: "covers 21.0% of the training candles, needs 95%",
        ABSENT: "covers 0.0% of the training candles, needs 95%",
        STILL: "constant at 0.5 in training",
    }
    facts = {
        "id": dataset_id,
        "system": "phase4",
        "timeframe": "4h",
        "feature_set": SET.name,
        "feature_set_sha256": SET.sha256,
        "features": SET.names,
        "inactive_features": inactive,
        "symbols": SYMBOLS,
        "dropped_symbols": {},
        "rows": dict.fromkeys(SYMBOLS, ROWS - WARMUP),
        "splits": {
            "train": Window(start=instant(TRAIN_ROWS.start), end=instant(TRAIN_ROWS.stop)),
            "validation": Window(start=instant(770), end=instant(800)),
            "test": Window(start=instant(820), end=instant(ROWS)),
        },
        "lake_versions": {},
        "code_version": "test",
        "statistics": {},
        "files": {},
        "redundant_features": {STATE: f"r = 0.99990 with {STEADY}"},
    }
    info = DatasetInfo(**(facts | changes))
    for symbol in info.symbols:
        frozen = values(symbol)[WARMUP:]
        frozen[:, [SET.names.index(name) for name in inactive]] = 0.0
        store.write_table(table_of(frozen, open_times()[WARMUP:]), folder / symbol_file(symbol, "4h"))
    write_json(folder / INFO_FILE, info.model_dump(mode="json"))
    return info


def table_of(matrix: np.ndarray, times: np.ndarray | None = None) -> pa.Table:
    """Return open times and features as one table."""
    opened = pa.array(open_times() if times is None else times).cast(pa.timestamp("ms", tz="UTC"))
    columns = {name: pa.array(matrix[:, column], pa.float32()) for column, name in enumerate(SET.names)}
    return pa.table({"open_time": opened} | columns)
