"""The one protocol of writing: every commit conflicts with every other since the version it began from.

Each carries the same application transaction, numbered by the version it makes, so that of two writers which began
from one version Delta refuses the later one. It looks again and tries again. No row is lost or doubled, on a file
system or on object storage.
"""

import logging
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pyarrow as pa
from deltalake import CommitProperties, PostCommitHookProperties, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError

from include.core.columns import Table
from include.core.errors import TransientError

logger = logging.getLogger(__name__)

# sorted by key, row groups of this size let a reader of a few symbols skip the others
WRITER_PROPERTIES = WriterProperties(compression="ZSTD", max_row_group_size=32_768)
# the log is cleaned by `maintenance`, which knows the versions that datasets need
COMMIT_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)

_WRITER = "perpetua"
_ATTEMPTS = 60
_LONGEST_WAIT_SECONDS = 1.0
T = TypeVar("T")


def retried(table: str, write: Callable[[], T]) -> T:
    """Return what `write` returns, tried again while other writers of `table` are faster.

    Raises
    ------
    TransientError
        They were, again and again.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return write()
        except CommitFailedError as error:
            logger.info("lake table %s: another writer was faster (%s), attempt %d", table, error, attempt)
            time.sleep(random.uniform(0.0, min(_LONGEST_WAIT_SECONDS, 0.02 * attempt)))
    raise TransientError(f"`{table}` could not be committed in {_ATTEMPTS} attempts: other writers were faster.")


def insert(delta: Any, rows: pa.Table) -> None:
    """Add `rows`."""
    write_deltalake(
        delta,
        rows,
        mode="append",
        writer_properties=WRITER_PROPERTIES,
        commit_properties=transaction(delta),
        post_commithook_properties=COMMIT_HOOKS,
    )


def overwrite(delta: Any, rows: pa.Table) -> None:
    """Put `rows` and their schema in the place of everything."""
    write_deltalake(
        delta,
        rows,
        mode="overwrite",
        schema_mode="overwrite",
        writer_properties=WRITER_PROPERTIES,
        commit_properties=transaction(delta),
        post_commithook_properties=COMMIT_HOOKS,
    )


def rewrite(delta: Any, definition: Table, rows: pa.Table) -> None:
    """Put `rows` in the place of those with the same key, and add the others."""
    same_key = " AND ".join(f"stored.{key} = incoming.{key}" for key in definition.key)
    (
        delta.merge(
            rows,
            predicate=same_key,
            source_alias="incoming",
            target_alias="stored",
            # not streamed, so that the bounds of the incoming rows leave out the files that cannot hold them
            streamed_exec=False,
            writer_properties=WRITER_PROPERTIES,
            commit_properties=transaction(delta),
            post_commithook_properties=COMMIT_HOOKS,
        )
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


def transaction(delta: Any) -> Any:
    """Return what makes a commit on top of `delta` conflict with every other commit since."""
    return CommitProperties(app_transactions=[Transaction(_WRITER, delta.version() + 1)])
