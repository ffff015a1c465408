"""What the chain brought, read from what its tasks returned."""

from typing import Any, NamedTuple

from include.config.settings import Settings
from include.orchestration.chain import AWAITING, Chain


class Summary(NamedTuple):
    """The figures of the closing table."""

    candles: int
    new_candles: int
    symbols: int
    features: int
    feature_rows: int
    run_id: str
    timesteps: int
    steps_per_second: float
    gates: list[dict[str, Any]]
    decision: str
    decision_note: str
    report: str
    revalidation_id: str
    is_reused: bool


def summarise(settings: Settings, chain: Chain) -> Summary:
    """Return the figures of a chain that was driven to its end."""
    from include.training.runs import read_run

    published = chain.returned("market_data", "lake.publish")
    built = chain.returned("build_features", "publish")
    verdict = chain.returned("revalidate_model", "evaluation.revalidate")
    run = read_run(settings.home.run(chain.trained_run))
    is_pending = chain.stages[-1].state == AWAITING
    note = f"{verdict['gates_passed']} of {len(verdict['gates'])} gates passed"
    return Summary(
        candles=published["candles_total"],
        new_candles=published["tables"]["candles"]["inserted"],
        symbols=published["symbols"],
        features=built["features"],
        feature_rows=built["rows"],
        run_id=run.run_id,
        timesteps=run.timesteps,
        steps_per_second=run.steps_per_second or 0.0,
        gates=verdict["gates"],
        decision=verdict["decision"],
        decision_note=f"{note}, waiting for approval" if is_pending else note,
        report=verdict["report"],
        revalidation_id=verdict["id"],
        is_reused=run.started_at < chain.started_at,
    )
