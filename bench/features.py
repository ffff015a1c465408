"""P5: every feature of 62 symbols against what two packages have of them, and the memory of a long minute series."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.figure import Figure
from bench.market import FOUR_HOURS_MS, inputs, market_wide
from bench.peers import Peers
from bench.timing import interleaved, timed
from include.core.paths import REPOSITORY
from include.core.progress import Progress
from include.features.families.smart_money_specs import SWING
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.spec import FeatureSet
from include.features.timelines import Shared

SYMBOLS, ROWS = 62, 6_570
ROUNDS = 3
MINUTES = 1_600_000
GIB = 2**30
SHARED = ("price", "technical", "smart_money")


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield the ratio of all features, that of the families the peers know, and the peak memory."""
    yield from _speed(progress)
    yield _memory()


def _speed(progress: Progress) -> Iterator[Figure]:
    market94 = feature_set("market94")
    shared = FeatureSet("shared", tuple(family for family in market94.families if family.name in SHARED))
    common = market_wide(ROWS, FOUR_HOURS_MS, np.random.default_rng(SYMBOLS))
    markets = [inputs(ROWS, place, "4h", FOUR_HOURS_MS, common) for place in range(SYMBOLS)]
    with Peers() as peers, tempfile.TemporaryDirectory() as folder:
        peers.load(Path(folder), {str(place): market.candles for place, market in enumerate(markets)})

        def ask(number: int) -> float:
            return sum(_asked(peers, number, place, progress) for place in range(SYMBOLS))

        sides: dict[str, Callable[[int], float]] = {
            "all": lambda _: timed(lambda: _build(markets, market94)),
            "shared": lambda _: timed(lambda: _build(markets, shared)),
            "peers": ask,
        }
        # compiled and imported before
        _build(markets[:1], market94)
        _asked(peers, 0, 0, progress)
        seconds = interleaved(sides, ROUNDS)
        versions = peers.ask("versions")
    progress("symbols", ROUNDS * SYMBOLS, ROUNDS * SYMBOLS)
    names = " + ".join(f"{name} {versions[name]}" for name in ("pandas-ta-classic", "smartmoneyconcepts"))
    for identity, side, what in (
        ("P5", "all", f"all {len(market94.names)} features, the peers only what they have of them"),
        (
            "P5.shared",
            "shared",
            f"the {len(shared.names)} price, technical and smart-money features, the peers as above",
        ),
    ):
        yield Figure(
            id=identity,
            goal=f"{SYMBOLS} × {ROWS:,} rows: {what}",
            figure=seconds["peers"] / seconds[side],
            target=40,
            unit="× faster",
            measured={"time": f"{seconds[side]:.3f} s"},
            peers={names: f"{seconds['peers']:.2f} s"},
        )


def _build(markets: list[FeatureInputs], chosen: FeatureSet) -> None:
    # as a build does: what symbols have in common is read once, and nothing is left of a round before
    first = markets[0]
    common = Shared(first.fear_greed, first.macro, first.reference)
    for market in markets:
        compute(replace(market, shared=common), chosen)


def _asked(peers: Peers, number: int, place: int, progress: Progress) -> float:
    progress("symbols", number * SYMBOLS + place, ROUNDS * SYMBOLS)
    name = str(place)
    return float(peers.ask("smart_money", name=name, length=SWING) + peers.ask("indicators", name=name))


def _memory() -> Figure:
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory_probe", str(MINUTES)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    probe = json.loads(done.stdout)
    return Figure(
        id="P5.memory",
        goal=f"peak memory of a process that computes {probe['features']} features of {MINUTES:,} one-minute candles",
        figure=probe["peak_bytes"] / GIB,
        target=2,
        unit="GiB",
        at_most=True,
        measured={
            "time": f"{probe['seconds']:.1f} s",
            "before computing": f"{probe['before_bytes'] / GIB:.2f} GiB",
            "result": f"{probe['result_bytes'] / GIB:.2f} GiB",
        },
    )
