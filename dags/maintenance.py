"""Keep the lake small and quick, and forget staged batches that were published long ago.

Weekly. Small data files become large ones; files that no version of the last seven days needs are removed, and so are
log entries older than thirty days. The versions that a frozen dataset or the published features were made from stay
readable. It runs beside the writers: one that was faster makes it look again, no row is lost. **lake** returns per
table the files before and after and the bytes freed. By hand: `python -m include market maintain`; docs/lake.md
explains.
"""

from typing import Any

from airflow.sdk import dag

from include.orchestration import schedules
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(doc_md=__doc__, **schedules.load("maintenance").arguments, **dag_arguments("data", Tag.DATA))
def maintenance() -> None:
    """Wire the stages; neither waits for the other."""

    @stage_task
    def lake() -> list[dict[str, Any]]:
        """Compact every table, remove unused files and old log entries."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.maintain_lake(settings)

    @stage_task
    def staging() -> list[str]:
        """Forget staged batches that were published long ago."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.prune_staging(settings)

    lake()
    staging()


maintenance()
