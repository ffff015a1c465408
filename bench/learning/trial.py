"""Run a case: find the best rule on other paths, train once per seed, judge both on fresh paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.learning.cases import Case
from bench.learning.learn import Curve, learn
from bench.learning.market import Columns, Process, market
from bench.learning.play import Arena, Played, standard_error
from bench.learning.rule import ThresholdRule, best_rule
from bench.learning.screening import informative, keep_only
from include.config.system import SystemConfig, load_system, with_settings
from include.core.progress import Progress, no_progress
from include.features.dataset import Split

DESCRIBED = Columns(active=4)
# of the markets: no two of them share a candle
TRAINING, TUNING = 1, 2
SEEDS: dict[Split, int] = {"validation": 3, "test": 4}


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is played.

    Attributes
    ----------
    symbols, rows : int
        Of the market that is trained on.
    tuning, validation, test : int
        Paths for the rule's grid search, for the best policy, for the verdict; each holds `episodes` episodes.
    episodes : int
        Episodes of a path.
    interval : int
        Environment steps between two points of a learning curve.
    """

    symbols: int = 62
    rows: int = 5_800
    tuning: int = 100
    validation: int = 50
    test: int = 250
    episodes: int = 5
    interval: int = 16_384


FULL = Scale()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One policy on the fresh paths; profits are means over episodes in percent of the initial balance.

    Attributes
    ----------
    net, gross : float
        Profit after and before fees, slippage and funding.
    net_error, gross_error : float
        Their standard errors.
    trades : float
        Closed trades of an episode.
    share, share_error : float or None
        Net profit over that of the rule, and its standard error; None where no rule wins anything.
    """

    net: float
    gross: float
    net_error: float
    gross_error: float
    trades: float
    share: float | None
    share_error: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One seed of a case: `best` is the policy of the highest point of the validation curve, `final` the last."""

    seed: int
    curve: Curve
    best: Verdict
    final: Verdict


@dataclass(frozen=True, slots=True)
class Result:
    """A case with all its seeds.

    Attributes
    ----------
    case : Case
        What was tried.
    features : int
        Columns that move in the training.
    rule : ThresholdRule or None
        Best on the tuning paths; None in a market that offers nothing.
    rule_net, rule_validation : float
        Its mean net profit on the fresh paths and on those of the curves, 0 without a rule.
    trials : tuple of Trial
        One per seed.
    """

    case: Case
    features: int
    rule: ThresholdRule | None
    rule_net: float
    rule_validation: float
    trials: tuple[Trial, ...]


def run_case(
    case: Case,
    seeds: Sequence[int],
    *,
    engine: str | None = None,
    steps: int | None = None,
    scale: Scale = FULL,
    progress: Progress = no_progress,
) -> Result:
    """Return what PPO learns in `case`.

    Parameters
    ----------
    case : Case
        Market and hyper-parameters.
    seeds : sequence of int
        One training each, all on the same market.
    engine : str or None
        What trains; None: what trains `phase4`.
    steps : int or None
        Environment steps of a training; None: those of `phase4`.
    scale : Scale
        How much is played.
    progress : callable
        Called with "training", steps done, steps in all.
    """
    system = with_settings(load_system("phase4"), case.settings)
    train = market(case.process, case.columns, scale.symbols, scale.rows, TRAINING, "train")
    kept = informative(train) if case.is_screened else np.ones(len(train.info.features), np.bool_)
    train = keep_only(train, kept)
    validation = _arena(system, case, scale.validation, scale, kept, "validation")
    fresh = _arena(system, case, scale.test, scale, kept, "test")
    rule = tuned_rule(case.process, scale) if case.process.has_edge else None
    won = fresh.play(rule) if rule else None
    trials = []
    asked = {"training.engine": engine, "training.total_timesteps": steps}
    changes = {name: value for name, value in asked.items() if value is not None}
    for seed in seeds[: case.seeds]:
        seeded = with_settings(system, changes | {"training.seed": seed})
        learned = learn(seeded, train, validation, interval=scale.interval, progress=progress)
        best, final = (_verdict(fresh.play(policy.predict), won) for policy in (learned.best, learned.final))
        trials.append(Trial(seed, learned.curve, best, final))
    return Result(
        case,
        int(kept[: case.columns.active].sum()),
        rule,
        won.mean_net if won else 0.0,
        validation.play(rule).mean_net if rule else 0.0,
        tuple(trials),
    )


@lru_cache
def tuned_rule(process: Process, scale: Scale) -> ThresholdRule:
    """Return the best threshold rule on tuning paths of `process`, which neither training nor verdict plays."""
    case = Case((), "tuning", process, DESCRIBED)
    kept = np.ones(DESCRIBED.active, np.bool_)
    return best_rule(_arena(load_system("phase4"), case, scale.tuning, scale, kept, "test", TUNING))


def _arena(
    system: SystemConfig,
    case: Case,
    paths: int,
    scale: Scale,
    kept: NDArray[np.bool_],
    split: Split,
    seed: int | None = None,
) -> Arena:
    rows = scale.episodes * system.episode_length + 1
    dataset = market(case.process, case.columns, paths, rows, SEEDS[split] if seed is None else seed, split)
    return Arena(system, keep_only(dataset, kept), split)


def _verdict(played: Played, rule: Played | None) -> Verdict:
    share = played.mean_net / rule.mean_net if rule else None
    # of a ratio of means, to first order; both played the same paths
    error = standard_error(played.net - share * rule.net) / rule.mean_net if rule and share is not None else None
    return Verdict(
        played.mean_net,
        float(played.gross.mean()),
        standard_error(played.net),
        standard_error(played.gross),
        float(played.trades.mean()),
        share,
        error,
    )
