"""A batch on disk: what was fetched, and the seal that its validation leaves on it.

    staging/<batch_id>/<table>.parquet   every table of `STAGED_TABLES`, empty where nothing came
                       batch.json     what was fetched, when, what failed
                       report.json    the verdict and whom it leaves out, bound to the SHA-256 of every file above
                       published.json what publishing changed

The verdict binds: a file that changed after its validation is not published.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from include.core import columns
from include.core.checks import CheckReport
from include.core.errors import DataQualityError, IntegrityError, InvalidInputError, MissingInputError
from include.core.files import atomic_directory, read_json, sha256_file, write_json
from include.core.paths import Home
from include.market.outages import Outage

STAGED_TABLES = (
    "candles",
    "price_candles",
    "funding_rates",
    "open_interest",
    "long_short_ratio",
    "taker_ratio",
    "basis",
    "snapshots",
    "fear_greed",
    "macro",
    "quarantine",
)
_BATCH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+~-]{0,199}")


class RefetchedGap(BaseModel):
    """A hole of the ledger `gaps` that was asked for again: its table, symbol, timeframe, first and last instant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    subject: str
    timeframe: str
    first_missing: datetime
    last_missing: datetime


class BatchInfo(BaseModel):
    """What one ingestion fetched.

    Parameters
    ----------
    id : str
        Name of the batch.
    venue : str
        Venue of its candles, by ccxt id.
    market_now : datetime
        The exchange's clock when it was fetched.
    timeframe : str
        Timeframe of its candles.
    end : datetime
        Open time of the newest candle that was asked for.
    symbols : tuple of str
        Symbols asked for.
    series : tuple of str
        Series of the venue asked for.
    failed_symbols : dict
        Symbols without candles in this batch, and why.
    failed_series : dict
        Everything else that did not come, and why: `open_interest BTC/USDT:USDT`, `fear_greed`, `DGS10`.
    clipped : dict
        Series of which the venue no longer keeps all that was asked for, and from when on it does.
    refetched : tuple of RefetchedGap
        Holes of the ledger that were asked for again.
    outages : tuple of Outage
        When an outside source did not answer as it should.
    rows : dict
        Staged rows per table.
    pages : int
        Pages that were fetched for it, those of earlier tries not counted.
    seconds : float
        How long it took.
    part_of : int or None
        Symbols of the back-fill that this batch is a part of; None: it is whole.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    venue: str
    market_now: datetime
    timeframe: str
    end: datetime
    symbols: tuple[str, ...]
    series: tuple[str, ...] = ("candles", "funding_rates")
    failed_symbols: dict[str, str]
    failed_series: dict[str, str]
    clipped: dict[str, str] = {}
    refetched: tuple[RefetchedGap, ...] = ()
    outages: tuple[Outage, ...] = ()
    rows: dict[str, int]
    pages: int = 0
    seconds: float
    part_of: int | None = None

    @property
    def symbols_asked(self) -> int:
        """Symbols of what the batch belongs to: those of the whole back-fill where it is a part of one."""
        return self.part_of or len(self.symbols)


class Seal(BaseModel):
    """A verdict on a batch, the files it was made on, and the checksum that binds the two.

    Whom the verdict leaves out is part of it: `report.excluded`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: dict[str, str]
    report: CheckReport
    binding: str


def batch_folder(home: Home, batch_id: str) -> Path:
    """Return the folder of a batch; an id that could leave it is refused."""
    if not _BATCH_ID.fullmatch(batch_id):
        raise InvalidInputError(f"`batch_id` must be letters, digits and . _ : + ~ -, at most 200, was {batch_id!r}.")
    return home.staging / batch_id


def write_batch(home: Home, batch: BatchInfo, tables: Mapping[str, pa.Table]) -> None:
    """Write a batch whole, in the place of an older one of the same id; it has no seal yet."""
    with atomic_directory(batch_folder(home, batch.id)) as folder:
        for name in STAGED_TABLES:
            pq.write_table(tables[name], folder / f"{name}.parquet", compression="zstd")
        write_json(folder / "batch.json", batch.model_dump(mode="json"))


def read_batch(home: Home, batch_id: str) -> BatchInfo:
    """Return what the batch holds; a batch that was never fetched raises `MissingInputError`."""
    source = batch_folder(home, batch_id) / "batch.json"
    if not source.exists():
        raise MissingInputError(f"Batch `{batch_id}` does not exist. Hint: fetch it first.")
    try:
        return BatchInfo.model_validate(read_json(source))
    except ValidationError as error:
        raise IntegrityError(f"`{source}` is no description of a batch: {error}.") from error


def newest_batch(home: Home) -> str:
    """Return the id of the batch that was fetched last."""
    batches = [file for file in home.staging.glob("*/batch.json") if _BATCH_ID.fullmatch(file.parent.name)]
    fetched = sorted(batches, key=lambda file: file.stat().st_mtime_ns)
    if not fetched:
        raise MissingInputError("No batch was fetched yet. Hint: `python -m include market backfill` fetches one.")
    return fetched[-1].parent.name


def read_staged(home: Home, batch_id: str, table: str) -> pa.Table:
    """Return the staged rows of `table`."""
    source = batch_folder(home, batch_id) / f"{table}.parquet"
    try:
        return pq.read_table(source, schema=columns.table(table).schema)
    except (OSError, pa.ArrowInvalid) as error:
        raise IntegrityError(f"The staged file {source.name} of batch `{batch_id}` cannot be read: {error}.") from error


def seal(home: Home, batch_id: str, report: CheckReport) -> None:
    """Bind `report`, and whom it leaves out, to the staged files as they are now."""
    checksums = _checksums(batch_folder(home, batch_id))
    document = Seal(sha256=checksums, report=report, binding=_binding(checksums, report))
    write_json(batch_folder(home, batch_id) / "report.json", document.model_dump(mode="json"))


def require_publishable(home: Home, batch_id: str) -> CheckReport:
    """Return the verdict on a batch; refuse one that was not validated, did not pass, or changed since.

    Raises
    ------
    MissingInputError
        The batch does not exist.
    DataQualityError
        It was never validated, or a critical check failed.
    IntegrityError
        A file is not the one that was validated.
    """
    folder = batch_folder(home, batch_id)
    read_batch(home, batch_id)
    if not (folder / "report.json").exists():
        raise DataQualityError(f"Batch `{batch_id}` was never validated. Hint: validate it before publishing.")
    try:
        found = Seal.model_validate(read_json(folder / "report.json"))
    except ValidationError as error:
        raise IntegrityError(f"The report of batch `{batch_id}` cannot be read: {error}.") from error
    changed = sorted(name for name, checksum in _checksums(folder).items() if found.sha256.get(name) != checksum)
    if found.binding != _binding(found.sha256, found.report):
        changed.append("report.json")
    if changed:
        raise IntegrityError(f"Batch `{batch_id}` changed after its validation: {', '.join(changed)}.")
    if not found.report.passed:
        reasons = "; ".join(failure.message for failure in found.report.failures)
        raise DataQualityError(f"Batch `{batch_id}` did not pass its validation: {reasons}")
    return found.report


def _binding(checksums: Mapping[str, str], report: CheckReport) -> str:
    content = json.dumps({"sha256": checksums, "report": report.model_dump(mode="json")}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _checksums(folder: Path) -> dict[str, str]:
    names = ["batch.json", *(f"{table}.parquet" for table in STAGED_TABLES)]
    absent = [name for name in names if not (folder / name).exists()]
    if absent:
        raise IntegrityError(f"Batch `{folder.name}` is incomplete: {', '.join(absent)} missing.")
    return {name: sha256_file(folder / name) for name in names}
