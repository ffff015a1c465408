"""A hand-made second venue, written as a recording is."""

from pathlib import Path

import pandas as pd

from include.core.timeframes import DAY_MS
from tests.unit.sandbox.recordings import HOUR, START, candle_frame

DAYS = 20
FUNDING_COUNT = 30


def write_bybit(folder: Path) -> Path:
    """Daily candles of ABCUSDT from `START` on, and funding of ABCUSDT every 8 hours and of NEWUSDT every 4."""
    folder.mkdir(parents=True, exist_ok=True)
    candles = candle_frame("ABCUSDT", DAYS, length_ms=DAY_MS)
    candles.assign(turnover=candles.volume * candles.open).to_parquet(folder / "bybit_klines_1d.parquet", index=False)
    rows = [
        (exchange, symbol, START + n * hours * HOUR, round(rate * (n + 1), 4), hours)
        for exchange, symbol, hours, rate in (
            ("bybit", "ABCUSDT", 8, 0.0001),
            ("bybit", "NEWUSDT", 4, 0.0002),
            ("binance", "ABCUSDT", 8, 0.5),
        )
        for n in range(FUNDING_COUNT)
    ]
    columns = ["exchange", "symbol", "funding_time", "funding_rate", "interval_hours"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "arb_funding_binance_bybit.parquet", index=False)
    return folder
