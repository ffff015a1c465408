"""Errors of deltalake, Arrow and object stores in this project's words: translated here and nowhere else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from deltalake.exceptions import CommitFailedError, DeltaError

from include.core.errors import IntegrityError, TransientError

# EFBIG, ENOSPC, EDQUOT
_FULL = re.compile(r"os error (27|28|122)\b")
_DATA_FILE = re.compile(r"[\w=.-]*part-[\w.-]+\.parquet")
# a store that does not answer, or asks to wait; a refusal such as 403 stays one
_UNREACHABLE = re.compile(
    r"error sending request|connection (refused|reset|closed)|timed? ?out|max_retries|HTTP error: (5\d\d|429)"
    r"|status (code )?:?(5\d\d|429)|Server returned non-2xx status code: (5\d\d|429)",
    re.IGNORECASE,
)


@contextmanager
def translated(table: str, location: str, version: int | None = None) -> Iterator[None]:
    """Turn errors of the libraries about `table`, when known at `version`, into those of `core/errors.py`.

    A lost race for a commit passes as it is: the writer tries again.
    """
    try:
        yield
    except CommitFailedError:
        raise
    except (DeltaError, pa.ArrowException, OSError) as error:
        raise _in_words(table, location, version, str(error)) from error


def _in_words(table: str, location: str, version: int | None, text: str) -> Exception:
    first = text.strip().splitlines()[0] if text.strip() else "no reason given"
    if _FULL.search(text):
        return TransientError(
            f"`{table}` could not be written: no space is left under {location} ({first}). What was stored before is "
            "untouched. Hint: free space, or run `python -m include market maintain`."
        )
    if _UNREACHABLE.search(text):
        return TransientError(f"`{table}` could not be reached under {location}: {first}.")
    broken = _DATA_FILE.search(text)
    if broken:
        at = "" if version is None else f" at version {version}"
        return IntegrityError(
            f"File {broken[0]} of the lake table `{table}` cannot be read{at}: {first}. Hint: `python -m include "
            f"market repair --table {table}` sets it aside and says what to fetch again; the files of an older version "
            "may have been removed by maintenance. docs/lake.md explains both."
        )
    return IntegrityError(f"The lake table `{table}` under {location} cannot be read or written: {first}.")
