"""Fetch the history of some symbols into the lake, by hand, with a form.

**fill** cuts what is asked for into batches and fetches, validates and publishes one after the other, so that its
memory is bounded however long the history is. It can be stopped anywhere: a retry, or the same form again, goes on
where it was cut off and fetches no page again that had come. A batch that fails its checks is left out and named at
the end, when the others are in the lake. It shares the venue's request budget with `market_data`, which goes on.

With a start everything up to the end is fetched, stored or not; changes of stored records go to `revisions`. Without,
only what the lake has not got yet. By hand: `python -m include market backfill`; docs/market-data.md explains.
"""

from typing import Any

from airflow.sdk import dag

from include.orchestration import assets, forms, schedules
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(
    doc_md=__doc__,
    params=forms.backfill(),
    **schedules.load("backfill").arguments,
    **dag_arguments("data", Tag.DATA),
)
def backfill() -> None:
    """Wire the stage."""

    @stage_task(outlets=assets.MARKET_DATA)
    def fill(params: dict[str, Any]) -> dict[str, Any]:
        """Bring batch after batch into the lake."""
        from include.orchestration import backfill_stages

        settings, progress = runtime()
        return backfill_stages.backfill_market_data(settings, **params, progress=progress)

    fill()


backfill()
