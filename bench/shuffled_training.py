"""A control of the evidence: agents trained for real on a market in which nothing can be learned.

    python -m bench.shuffled_training DATASET [--seeds 10] [--steps 100000] [--candles 3500]

DATASET is the folder of a frozen dataset. The candles of its symbols are put into another order, one order for all
symbols, so that what moves together still does while nothing follows from what was before; features are computed anew
from them. On each seed an agent is trained, its best checkpoint chosen on the validation window, and judged on the test
window as if it were the only one ever tried. Funding in that market is zero by definition, and the features that
candles alone do not give are accepted by name: neither says anything about skill.
"""

import argparse
import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.evidence_controls import ALONE
from include.config.settings import MLFLOW_OFF, Settings, load_settings
from include.config.system import SystemConfig, load_system
from include.core.timeframes import timeframe_ms
from include.evaluation.backtest import backtest_stage
from include.evaluation.judgement import Case, Judgement, judge
from include.evaluation.replay import Stage
from include.features.dataset import Dataset, SymbolSeries, load_dataset
from include.features.export import series_table
from include.features.freeze_file import freeze_file
from include.features.frozen import content_id, write_frozen
from include.features.registry import feature_set
from include.training.policy import load_policy
from include.training.train import train

PRICES = ("open", "high", "low", "close")


def shuffled(series: SymbolSeries, order: np.ndarray) -> dict[str, np.ndarray]:
    """Return candles of `series` in another order: each keeps its moves against the close before it, and its volume.

    Parameters
    ----------
    series : SymbolSeries
        n candles without a gap.
    order : int64 (n − 1,)
        Which candle after the first comes at each place.
    """
    before = series.close[:-1]
    moves = {name: np.log(getattr(series, name)[1:] / before)[order] for name in PRICES}
    started = np.log(series.close[0]) + np.concatenate([[0.0], np.cumsum(moves["close"])[:-1]])
    candles = {name: np.concatenate([[getattr(series, name)[0]], np.exp(started + moves[name])]) for name in PRICES}
    return candles | {"volume": np.concatenate([series.volume[:1], series.volume[1:][order]])}


def shuffled_market(dataset: Dataset, candles: int, seed: int) -> pa.Table:
    """Return the newest `candles` of every symbol that has them all, shuffled in one order, as a table of candles."""
    newest = max(int(series.open_time[-1]) for series in dataset.series.values())
    step = timeframe_ms(dataset.info.timeframe)
    calendar = newest - step * np.arange(candles - 1, -1, -1, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(candles - 1)
    tables = []
    for symbol, series in dataset.series.items():
        rows = series.rows(max(0, len(series) - candles), len(series))
        if not np.array_equal(rows.open_time, calendar):
            continue
        columns = {"symbol": pa.repeat(symbol, candles), "open_time": pa.array(calendar)}
        tables.append(pa.table(columns | {name: pa.array(v) for name, v in shuffled(rows, order).items()}))
    return pa.concat_tables(tables)


def frozen(settings: Settings, system: SystemConfig, market: pa.Table) -> Dataset:
    """Freeze the features of `market`, its funding known to be zero."""
    source = settings.home.root / "shuffled.parquet"
    source.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(market, source)
    info = freeze_file(settings, system, source, accept_inactive=feature_set(system.feature_set).names)
    whole = load_dataset(settings.home.dataset(info.id))
    known = {s: replace(series, funding_assumed=np.zeros(len(series))) for s, series in whole.series.items()}
    tables = {symbol: series_table(series, info.features) for symbol, series in known.items()}
    renamed = info.model_copy(update={"id": content_id(tables, info.feature_set_sha256, info.splits)})
    folder = settings.home.dataset(renamed.id)
    write_frozen(folder, tables, renamed)
    return load_dataset(folder)


def trained_and_judged(settings: Settings, system: SystemConfig, dataset: Dataset, seed: int) -> Judgement:
    """Train on one seed and judge the best checkpoint on the test window, with few random draws."""
    run = train(settings, system, dataset, seed=seed, steps=system.training.total_timesteps)
    policy = load_policy(settings.home.run(run.run_id), "best")
    stage = Stage(system, dataset, "test")
    played = backtest_stage(stage, policy.network)
    return judge(Case(stage, dataset, played, policy.inactive_features, draws=1, seed=seed, trials=ALONE))


def control(settings: Settings, source: Dataset, *, seeds: int, steps: int, candles: int) -> dict[str, object]:
    """Return what the agents of all seeds were given."""
    system = load_system("phase4", overrides={"training.total_timesteps": steps})
    system = system.model_copy(update={"symbols": None})
    dataset = frozen(settings, system, shuffled_market(source, candles, seed=42))
    accepted = system.evidence.model_copy(update={"accepted_inactive_features": tuple(dataset.info.inactive_features)})
    system = system.model_copy(update={"evidence": accepted})
    told: Counter[str] = Counter()
    sharpes, p_values = [], []
    for seed in range(1, seeds + 1):
        found = trained_and_judged(settings, system, dataset, seed)
        told[f"{found.decision}, {found.evidence.sufficiency}"] += 1
        sharpes.append(found.metrics.sharpe)
        p_values.append(found.evidence.p_value)
        print(f"seed {seed}: {found.decision}, {found.evidence.sufficiency}, Sharpe {found.metrics.sharpe}", flush=True)
    return {
        "symbols": len(dataset.info.symbols),
        "test_candles": system.splits.test_candles,
        "steps": steps,
        "verdicts": dict(told),
        "sharpe": sharpes,
        "p_value": p_values,
    }


def main() -> None:
    """Print what the agents were given."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("dataset", type=Path)
    arguments.add_argument("--seeds", type=int, default=10)
    arguments.add_argument("--steps", type=int, default=100_000)
    arguments.add_argument("--candles", type=int, default=3_500)
    chosen = arguments.parse_args()
    source = load_dataset(chosen.dataset)
    with tempfile.TemporaryDirectory() as place:
        settings = load_settings().model_copy(update={"home_path": Path(place), "mlflow_url": MLFLOW_OFF})
        found = control(settings, source, seeds=chosen.seeds, steps=chosen.steps, candles=chosen.candles)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
