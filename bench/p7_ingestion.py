"""P7: how many candles a second come from the exchange into the lake: fetched over HTTP, validated, committed.

The exchange is the sandbox in a process of its own, its limits and ours off. Its time counts: the figure is by the
clock on the wall, from the request for the markets to the last commit; processor seconds of both sides stand beside it.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.figure import Figure
from bench.market import FOUR_HOURS_MS, candles
from include.config.settings import Settings, load_settings
from include.core.clock import from_ms
from include.core.errors import DataQualityError
from include.core.progress import Progress
from include.lake.lake import Lake
from include.market.backfill import backfill
from include.market.ingest import FetchRequest
from include.orchestration.stages import validate_market_data

GOAL = 25_000
ROWS = 4_500
ROUNDS = 3
_FILE = "klines_4h.parquet"


def measure(progress: Progress) -> Iterator[Figure]:
    """Yield candles a second, the median of the rounds, each into an empty lake."""
    with TemporaryDirectory(prefix="perpetua-p7-") as name, _quiet():
        last_ms, source = _write_candles(Path(name, "data"))
        with _exchange(Path(name)) as (settings, process):
            # what is imported and compiled at first use
            _fill(settings, Path(name, "warm"), last_ms, 10)
            rounds = []
            for place in range(ROUNDS):
                progress("P7", place, ROUNDS)
                rounds.append(_timed(settings, Path(name, f"home{place}"), last_ms, process))
            progress("P7", ROUNDS, ROUNDS)
    count = rounds[0]["candles"]
    wall, client, server = (median(one[key] for one in rounds) for key in ("wall", "client", "server"))
    yield Figure(
        id="P7",
        goal="candles over HTTP through ccxt, validated, in the lake",
        figure=count / wall,
        target=GOAL,
        unit="candles/s",
        measured={
            "candles": f"{count:,} of {len(settings.universe.symbols)} perpetuals",
            "wall": f"{wall:.2f} s, the exchange's in it",
            "client": f"{client:.2f} processor s",
            "exchange": f"{server:.2f} processor s",
            "source": source,
        },
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings to itself: this exchange has candles only, and every round would tell what it has not."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _write_candles(folder: Path) -> tuple[int, str]:
    """Write one candle more than `ROWS` of every perpetual, the one that is still open; return its open time."""
    own = load_settings()
    folder.mkdir()
    if own.sandbox_data is None:
        table, source = _made_up(own), "made up"
    else:
        table, source = _newest(pq.read_table(own.sandbox_data / _FILE)), "recorded"
    pq.write_table(table, folder / _FILE)
    return int(pc.max(table["open_time"]).as_py()), source


def _newest(table: pa.Table) -> pa.Table:
    last_ms = int(pc.max(table["open_time"]).as_py())
    return table.filter(pc.field("open_time") >= last_ms - ROWS * FOUR_HOURS_MS)


def _made_up(settings: Settings) -> pa.Table:
    frames = []
    for seed, symbol in enumerate(settings.universe.symbols):
        # as many digits as an exchange prints
        frame = candles(ROWS + 1, seed).round(4)
        frame["quote_volume"] = (frame["volume"] * (frame["open"] + frame["close"]) / 2).round(4)
        frame["trades"] = frame["volume"].astype("int64") + 1
        frame["taker_buy_quote_volume"] = (frame["quote_volume"] * frame["taker_buy_volume"] / frame["volume"]).round(4)
        frames.append(frame.assign(symbol=symbol.split("/")[0] + "USDT"))
    return pa.Table.from_pandas(pd.concat(frames), preserve_index=False)


@contextmanager
def _exchange(folder: Path) -> Iterator[tuple[Settings, psutil.Process]]:
    """Serve the candles of `folder` from a process of its own; yield settings that lead there."""
    command = [sys.executable, "-m", "bench.p7_exchange", str(folder / "data"), str(folder / "exchange")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            changes = {"sandbox_port": port, "sandbox_data": None, "pace": "off"}
            yield load_settings().model_copy(update=changes), psutil.Process(process.pid)
        finally:
            process.terminate()


def _timed(settings: Settings, home: Path, last_ms: int, exchange: psutil.Process) -> dict[str, float]:
    served, began, used = _seconds(exchange), time.perf_counter(), time.process_time()
    lake = _fill(settings, home, last_ms, ROWS)
    return {
        "wall": time.perf_counter() - began,
        "client": time.process_time() - used,
        "server": _seconds(exchange) - served,
        "candles": lake.count("candles"),
    }


def _fill(settings: Settings, home: Path, last_ms: int, rows: int) -> Lake:
    here = settings.model_copy(update={"home_path": home})
    start, end = from_ms(last_ms - rows * FOUR_HOURS_MS), from_ms(last_ms)
    request = FetchRequest.of(here, here.universe.symbols, "4h", start, end, ("candles",), None)
    done = backfill(here, request, lambda batch_id: validate_market_data(here, batch_id)["failures"])
    refused = [outcome.refused for outcome in done.outcomes if outcome.refused]
    if refused:
        raise DataQualityError(f"P7 needs sound candles: {' '.join(refused)}")
    return Lake.of(here)


def _seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system
