"""Controls of the evidence on a real test window: models without skill, and one that sees the future.

    python -m bench.evidence_controls BUNDLE [--models 100]

BUNDLE is the folder of a revalidation: its candles and rules are used, its model is not. Every model is judged as if it
were the only one ever tried, which is the kindest assumption there is.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from include.config.system import stored_system
from include.core.files import read_json
from include.core.seeding import derive_seed
from include.evaluation.backtest import BacktestResult, backtest_actions, collect
from include.evaluation.evidence import TrialFacts
from include.evaluation.judgement import Case, Judgement, judge
from include.evaluation.overfitting import Overfitting
from include.evaluation.replay import Stage
from include.evaluation.turn import Turn
from include.features.dataset import Dataset, load_dataset
from include.reporting.decision_bundle import DATA_FOLDER, SYSTEM_FILE

HOLD, OPEN_LONG, OPEN_SHORT, CLOSE = range(4)
ALONE = TrialFacts(
    trials_count=1,
    effective_trials=1.0,
    sharpe_variance=0.0,
    ledger_sha256="",
    opening=1,
    candidates_before=0,
    contamination="",
    selection=Overfitting(pbo=None, loss_share=None, slope=None, trials=0, splits=0, reason="nothing was chosen"),
)


def without_skill(stage: Stage, seed: int) -> BacktestResult:
    """Play a model that trades by lot: seldom or often, long or short, patient or hasty, each by its own lot too."""
    generator = np.random.default_rng(seed)
    opening, closing, longs = generator.uniform(0.01, 0.3), generator.uniform(0.01, 0.3), generator.uniform(0.0, 1.0)

    def choose(turn: Turn) -> np.ndarray:
        lots, sides = generator.random(len(turn)), generator.random(len(turn))
        opened = np.where(lots < opening, np.where(sides < longs, OPEN_LONG, OPEN_SHORT), HOLD)
        return np.where(turn.quantity == 0.0, opened, np.where(lots < closing, CLOSE, HOLD))

    return collect(stage, stage.play(choose))


def foreseeing(stage: Stage, dataset: Dataset) -> BacktestResult:
    """Play a model that knows which way the next candle goes."""
    table = np.zeros((len(stage.open_time), len(stage.symbols)), np.int8)
    for column, symbol in enumerate(stage.symbols):
        rows = dataset.split(stage.split).get(symbol)
        if rows is not None:
            coming = np.append(np.sign(rows.close[1:] - rows.open[1:]), 0)
            turned = np.append(False, coming[1:] != coming[:-1])
            wanted = np.where(coming > 0, OPEN_LONG, np.where(coming < 0, OPEN_SHORT, HOLD))
            table[np.searchsorted(stage.open_time, rows.open_time), column] = np.where(turned, CLOSE, wanted)
    return backtest_actions(stage, table)


def judged(stage: Stage, dataset: Dataset, played: BacktestResult, seed: int) -> Judgement:
    """Judge as a revalidation does, with few random draws: they do not enter the evidence."""
    return judge(Case(stage, dataset, played, inactive_features={}, draws=1, seed=seed, trials=ALONE))


def main() -> None:
    """Print what the controls were given."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("bundle", type=Path)
    arguments.add_argument("--models", type=int, default=100)
    chosen = arguments.parse_args()
    # funding that the recording lacks is no matter of skill: it is left out of this comparison, and said so
    system = stored_system(read_json(chosen.bundle / SYSTEM_FILE))
    lenient = system.evidence.model_copy(update={"max_funding_assumed_share": 0.999})
    system = system.model_copy(update={"evidence": lenient})
    dataset = load_dataset(chosen.bundle / DATA_FOLDER)
    stage = Stage(system, dataset, "test")
    decisions: Counter[str] = Counter()
    for number in range(chosen.models):
        seed = derive_seed(42, "no skill", number)
        found = judged(stage, dataset, without_skill(stage, seed), seed)
        decisions[f"{found.decision}, {found.evidence.sufficiency}"] += 1
    seer = judged(stage, dataset, foreseeing(stage, dataset), 42)
    told = {
        "no_skill": dict(decisions),
        "seer": f"{seer.decision}, {seer.evidence.sufficiency}",
        "seer_reasons": list(seer.evidence.reasons),
        "seer_sharpe": seer.metrics.sharpe,
    }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
