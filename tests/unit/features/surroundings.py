"""Every source beside the candles: synthetic ones around any candles, and the recorded ones where they are at hand."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from include.core.clock import from_ms, to_ms
from include.core.columns import FEAR_GREED, MACRO
from include.features.families.macro_specs import BTC, BTCDOM, ETH, GOLD, REFERENCES
from include.features.inputs import FeatureInputs
from include.lake.lake import Lake
from include.market.macro import SERIES
from include.market.publication import known_at
from tests.support.recorded import recorded
from tests.unit.features.samples import START_MS, STEP_MS, candles, instants, recorded_candles

HOUR = 3_600_000
DAY = 24 * HOUR
LEAD_CANDLES = 60
RECORDED_REFERENCES = {BTC: "BTCUSDT", ETH: "ETHUSDT", BTCDOM: "BTCDOMUSDT", GOLD: "PAXGUSDT"}


def around(frame: pd.DataFrame, seed: int = 0) -> FeatureInputs:
    """Return 4h inputs of `frame` with every source, each from long enough before the first candle."""
    start, rows = int(frame["open_time"].iloc[0]), int(np.ptp(frame["open_time"]) // STEP_MS) + 1
    end, rng = start + rows * STEP_MS, np.random.default_rng(seed)
    return FeatureInputs(
        frame,
        "4h",
        funding=settlements(start - 40 * DAY, end, 8, rng),
        open_interest=stamps(start - 2 * DAY, end, "open_interest", rng.lognormal(12, 0.01, rows + 20)),
        long_short=stamps(start - 2 * DAY, end, "long_short_ratio", rng.lognormal(0.3, 0.1, rows + 20)),
        premium_index=stamps(start - 2 * DAY, end, "premium_index", rng.normal(0, 1e-4, rows + 20)),
        fear_greed=fear_greed(start - 20 * DAY, end, rng),
        macro=macro(start, end, rng),
        reference=references(start, rows, seed),
    )


def settlements(start: int, end: int, hours: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return settlements every `hours`, on the hour."""
    times = np.arange(start - start % (hours * HOUR), end + 1, hours * HOUR)
    rates = rng.normal(1e-4, 1e-4, len(times))
    return pd.DataFrame({"funding_time": times, "funding_rate": rates, "known_at": times})


def stamps(start: int, end: int, name: str, values: np.ndarray) -> pd.DataFrame:
    """Return a value every 4 hours, known at its timestamp."""
    times = np.arange(start, end + 1, STEP_MS)
    return pd.DataFrame({"timestamp": times, name: values[: len(times)], "known_at": times})


def fear_greed(start: int, end: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the index of every day, known at the next midnight."""
    days = np.arange(start - start % DAY, end, DAY)
    return pd.DataFrame({"timestamp": days, "value": rng.integers(5, 96, len(days)), "known_at": days + DAY})


def macro(start: int, end: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return every FRED series from two years before `start`, weekdays and months, released by FRED's rules."""
    parts = []
    for series, release in SERIES.items():
        days = pd.date_range(from_ms(start - 730 * DAY), from_ms(end), freq="MS" if release == "monthly" else "B")
        days = days.normalize()
        values = 4.0 + 0.05 * rng.normal(size=len(days)).cumsum()
        parts.append(pd.DataFrame({"series": series, "date": days, "value": np.abs(values) + 1.0}))
    frame = pd.concat(parts, ignore_index=True)
    return _released(frame)


def references(start: int, rows: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return candles of the reference symbols, from ten days before `start`."""
    shared = start - LEAD_CANDLES * STEP_MS
    found = {}
    for place, symbol in enumerate(REFERENCES):
        frame = candles(rows + LEAD_CANDLES, seed=seed + 100 + place)
        found[symbol] = frame.assign(open_time=shared + STEP_MS * np.arange(len(frame), dtype=np.int64))
    return found


def fill_sources(lake: Lake, rows: int = 2200) -> None:
    """Merge fear & greed and every macro series around the first `rows` sample candles into `lake`."""
    end, rng = START_MS + rows * STEP_MS, np.random.default_rng(9)
    index = fear_greed(START_MS - 20 * DAY, end, rng).assign(classification="Neutral")
    index = index.assign(timestamp=instants(index["timestamp"]), known_at=instants(index["known_at"]))
    for definition, frame in ((FEAR_GREED, index), (MACRO, _with_vintages(macro(START_MS, end, rng)))):
        ordered = frame[list(definition.column_names)]
        lake.merge(definition.name, pa.Table.from_pandas(ordered, schema=definition.schema, preserve_index=False))


def _with_vintages(macro: pd.DataFrame) -> pd.DataFrame:
    """Return macro rows, each first published on the day on which it became known."""
    return macro.assign(vintage=macro["known_at"].dt.normalize())


def recorded_inputs(symbol: str) -> FeatureInputs:
    """Return 4h inputs of the newest 3,000 recorded candles of an exchange symbol with the sources recorded for it."""
    funding = _recorded_funding(recorded("funding_rates.parquet"))
    return FeatureInputs(
        recorded_candles(symbol),
        "4h",
        funding=funding[funding["symbol"] == symbol],
        fear_greed=recorded_fear_greed(),
        macro=recorded_macro(),
        reference={unified: recorded_candles(name) for unified, name in RECORDED_REFERENCES.items()},
    )


def recorded_fear_greed() -> pd.DataFrame:
    """Return the recorded index as the lake holds it."""
    frame = pd.read_parquet(recorded("fear_greed.parquet"))
    days = frame["timestamp"] * 1000
    return pd.DataFrame({"timestamp": days, "value": frame["value"], "known_at": days + DAY})


def recorded_macro() -> pd.DataFrame:
    """Return the recorded FRED series since 2022 as the lake holds them."""
    return _recorded_macro(recorded("macro_daily.parquet"))


@lru_cache(maxsize=1)
def _recorded_funding(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    times = (frame["funding_time"] / 60_000).round().astype("int64") * 60_000
    return frame.assign(funding_time=times, known_at=times)


@lru_cache(maxsize=1)
def _recorded_macro(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path).rename(columns={"series_id": "series"})
    frame = frame[frame["series"].isin(list(SERIES)) & (frame["date"] >= "2022")]
    return _released(frame.assign(date=pd.to_datetime(frame["date"], utc=True)))


def _released(frame: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(frame["series"], frame["date"], strict=True)
    known = [to_ms(known_at(SERIES[series], day.to_pydatetime())) for series, day in pairs]
    days = frame["date"].astype("datetime64[ms, UTC]")
    return frame.assign(date=days, known_at=instants(known).array)[["series", "date", "value", "known_at"]]


def day(text: str) -> int:
    """Return midnight UTC of an ISO date, epoch milliseconds."""
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))
