"""P4: smart-money concepts against the smartmoneyconcepts package, and how our time grows with the series."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from bench.figure import Figure
from bench.market import FOUR_HOURS_MS, candles
from bench.peers import Peers
from bench.timing import interleaved, timed
from include.core.progress import Progress
from include.features.families.smart_money import compute
from include.features.families.smart_money_specs import SWING
from include.features.inputs import FeatureInputs, Segment
from include.features.kernels import hindsight

ROWS, ROUNDS = 6_000, 15
SHORT, LONG = 10_000, 100_000
# of the height of the series, the package's default
REACH = 0.01
NOTHING = FeatureInputs(candles(0, 0), "4h")


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the ratio of the sixteen features, that of the same output as the package's, and the growth."""
    with Peers() as peers, tempfile.TemporaryDirectory() as folder:
        # a market of its own for each round: a processor learns the branches of one that it has seen
        markets = {str(place): candles(ROWS, place) for place in range(ROUNDS + 1)}
        peers.load(Path(folder), markets)
        version = peers.ask("versions")["smartmoneyconcepts"]
        sides: dict[str, Callable[[int], float]] = {
            "features": lambda place: _seconds(segment(markets[str(place)])),
            "same": lambda place: timed(partial(same_output, segment(markets[str(place)]))),
            "package": lambda place: float(peers.ask("smart_money", name=str(place), length=SWING)),
        }
        for warm_up in sides.values():
            warm_up(ROUNDS)
        progress("smart money", 0, 2)
        seconds = interleaved(sides, ROUNDS)
    progress("smart money", 1, 2)
    names = {
        "P4": ("features", "the sixteen causal features"),
        "P4.same": ("same", "the package's own five outputs, equal to them"),
    }
    for identity, (side, what) in names.items():
        yield Figure(
            id=identity,
            goal=f"smart money, {ROWS:,} rows: {what}",
            figure=seconds["package"] / seconds[side],
            target=250,
            unit="× faster",
            measured={"median": f"{seconds[side]:.6f} s"},
            peers={f"smartmoneyconcepts {version}": f"{seconds['package']:.4f} s"},
        )
    yield _growth()
    progress("smart money", 2, 2)


def segment(frame: pd.DataFrame) -> Segment:
    """Return `frame`, which has no gap, as the kernels take it."""
    arrays = {str(name): np.array(frame[name], dtype=np.float64) for name in frame if name != "open_time"}
    return Segment(FOUR_HOURS_MS, frame["open_time"].to_numpy(copy=True), **arrays)


def same_output(market: Segment) -> list[object]:
    """Return what the package's five functions return."""
    high, low, close = market.high, market.low, market.close
    rows, kinds = hindsight.swing_highs_lows(high, low, SWING)
    return [
        hindsight.levels(high, low, rows, kinds),
        hindsight.fvg(market.open, high, low, close),
        hindsight.bos_choch(high, low, close, rows, kinds),
        hindsight.ob(high, low, close, market.volume, rows, kinds),
        hindsight.liquidity(high, low, rows, kinds, REACH),
    ]


def _seconds(market: Segment) -> float:
    return timed(lambda: compute(market, NOTHING))


def _growth() -> Figure:
    whole = candles(LONG, 1)
    long = segment(whole)
    # the same candles in both sides
    parts = [segment(whole.iloc[start : start + SHORT]) for start in range(0, LONG, SHORT)]
    compute(long, NOTHING)
    seconds = interleaved({"short": lambda _: median(map(_seconds, parts)), "long": lambda _: _seconds(long)}, ROUNDS)
    return Figure(
        id="P4.growth",
        goal=f"smart money: time of {LONG:,} rows over that of {SHORT:,}",
        figure=seconds["long"] / seconds["short"],
        target=15,
        unit="×",
        at_most=True,
        measured={name: f"{value:.6f} s" for name, value in seconds.items()},
    )
