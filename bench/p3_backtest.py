"""P3: the backtest of a revalidation against the naive loop: stable-baselines3 asked for every candle and symbol.

Both sides get the same trained model and the same rows in memory, and are timed to the end: what they unpack, the
environments they make, the result they write. Every round plays all symbols on our side and the next few on the naive
one, so the naive side plays each symbol once; what it decided and what its accounts stood at is compared candle by
candle.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.figure import Figure
from bench.p1_settings import system
from bench.p2_environments import ROWS, SYMBOLS, market
from bench.timing import timed
from include.config.system import SystemConfig, with_settings
from include.core.progress import Progress
from include.environments.make import make_env
from include.evaluation.backtest import BacktestResult, backtest
from include.evaluation.replay import Stage
from include.evaluation.replays import replay_many
from include.features.dataset import Dataset
from include.training.fused.trainer import FusedTrainer
from include.training.policy import Policy, policy_of

STOCK = "stable-baselines3"
# rollouts of 2,048 steps that the model learns from
LEARNED = 10
# symbols that the naive loop plays in a round
PIECE = 8
# candles of the recorded history of all symbols, and how often it is timed
HISTORY, TIMES = 349_792, 5
REPLAYS, WINDOW = 1_000, 500


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the ratio to the naive loop, what differs from it, and the seconds of a history and of many replays."""
    dataset, rules = market(), _rules()
    with tempfile.TemporaryDirectory() as folder:
        naive = _Naive(rules, dataset, Path(folder))
        yield from _against_the_loop(naive, progress)
    yield _history(rules, naive.policy)
    yield _replays(rules, naive.policy)


def _rules() -> SystemConfig:
    # an episode ends when half is lost, a backtest does not: here neither does
    return with_settings(system(8), {"account.ruin_drawdown": 0.999})


def _against_the_loop(naive: "_Naive", progress: Progress) -> Iterator[Figure]:
    rules, dataset, policy = naive.rules, naive.dataset, naive.policy
    results: list[BacktestResult] = []

    def ours() -> None:
        results.append(backtest(rules, dataset, "train", policy.network))

    ours()
    naive.warm_up()
    candles = SYMBOLS * ROWS
    seconds, ratios = [], []
    for start in range(0, SYMBOLS, PIECE):
        progress("P3", start, SYMBOLS)
        piece = dataset.info.symbols[start : start + PIECE]
        seconds.append(timed(ours))
        theirs = timed(partial(naive.play, piece)) / (len(piece) * ROWS)
        ratios.append(theirs / (seconds[-1] / candles))
    progress("P3", SYMBOLS, SYMBOLS)
    yield Figure(
        id="P3",
        goal=f"backtest of {SYMBOLS} × {ROWS:,} candles, 104 inputs, [64, 64]: against a loop of `predict` per symbol",
        figure=median(ratios),
        target=150,
        unit="× faster",
        measured={"ours": f"{median(seconds):.3f} s"},
        peers={f"{STOCK} {version(STOCK)}": f"{median(ratios) * median(seconds):.1f} s"},
    )
    decisions, equity = naive.differences(results[-1])
    yield Figure(
        id="P3.decisions", goal=f"decisions of {naive.decided:,} that differ from those of stable-baselines3",
        figure=float(decisions), target=0, unit="decisions", at_most=True,
    )  # fmt: skip
    yield Figure(
        id="P3.equity", goal=f"marks of equity of {naive.decided:,} that differ in any bit from the environments'",
        figure=float(equity), target=0, unit="marks", at_most=True,
    )  # fmt: skip


def _history(rules: SystemConfig, policy: Policy) -> Figure:
    dataset = market(-(-HISTORY // SYMBOLS))
    candles = sum(dataset.info.rows.values())
    seconds = [timed(lambda: backtest(rules, dataset, "train", policy.network)) for _ in range(TIMES)]
    return Figure(
        id="P3.history",
        goal=f"backtest of a whole history, {SYMBOLS} symbols with {candles:,} candles together, processor seconds",
        figure=median(seconds),
        target=1,
        unit="s",
        at_most=True,
        measured={"ours": f"{candles / median(seconds):,.0f} candles/s"},
    )


def _replays(rules: SystemConfig, policy: Policy) -> Figure:
    stage = Stage(rules, market(WINDOW), "train")
    actions = stage.play_network(policy.network).marks["action"].reshape(SYMBOLS, WINDOW).T

    def replays() -> None:
        replay_many(stage, lambda number: np.ascontiguousarray(np.roll(actions, number, axis=0)), REPLAYS)

    replays()
    seconds = timed(replays)
    return Figure(
        id="P3.replays",
        goal=f"{REPLAYS:,} replays of shifted decisions, {SYMBOLS} × {WINDOW} candles each, processor seconds",
        figure=seconds,
        target=10,
        unit="s",
        at_most=True,
        measured={"ours": f"{REPLAYS * SYMBOLS * WINDOW / seconds:,.0f} candles/s"},
    )


@dataclass
class _Played:
    """What the naive loop did with a symbol: a decision per candle but the last, an equity per candle."""

    decisions: list[int] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)


class _Naive:
    """A model that stable-baselines3 has loaded, asked for one action at a time."""

    def __init__(self, rules: SystemConfig, dataset: Dataset, folder: Path) -> None:
        import torch
        from stable_baselines3 import PPO

        # two threads are slower for networks of this size
        torch.set_num_threads(1)
        trainer = FusedTrainer(rules, dataset)
        for _ in range(LEARNED):
            trainer.advance()
        state = trainer.model()
        state.save_zip(folder / "model.zip")
        self.rules, self.dataset = rules, dataset
        self.policy = policy_of(state, dataset.info.features, {}, "bench")
        self.played: dict[str, _Played] = {}
        self._model = PPO.load(folder / "model.zip", device="cpu")

    @property
    def decided(self) -> int:
        """Decisions so far."""
        return sum(len(played.decisions) for played in self.played.values())

    def warm_up(self) -> None:
        """Play a few candles, so that nothing is imported under the clock."""
        env = make_env(self.rules, self.dataset, "train", deterministic=True)
        observation, _ = env.reset()
        for _ in range(100):
            observation, *_ = env.step(self._decide(observation))

    def play(self, symbols: tuple[str, ...]) -> None:
        """Play `symbols` one after the other."""
        for symbol in symbols:
            env = make_env(self.rules, self.dataset, "train", symbols=[symbol], deterministic=True)
            observation, info = env.reset()
            played = self.played[symbol] = _Played(equity=[info["equity"]])
            is_over = False
            while not is_over:
                action = self._decide(observation)
                observation, _, terminated, truncated, info = env.step(action)
                played.decisions.append(int(action))
                played.equity.append(info["equity"])
                is_over = terminated or truncated

    def differences(self, result: BacktestResult) -> tuple[int, int]:
        """Return how many decisions and how many marks of equity differ from those of `result`."""
        decisions = equity = 0
        for column, symbol in enumerate(result.symbols):
            played = self.played[symbol]
            # the environment leaves its last position open, the backtest closes it: the last mark is no mark of both
            last = len(played.decisions)
            decisions += _differing(result.actions[:last, column], np.array(played.decisions, np.int8))
            equity += _differing(result.equity[:last, column], np.array(played.equity[:last]))
            decisions += ROWS - 1 - last
        return decisions, equity

    def _decide(self, observation: NDArray[np.float32]) -> np.int64:
        normalized = self.policy.normalizer.apply(observation[None])[0]
        action, _ = self._model.predict(normalized, deterministic=True)
        return np.int64(action)


def _differing(ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> int:
    return int((ours != theirs).sum())
