"""Compute the feature set from the lake, check it and publish it.

Runs when `market_data` has published. Every symbol is computed from the start of its stored candles, so that
batch and live values are the same; the checks recompute a sample on truncated history (no feature may look
ahead) and name constant, duplicate and uncovered features. The set is swapped in whole. **report** writes the page on
it (under Perpetua in the navigation): distribution, coverage, correlation, inactive features, and drift against the
training window of the newest frozen dataset.
"""

from typing import Any

from airflow.sdk import dag

from include.orchestration import assets
from include.orchestration.defaults import Tag, dag_arguments
from include.orchestration.edge import runtime, stage_task


@dag(
    doc_md=__doc__,
    schedule=assets.MARKET_DATA,
    catchup=False,
    **dag_arguments("data", Tag.FEATURES),
)
def build_features() -> None:
    """Wire the stages."""

    @stage_task
    def compute() -> str:
        """Compute every symbol's features beside the published set."""
        from include.orchestration import stages

        settings, progress = runtime()
        return stages.stage_features(settings, settings.system, progress)

    @stage_task
    def check(build_id: str) -> str:
        """Recompute a sample on truncated history; find dead features."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.check_features(settings, build_id)["build_id"]

    @stage_task(inlets=assets.MARKET_DATA, outlets=[assets.FEATURES], max_active_tis_per_dag=1)
    def publish(build_id: str) -> dict[str, Any]:
        """Swap the new set in."""
        from include.orchestration import stages

        settings, _ = runtime()
        return stages.publish_features(settings, build_id)

    @stage_task
    def report(published: dict[str, Any]) -> dict[str, Any]:
        """Measure drift against the newest dataset and write the page on the features."""
        from include.orchestration import stages

        settings, _ = runtime()
        return {"build_id": published["build_id"], **stages.report_features(settings, settings.system)}

    report(publish(check(compute())))


build_features()
