"""P5: every feature of 62 symbols against what two packages have of them, and the memory of a long minute series."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.figure import Figure
from bench.market import FOUR_HOURS_MS, inputs
from bench.peers import Peers
from bench.timing import interleaved, timed
from include.core.paths import REPOSITORY
from include.core.progress import Progress
from include.features.families.smart_money_specs import SWING
from include.features.matrix import compute
from include.features.registry import feature_set
from include.features.spec import FeatureSet

SYMBOLS, ROWS = 62, 6_570
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
    markets = [inputs(ROWS, place, "4h", FOUR_HOURS_MS) for place in range(SYMBOLS)]
    with Peers() as peers, tempfile.TemporaryDirectory() as folder:
        peers.load(Path(folder), {str(place): market.candles for place, market in enumerate(markets)})

        def ask(place: int) -> float:
            progress("symbols", place, SYMBOLS)
            name = str(place)
            return float(peers.ask("smart_money", name=name, length=SWING) + peers.ask("indicators", name=name))

        sides: dict[str, Callable[[int], float]] = {
            "all": lambda place: timed(lambda: compute(markets[place], market94)),
            "shared": lambda place: timed(lambda: compute(markets[place], shared)),
            "peers": ask,
        }
        # compiled before; parsed anew, as for every symbol
        for warm_up in sides.values():
            warm_up(0)
        markets[0] = replace(markets[0])
        # each symbol once, on every side in turn: sixty-two rounds
        seconds = interleaved(sides, SYMBOLS)
        versions = peers.ask("versions")
    progress("symbols", SYMBOLS, SYMBOLS)
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
            measured={"median × 62": f"{SYMBOLS * seconds[side]:.3f} s"},
            peers={names: f"{SYMBOLS * seconds['peers']:.2f} s"},
        )


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
