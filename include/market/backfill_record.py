"""What is remembered of a back-fill until it ends: its plan, and how each of its batches ended.

backfills/<request>/plan.json    what was asked for and its batches, fixed when it began
                    <n>.json     how batch n ended
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, write_json
from include.core.locks import only_process
from include.market.ingest import FetchRequest
from include.market.journal import forget_old
from include.market.plan import FetchPlan


class BackfillPlan(BaseModel):
    """What a back-fill fetches: its id, the request, the exchange's clock when it began, and a plan of each batch.

    `unlisted` and `clipped` are those of `FetchPlan`, of the whole back-fill.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    request: FetchRequest
    market_now: datetime
    unlisted: dict[str, str]
    clipped: dict[str, str]
    batches: tuple[FetchPlan, ...]

    def batch_id(self, number: int) -> str:
        """Return the id of a batch."""
        return f"{self.id}__{number:05d}"


class BatchOutcome(BaseModel):
    """How one batch of a back-fill ended.

    Parameters
    ----------
    batch_id : str
        Which one.
    refused : str
        Why nothing of it was published, empty when it was.
    failures : tuple of str
        Checks that did not pass.
    rows, inserted, updated : dict
        Rows that were fetched, and new and changed ones, by table.
    symbols : tuple of str
        Those of which a candle came.
    failed_symbols, failed_series : dict
        As those of `BatchInfo`.
    pages : int
        Pages that were fetched by the try that ended it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_id: str
    refused: str = ""
    failures: tuple[str, ...] = ()
    rows: dict[str, int]
    inserted: dict[str, int] = {}
    updated: dict[str, int] = {}
    symbols: tuple[str, ...] = ()
    failed_symbols: dict[str, str]
    failed_series: dict[str, str]
    pages: int


class BackfillRecord:
    """The folder of one request.

    Parameters
    ----------
    backfills : Path
        Where back-fills are remembered.
    request : FetchRequest
        What is asked for.
    batch_records : int
        How it is cut.
    """

    def __init__(self, backfills: Path, request: FetchRequest, batch_records: int) -> None:
        text = json.dumps([request.model_dump(mode="json"), batch_records], sort_keys=True)
        self._folder = backfills / hashlib.sha256(text.encode()).hexdigest()[:16]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process from the same request.

        Raises
        ------
        AlreadyRunningError
            Another process is at it.
        """
        lock = self._folder.with_name(f".{self._folder.name}.lock")
        with only_process(lock, "fetches the same back-fill", "wait for it, or end it."):
            yield

    def plan(self) -> BackfillPlan | None:
        """Return the plan that was begun, None when there is none that can be read."""
        try:
            return BackfillPlan.model_validate(read_json(self._folder / "plan.json"))
        except (IntegrityError, MissingInputError, ValidationError):
            return None

    def begin(self, plan: BackfillPlan) -> None:
        """Throw away what is there and begin anew with `plan`."""
        self.remove()
        forget_old(self._folder.parent)
        write_json(self._folder / "plan.json", plan.model_dump(mode="json"))

    def outcomes(self, plan: BackfillPlan) -> list[BatchOutcome]:
        """Return how the batches ended, in order, up to the first that has not."""
        found = []
        for number in range(len(plan.batches)):
            try:
                found.append(BatchOutcome.model_validate(read_json(self._file(number))))
            except (IntegrityError, MissingInputError, ValidationError):
                break
        return found

    def end(self, number: int, outcome: BatchOutcome) -> None:
        """Write down how a batch ended."""
        write_json(self._file(number), outcome.model_dump(mode="json"))

    def remove(self) -> None:
        """Forget the back-fill."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:05d}.json"
