"""A recorded market that rises: the synthetic one with a drift, for what has to be seen with a model that passes."""

from pathlib import Path

import numpy as np
import pandas as pd

from include.core.symbols import market_id
from include.core.timeframes import DAY_MS
from include.market.macro import SERIES
from include.sandbox.market_data import CANDLE_COLUMNS
from include.sandbox.synthetic import SyntheticMarket

PRICES = ("open", "high", "low", "close")


def write_rising_market(folder: Path, symbols: tuple[str, ...], drift: float, days: int = 420, seed: int = 1) -> Path:
    """Write a sandbox data folder whose prices rise by `drift` a 4h candle, log return, over the last `days`."""
    market = SyntheticMarket(symbols, seed)
    since = market.end_ms - days * DAY_MS
    folder.mkdir(parents=True)
    candles, funding = [], []
    for symbol in map(market_id, symbols):
        series = market.candles(symbol, "4h")
        assert series is not None
        frame = pd.DataFrame({"symbol": symbol, "open_time": series.open_time})
        for column in CANDLE_COLUMNS:
            frame[column] = getattr(series, column)
        frame = frame[(frame.open_time >= since) & (frame.open_time < market.end_ms)].reset_index(drop=True)
        # a candle opens where the one before closed, so that it rises between its own two ends
        steps = np.arange(len(frame))
        frame["open"] *= np.exp(drift * steps)
        frame[["low"]] = frame[["low"]].mul(np.exp(drift * steps), axis=0)
        frame[["high", "close"]] = frame[["high", "close"]].mul(np.exp(drift * (steps + 1)), axis=0)
        frame["quote_volume"] = frame.volume * frame.close
        candles.append(frame)
        settled = market.funding(symbol)
        rates = pd.DataFrame({"symbol": symbol, "funding_time": settled.time, "funding_rate": settled.rate})
        funding.append(rates[(rates.funding_time >= since) & (rates.funding_time < market.end_ms)])
    pd.concat(candles).to_parquet(folder / "klines_4h.parquet", index=False)
    pd.concat(funding).to_parquet(folder / "funding_rates.parquet", index=False)
    index = market.fear_greed()
    pd.DataFrame(
        {"timestamp": index.day // 1000, "value": index.value, "value_classification": list(index.classification)}
    ).to_parquet(folder / "fear_greed.parquet", index=False)
    macro = [
        pd.DataFrame({"series_id": name, "date": series.date.astype(str), "value": series.value})
        for name in SERIES
        if (series := market.macro(name)) is not None
    ]
    pd.concat(macro).drop_duplicates(["series_id", "date"]).to_parquet(folder / "macro_daily.parquet", index=False)
    return folder
