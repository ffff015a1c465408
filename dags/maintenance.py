"""Keep the lake small and quick, and forget what nobody needs any more.

Weekly. Small data files become large ones; files that no version of the last seven days needs are removed, and so are
log entries older than thirty days. The versions that a frozen dataset or the published features were made from stay
readable. It runs beside the writers: one that was faster makes it look again, no row is lost. **lake** returns per
table the files before and after and the bytes freed. By hand: `python -m include market maintain`; docs/lake.md
explains.

**staging** forgets batches that were published two weeks ago. **records** removes old checkpoints, reports, checks and
notes, as `include/config/retention.yaml` says, never anything that a champion or an earlier champion was made of. By
hand: `python -m include prune --dry-run`.
"""

from typing import Any

from airflow.sdk import dag

from include.orchestration import schedules
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(doc_md=__doc__, **schedules.load("maintenance").arguments, **dag_arguments("data", Tag.DATA))
def maintenance() -> None:
    """Wire the stages; none waits for another."""

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

    @stage_task
    def records() -> dict[str, Any]:
        """Remove old checkpoints, reports and notes, and nothing that a champion was made of."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.prune_home(settings)

    lake()
    staging()
    records()


maintenance()
