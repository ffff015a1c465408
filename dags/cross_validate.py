"""Train and test on several windows of one history, by hand, with a form.

1. **plan**: the history of a frozen dataset, up to the end of its validation, cut into folds. **Walk-forward** trains
   on the past and tests on what follows; **combinatorial** purged cross-validation tests every choice of groups.
2. **fold**: one mapped training per fold, one trainer at a time, its best model played on candles that it did not see.
   A fold that has a result is not trained again; one that was cut short goes on from its last checkpoint.
3. **collect**: the tests chained into paths through the history, six gates for each, the report.
4. **announce**: the paths in Slack, drawn in the thread.

The sealed test window stays sealed: nothing here is tested on it. It decides nothing and promotes nothing.
"""

from typing import Any

from airflow.sdk import dag

from include.orchestration import forms, schedules
from include.orchestration.defaults import TRAINER, TRAINING_RETRIES, Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(
    doc_md=__doc__,
    params=forms.cross_validate(),
    **schedules.load("cross_validate").arguments,
    **dag_arguments("ml", Tag.TRAINING, Tag.REVALIDATION),
)
def cross_validate() -> None:
    """Wire the stages."""

    @stage_task
    def plan(params: dict[str, Any]) -> list[dict[str, Any]]:
        """Cut the history; return plan and number of each fold."""
        from include.orchestration import fold_stages

        settings, _ = runtime()
        return fold_stages.jobs(settings, dict(params))

    @stage_task(**TRAINER, **TRAINING_RETRIES)
    def fold(job: dict[str, Any]) -> dict[str, Any]:
        """Train one fold and play its tests."""
        from include.orchestration import fold_stages

        settings, progress = runtime()
        return fold_stages.run_fold(settings, job["plan"], job["number"], dies_with_parent=True, progress=progress)

    @stage_task
    def collect(jobs: list[dict[str, Any]]) -> dict[str, Any]:
        """Chain the tests into paths, judge them, write the report."""
        from include.orchestration import fold_stages

        settings, _ = runtime()
        return fold_stages.collect(settings, jobs[0]["plan"])

    @stage_task
    def announce(found: dict[str, Any]) -> dict[str, Any]:
        """Tell Slack."""
        from include.orchestration import fold_stages

        settings, _ = runtime()
        return fold_stages.announce(settings, found["id"])

    jobs = plan()
    collected = collect(jobs)
    fold.expand(job=jobs) >> collected
    announce(collected)


cross_validate()
