"""Runs in the peers' interpreter: one request a line on stdin, one answer a line on stdout, both JSON.

It imports nothing of this project. Requests: `versions`; `load` (folder of Parquet files); `smart_money` (name,
length): seconds; `indicators` (name): seconds; `marks` (name, length, file): the package's output, to a Parquet file.
"""

import gc
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["SMC_CREDIT"] = "0"
for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import pandas as pd  # noqa: E402  # after the number of threads is set

PACKAGES = ("smartmoneyconcepts", "pandas-ta-classic", "pandas")
MARKETS: dict[str, pd.DataFrame] = {}


def versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def load(folder: str) -> int:
    MARKETS.clear()
    for file in Path(folder).glob("*.parquet"):
        MARKETS[file.stem] = pd.read_parquet(file)
    return len(MARKETS)


def smart_money(name: str, length: int) -> float:
    return _timed(lambda: _marks(MARKETS[name], length))


def indicators(name: str) -> float:
    return _timed(lambda: _indicators(MARKETS[name]))


def marks(name: str, length: int, file: str) -> int:
    parts = _marks(MARKETS[name], length)
    frame = pd.concat([part.add_prefix(f"{key}_") for key, part in parts.items()], axis=1)
    frame.astype("float64").to_parquet(file)
    return len(frame)


def _timed(call: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    call()
    return time.process_time() - start


def _marks(candles: pd.DataFrame, length: int) -> dict[str, pd.DataFrame]:
    from smartmoneyconcepts import smc

    swings = smc.swing_highs_lows(candles, swing_length=length)
    return {
        "swings": swings,
        "fvg": smc.fvg(candles),
        "bos": smc.bos_choch(candles, swings),
        "ob": smc.ob(candles, swings),
        "liquidity": smc.liquidity(candles, swings),
    }


def _indicators(candles: pd.DataFrame) -> list[object]:
    """Return what pandas-ta-classic has of the price and technical features."""
    import pandas_ta_classic as ta

    high, low, close, volume = (candles[name] for name in ("high", "low", "close", "volume"))
    averages = [ta.ema(close, length=n) for n in (17, 34, 72, 144, 305, 610)]
    strengths = [ta.rsi(close, length=n) for n in (7, 14, 28)]
    changes = [ta.roc(close, length=n) for n in (3, 6, 42)]
    ranges = [ta.atr(high, low, close, length=n) for n in (14, 50)]
    channels = [ta.donchian(high, low, lower_length=n, upper_length=n) for n in (20, 55)]
    return [
        *averages, *strengths, *changes, *ranges, *channels,
        ta.macd(close),
        ta.stochrsi(close),
        ta.bbands(close, length=20),
        ta.kc(high, low, close, length=20),
        ta.adx(high, low, close),
        ta.cci(high, low, close, length=20),
        ta.mfi(high, low, close, volume),
        ta.zscore(ta.obv(close, volume), length=180),
        ta.cmf(high, low, close, volume, length=20),
        ta.sma(volume, length=20),
        ta.aroon(high, low, length=25),
        ta.zscore(volume, length=180),
        ta.vwma(close, volume, length=42),
        ta.log_return(close),
    ]  # fmt: skip


REQUESTS: dict[str, Callable[..., Any]] = {
    call.__name__: call for call in (versions, load, smart_money, indicators, marks)
}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(REQUESTS[request.pop("what")](**request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
