"""The journal of an ingestion that has not ended: every page on disk as it comes, so that a killed one goes on.

    pages/<batch_id>/plan.json             what is fetched, fixed when it began
                     <job>-<page>.arrow    a page: its good rows, where the walk goes on, what was refused beside them

A page is written to a temporary name and renamed: a killed process leaves it whole or not at all. It is not synced to
the disk; after a power loss, pages that cannot be read are fetched again.
"""

import json
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core.errors import IntegrityError, MissingInputError
from include.core.files import read_json, write_json
from include.core.locks import only_process
from include.core.timeframes import DAY_MS
from include.market.pager import Page
from include.market.quarantine import Refused

logger = logging.getLogger(__name__)

_META = b"perpetua"
# an ingestion that nobody went on with for so long is forgotten
_KEPT_SECONDS = 7 * DAY_MS / 1_000


class Journal:
    """Pages of one ingestion.

    Parameters
    ----------
    folder : Path
        A folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process from the journal.

        Raises
        ------
        AlreadyRunningError
            Another process writes it.
        """
        # beside the folder, which comes and goes
        lock = self._folder.with_name(f".{self._folder.name}.lock")
        with only_process(lock, f"fetches {self._folder.name}", "wait for it, or end it."):
            yield

    def plan(self) -> dict[str, Any] | None:
        """Return the plan that was begun, None when there is none that can be read."""
        try:
            document: dict[str, Any] = read_json(self._folder / "plan.json")
        except (IntegrityError, MissingInputError):
            return None
        return document

    def begin(self, plan: dict[str, Any]) -> None:
        """Throw away what is there and begin anew with `plan`."""
        self.remove()
        forget_old(self._folder.parent)
        write_json(self._folder / "plan.json", plan)

    def pages(self, job: int) -> list[Page]:
        """Return the pages of a job, in order, up to the first that cannot be read."""
        pages = []
        for number in range(len(list(self._folder.glob(f"{job:05d}-*.arrow")))):
            try:
                pages.append(_read(self._file(job, number)))
            except (OSError, pa.ArrowInvalid, ValueError, KeyError) as error:
                logger.warning("page %d of job %d of %s is fetched again: %s", number, job, self._folder.name, error)
                break
        return pages

    def keep(self, job: int, number: int, page: Page) -> None:
        """Write a page down."""
        target = self._file(job, number)
        temporary = target.with_suffix(".tmp")
        _write(temporary, page)
        temporary.replace(target)

    def remove(self) -> None:
        """Remove the journal."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, job: int, number: int) -> Path:
        return self._folder / f"{job:05d}-{number:06d}.arrow"


def _write(target: Path, page: Page) -> None:
    note = {
        "reached_ms": page.reached_ms,
        "next_ms": page.next_ms,
        "refused": [[r.source, r.subject, r.reason, r.payload, r.request] for r in page.refused],
    }
    schema = page.rows.schema.with_metadata({_META: json.dumps(note).encode()})
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(page.rows)


def _read(source: Path) -> Page:
    with pa.OSFile(str(source), "rb") as stream:
        rows = pa.ipc.open_file(stream).read_all()
    note = json.loads(rows.schema.metadata[_META])
    refused = tuple(Refused(*fields) for fields in note["refused"])
    return Page(rows.replace_schema_metadata(None), refused, note["reached_ms"], note["next_ms"])


def forget_old(folder: Path) -> None:
    """Remove what nobody has written to for a week from `folder`."""
    oldest = time.time() - _KEPT_SECONDS
    for entry in folder.glob("*") if folder.exists() else ():
        if entry.stat().st_mtime >= oldest:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
