"""Features of candles in a file, into a file, one symbol in memory at a time: any timeframe, minutes included.

Only the file's own columns are used; sources that are not in it (funding, sentiment, macro) have no value. Building
from the lake does not belong here (`build.py`).
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import atomic_path
from include.core.progress import Progress, no_progress
from include.core.symbols import market_id
from include.features import store
from include.features.families.macro_specs import REFERENCES
from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set as named_set
from include.features.spec import FeatureSet
from include.features.timelines import epoch_ms

logger = logging.getLogger(__name__)

_TIME, _SYMBOL = "open_time", "symbol"
_COLUMNS = (_TIME, *store.CANDLE_COLUMNS, "taker_buy_volume")
# small enough that encoding one group costs little beside the symbol itself
_ROW_GROUP = 131_072


@dataclass(frozen=True, slots=True)
class FileResult:
    """What was written; `without_values` are features whose source the file does not hold, or too few candles."""

    output: str
    feature_set: str
    symbols: int
    rows: int
    features: int
    without_values: tuple[str, ...]
    seconds: float


def build_file(
    source: Path, feature_set: str, target: Path, timeframe: str | None = None, progress: Progress = no_progress
) -> FileResult:
    """Compute `feature_set` for every symbol of the candles in `source` and write it to `target`.

    Parameters
    ----------
    source : Path
        Parquet: `open_time` (epoch milliseconds or timestamp, UTC), `open`, `high`, `low`, `close`, `volume` and,
        where known, `taker_buy_volume` and `symbol` (unified or the exchange's). Candles of BTC, ETH, BTCDOM and PAXG
        among them serve as reference.
    feature_set : str
        Name of the set.
    target : Path
        Parquet: `symbol` where the source has it, `open_time`, the features; one symbol after the other, by time.
    timeframe : str or None
        Length of a candle; None takes each symbol's shortest step.
    progress : callable
        Called with a label, symbols done and symbols in all.

    Raises
    ------
    MissingInputError
        `source` does not exist or holds no candles.
    IntegrityError
        It is not Parquet.
    InvalidInputError
        A column is missing, or the candles of a symbol are unsound.
    """
    started = time.perf_counter()
    chosen, candles = named_set(feature_set), opened(source)
    store.hand_memory_back()
    symbols = symbols_in(candles)
    reference = references(candles, symbols)
    seen, rows = np.zeros(len(chosen.names), dtype=np.bool_), 0
    with atomic_path(target) as temporary, _writer(temporary, chosen, symbols) as writer:
        for done, symbol in enumerate(symbols, start=1):
            # held by nobody here: the next symbol's memory is this one's
            table = _table(_features(candles, symbol, chosen, timeframe, reference), symbol, writer.schema)
            writer.write_table(table, row_group_size=_ROW_GROUP)
            seen |= [bool(pc.any(pc.is_finite(table[name])).as_py()) for name in chosen.names]
            rows += table.num_rows
            del table
            progress("features", done, len(symbols))
    return FileResult(
        output=str(target),
        feature_set=chosen.name,
        symbols=len(symbols),
        rows=rows,
        features=len(chosen.names),
        without_values=tuple(name for name, there in zip(chosen.names, seen.tolist(), strict=True) if not there),
        seconds=round(time.perf_counter() - started, 3),
    )


def opened(source: Path) -> ds.Dataset:
    """Return the candles of a file, not yet read, as `build_file` wants them."""
    if not source.is_file():
        raise MissingInputError(f"`candles` must be an existing Parquet file, was {source}.")
    try:
        candles = ds.dataset(source, format="parquet")
        count = candles.count_rows()
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError(f"`candles` must be a Parquet file, was {source}: {error}") from error
    missing = [name for name in (_TIME, *store.CANDLE_COLUMNS) if name not in candles.schema.names]
    if missing:
        raise InvalidInputError(
            f"`candles` must have the columns {', '.join(missing)}, had {', '.join(candles.schema.names)}."
        )
    if count == 0:
        raise MissingInputError(f"`candles` must hold candles, {source} has no rows.")
    return candles


def symbols_in(candles: ds.Dataset) -> list[str | None]:
    """Return the symbols of a file in order of appearance; one without a name where it has no column of symbols."""
    if _SYMBOL not in candles.schema.names:
        return [None]
    found: dict[str | None, None] = {}
    for batch in candles.to_batches(columns=[_SYMBOL]):
        found |= dict.fromkeys(pc.unique(batch[_SYMBOL]).to_pylist())
    if None in found:
        raise InvalidInputError("`candles.symbol` must name every candle's symbol, was null in some row.")
    return list(found)


def references(candles: ds.Dataset, symbols: list[str | None]) -> dict[str, pd.DataFrame]:
    """Return the closes of the symbols in the file that others are compared with, by unified symbol."""
    spelled = {name: unified for unified in REFERENCES for name in (unified, market_id(unified))}
    named = [symbol for symbol in symbols if symbol in spelled]
    return {spelled[symbol]: _read(candles, symbol, (_TIME, "close")) for symbol in named if symbol is not None}


def inputs_of(
    candles: ds.Dataset, symbol: str | None, timeframe: str | None, reference: Mapping[str, pd.DataFrame]
) -> FeatureInputs:
    """Return the candles of one symbol in order of time, as features are computed from them."""
    names = tuple(name for name in _COLUMNS if name in candles.schema.names)
    return FeatureInputs(_read(candles, symbol, names), timeframe, reference=dict(reference))


def _features(
    candles: ds.Dataset,
    symbol: str | None,
    chosen: FeatureSet,
    timeframe: str | None,
    reference: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    try:
        return compute(inputs_of(candles, symbol, timeframe, reference), chosen)
    except InvalidInputError as error:
        raise InvalidInputError(f"{symbol or 'The file'}: {error}") from error


def _read(candles: ds.Dataset, symbol: str | None, names: tuple[str, ...]) -> pd.DataFrame:
    own = None if symbol is None else ds.field(_SYMBOL) == symbol
    # read ahead little: the rows of one symbol may be a large part of what may be held
    table = candles.scanner(columns=list(names), filter=own, batch_readahead=2, fragment_readahead=1).to_table()
    frame: pd.DataFrame = table.sort_by(_TIME).to_pandas(split_blocks=True, self_destruct=True)
    return frame


def _writer(target: Path, chosen: FeatureSet, symbols: list[str | None]) -> pq.ParquetWriter:
    fields = [pa.field(_TIME, pa.timestamp("ms", tz="UTC")), *(pa.field(name, pa.float32()) for name in chosen.names)]
    named = [] if symbols == [None] else [pa.field(_SYMBOL, pa.string())]
    return pq.ParquetWriter(
        target, pa.schema([*named, *fields]), compression="zstd", use_dictionary=[_SYMBOL] if named else False
    )


def _table(features: pd.DataFrame, symbol: str | None, schema: pa.Schema) -> pa.Table:
    columns = store.to_table(epoch_ms(features, _TIME), {}, features)
    if symbol is not None:
        columns = columns.add_column(0, _SYMBOL, pa.repeat(pa.scalar(symbol), len(features)))
    return columns.cast(schema)
