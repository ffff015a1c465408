"""Compute the feature set from the lake, check it and publish it.

Runs when `market_data` has published. Every symbol is computed from the start of its stored candles, so that
batch and live values are the same; the checks recompute a sample on truncated history (no feature may look
ahead) and name constant, duplicate and uncovered features. The set is swapped in whole.
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

    publish(check(compute()))


build_features()
