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

from include.core.errors import InvalidInputError
from include.core.files import atomic_path
from include.core.progress import Progress, no_progress
from include.core.timeframes import timeframe_ms
from include.features import store
from include.features.matrix import compute
from include.features.own_candles import SYMBOL, TIME, inputs_of, opened, references, symbols_in
from include.features.registry import feature_set as named_set
from include.features.spec import FeatureSet
from include.features.timelines import epoch_ms

logger = logging.getLogger(__name__)

_FORMAT = ".parquet"
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
        Length of a candle, which each symbol's shortest step must be; None takes that step, of any timeframe.
    progress : callable
        Called with a label, symbols done and symbols in all.

    Raises
    ------
    MissingInputError
        `source` does not exist or holds no candles.
    IntegrityError
        It is not Parquet.
    InvalidInputError
        `target` is `source`, a folder or no Parquet; a column is missing or holds no numbers; or the candles of a
        symbol are unsound or of another timeframe.
    """
    started = time.perf_counter()
    chosen, candles = named_set(feature_set), opened(source)
    if timeframe is not None:
        timeframe_ms(timeframe)
    _require_target(target, source)
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


def _require_target(target: Path, source: Path) -> None:
    if target.is_dir():
        raise InvalidInputError(f"`output` must be a file, {target} is a folder. Hint: {target / 'features'}{_FORMAT}.")
    if target.suffix != _FORMAT:
        raise InvalidInputError(f"`output` must end in {_FORMAT}, was {target.name!r}.")
    # behind a link too: what is written there would take the place of the candles
    if target.exists() and target.samefile(source):
        raise InvalidInputError(f"`output` must be another file than `candles`, was {target}.")


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


def _writer(target: Path, chosen: FeatureSet, symbols: list[str | None]) -> pq.ParquetWriter:
    fields = [pa.field(TIME, pa.timestamp("ms", tz="UTC")), *(pa.field(name, pa.float32()) for name in chosen.names)]
    named = [] if symbols == [None] else [pa.field(SYMBOL, pa.string())]
    return pq.ParquetWriter(
        target, pa.schema([*named, *fields]), compression="zstd", use_dictionary=[SYMBOL] if named else False
    )


def _table(features: pd.DataFrame, symbol: str | None, schema: pa.Schema) -> pa.Table:
    columns = store.to_table(epoch_ms(features, TIME), {}, features)
    if symbol is not None:
        columns = columns.add_column(0, SYMBOL, pa.repeat(pa.scalar(symbol), len(features)))
    return columns.cast(schema)
