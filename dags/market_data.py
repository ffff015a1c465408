"""Fetch market data, validate it and publish it to the lake.

**fetch** pulls closed candles, settled funding, fear & greed and macro through one client into a staging
folder. **validate** holds them against schemas, continuity, staleness and a Great Expectations suite, and
writes the data-quality pages. **publish** merges what passed into the Delta lake and wakes `build_features`.

A failed critical check publishes nothing and reaches Slack. A run continues where the lake ends, with a
small overlap; a run by hand may name symbols, a timeframe and a time range.
"""

from typing import Any

from airflow.sdk import dag, task_group

from include.orchestration import assets, forms, schedules
from include.orchestration.defaults import Pool, Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(
    doc_md=__doc__,
    params=forms.market_data(),
    **schedules.load("market_data").arguments,
    **dag_arguments("data", Tag.DATA),
)
def market_data() -> None:
    """Wire the stages."""

    @stage_task(pool=Pool.EXCHANGE)
    def fetch(params: dict[str, Any], run_id: str) -> str:
        """Fetch everything into one staged batch."""
        from include.orchestration import stages

        settings, progress = runtime()
        return stages.fetch_market_data(settings, run_id, **params, progress=progress)["id"]

    @stage_task
    def validate(batch_id: str) -> str:
        """Hold the batch against every check and write the quality pages."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.validate_market_data(settings, batch_id)["batch_id"]

    @stage_task(outlets=assets.MARKET_DATA, max_active_tis_per_dag=1)
    def publish(batch_id: str) -> dict[str, Any]:
        """Merge the batch into the lake."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.publish_market_data(settings, batch_id)

    @task_group
    def ingestion() -> str:
        """Bring data to the door."""
        return fetch()

    @task_group
    def lake(batch_id: str) -> None:
        """Let in what is right."""
        publish(validate(batch_id))

    lake(ingestion())


market_data()
