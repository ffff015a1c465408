"""P2: 64 environments at once against a careful Python environment of the same logic, beside known packages.

Environment steps alone, no agent: random actions are drawn before the clock starts. Every round times every side once,
the figures are medians over the rounds. The packages run in an interpreter of their own, `.venv-bench`.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.figure import Figure
from include.core.clock import from_ms
from include.core.paths import REPOSITORY
from include.core.progress import Progress
from include.core.timeframes import timeframe_ms
from include.environments.audit.scenario import fair_market
from include.environments.make import make_env
from include.features.dataset import Dataset, DatasetInfo, SymbolSeries, Window
from include.training.vec_env import make_vec_env

ENVS, ROUNDS, STEPS = 64, 9, 20_000
SYMBOLS, ROWS, FEATURES = 62, 2_190, 94
TARGET = 10.0
WORKER = Path(__file__).with_name("p2_peers.py")
INTERPRETER = REPOSITORY / ".venv-bench" / "bin" / "python"


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the figures: the ratio to the Python environment, and whether both play the same."""
    dataset = market()
    differing = differences(dataset)
    with tempfile.TemporaryDirectory() as folder, Peers(Path(folder), dataset) as peers:
        batch, single = _Batch(dataset), _Single(dataset)
        sides: dict[str, Callable[[], float]] = {
            "ours, VecEnv(64)": batch.rate,
            "careful Python env": single.rate,
            **{name: lambda name=name: peers.rate(name) for name in peers.names},
        }
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for side in sides.values():
            side()
        for done in range(ROUNDS):
            progress("P2", done, ROUNDS)
            for name, side in sides.items():
                rates[name].append(side())
        shown = {name: median(values) for name, values in rates.items()}
    ratio = median(a / b for a, b in zip(rates["ours, VecEnv(64)"], rates["careful Python env"], strict=True))
    steps = {name: f"{rate:,.0f} steps/s" for name, rate in shown.items()}
    yield Figure(
        id="P2",
        goal=f"phase4, {FEATURES + 10} inputs: VecEnv({ENVS}) against one careful Python env of the same logic",
        figure=ratio,
        target=TARGET,
        unit="× faster",
        measured={"ours": steps.pop("ours, VecEnv(64)")},
        peers=steps,
    )
    yield Figure(
        id="P2.trajectories",
        goal=f"values that differ in {STEPS:,} random steps between both",
        figure=float(differing),
        target=0.0,
        unit="values",
        at_most=True,
    )


def market(rows: int = ROWS) -> Dataset:
    """Return 62 symbols of noise with 94 features: what the rows say does not change how long a step takes."""
    step = timeframe_ms("4h")
    rng = np.random.default_rng(0)
    names = [f"S{number}/USDT:USDT" for number in range(SYMBOLS)]
    series = {name: _symbol(name, rows, number, step, rng) for number, name in enumerate(names)}
    times = next(iter(series.values())).open_time
    info = DatasetInfo(
        id="bench",
        system="phase4",
        timeframe="4h",
        feature_set="market94",
        feature_set_sha256="",
        features=tuple(f"f_bench_noise_{number}" for number in range(FEATURES)),
        inactive_features={},
        symbols=tuple(series),
        dropped_symbols={},
        rows=dict.fromkeys(series, rows),
        splits={"train": Window(start=from_ms(int(times[0])), end=from_ms(int(times[-1]) + step))},
        lake_versions={},
        code_version="bench",
        statistics={},
        files={},
    )
    return Dataset(info, series)


def differences(dataset: Dataset) -> int:
    """Return how many values differ between the batch and single environments of the same seeds."""
    count = 4
    batch = make_vec_env("phase4", count, dataset, "train", seed=7)
    single = [make_env("phase4", dataset, "train", seed=7 + number) for number in range(count)]
    actions = np.random.default_rng(1).integers(5, size=(STEPS // count, count))
    differing = int((batch.reset() != np.array([env.reset()[0] for env in single])).sum())
    for row in actions:
        observations, rewards, dones, _ = batch.step(row)
        for number, env in enumerate(single):
            observation, reward, terminated, truncated, _ = env.step(row[number])
            if terminated or truncated:
                observation = env.reset()[0]
            differing += int((observations[number] != observation).sum())
            differing += int(rewards[number] != np.float32(reward)) + int(dones[number] != (terminated or truncated))
    return differing


class Peers:
    """The packages in a process of their own; a package that is not installed is left out."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        series = next(iter(dataset.series.values()))
        self._file = folder / "market.npz"
        np.savez(
            self._file, open=series.open, high=series.high, low=series.low, close=series.close, features=series.features
        )

    def __enter__(self) -> "Peers":
        interpreter = INTERPRETER if INTERPRETER.exists() else Path(sys.executable)
        if not INTERPRETER.exists() and not (find_spec("gym_anytrading") or find_spec("gym_trading_env")):
            print(f"No {INTERPRETER}: measured without peers. Hint: `make bench` makes it.", file=sys.stderr)
        self._process = subprocess.Popen(
            [str(interpreter), str(WORKER), str(self._file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.names: list[str] = self._ask({"what": "names"})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def rate(self, name: str) -> float:
        """Return steps per second of the environment of package `name`."""
        return float(
            self._ask({"what": "rate", "name": name, "steps": STEPS if "freqtrade" not in name else STEPS // 10})
        )

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


class _Batch:
    def __init__(self, dataset: Dataset) -> None:
        self._env = make_vec_env("phase4", ENVS, dataset, "train", seed=1)
        self._env.reset()
        self._actions = np.random.default_rng(2).integers(5, size=(10 * STEPS // ENVS, ENVS))

    def rate(self) -> float:
        gc.collect()
        start = time.process_time()
        for row in self._actions:
            self._env.step(row)
        return self._actions.size / (time.process_time() - start)


class _Single:
    def __init__(self, dataset: Dataset) -> None:
        self._env = make_env("phase4", dataset, "train", seed=1)
        self._env.reset()
        self._actions = np.random.default_rng(2).integers(5, size=STEPS).tolist()

    def rate(self) -> float:
        env = self._env
        gc.collect()
        start = time.process_time()
        for action in self._actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return len(self._actions) / (time.process_time() - start)


def _symbol(name: str, rows: int, number: int, step: int, rng: np.random.Generator) -> SymbolSeries:
    candles = fair_market(rows, step, number)
    nothing = np.zeros(rows)
    funding = np.where(np.arange(rows) % 2 == 1, rng.normal(1e-4, 1e-4, rows), 0.0)
    return SymbolSeries(
        name, candles.open_time, candles.open, candles.high, candles.low, candles.close, candles.volume,
        0.016 * candles.close, nothing, funding, nothing, np.zeros(rows, np.int32),
        rng.standard_normal((rows, FEATURES), dtype=np.float32),
    )  # fmt: skip
