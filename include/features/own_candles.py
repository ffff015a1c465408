"""Candles of a Parquet file from elsewhere, read one symbol at a time and refused where they are unsound.

What is made of them does not belong here (`candle_file.py`, `freeze_file.py`), checks of a column's values neither
(`timelines.py`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from include.core.clock import format_utc, from_ms
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.symbols import market_id
from include.core.timeframes import TIMEFRAMES_MS, length_name
from include.features import store
from include.features.families.macro_specs import REFERENCES
from include.features.inputs import FeatureInputs
from include.features.timelines import require_sound

TIME, SYMBOL = "open_time", "symbol"
_TAKER = "taker_buy_volume"
_COLUMNS = (TIME, *store.CANDLE_COLUMNS, _TAKER)
_SHOWN = 5
# a second in milliseconds, and a millisecond in microseconds
_THOUSAND = 1_000


def opened(source: Path) -> ds.Dataset:
    """Return the candles of a file, not yet read: Parquet with numbers in the columns of a candle.

    Raises
    ------
    MissingInputError
        `source` does not exist or holds no candles.
    IntegrityError
        It is not Parquet.
    InvalidInputError
        A column is missing, or holds something else than numbers.
    """
    if not source.is_file():
        raise MissingInputError(f"`candles` must be an existing Parquet file, was {source}.")
    try:
        candles = ds.dataset(source, format="parquet")
        count = candles.count_rows()
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError(f"`candles` must be a Parquet file, was {source}: {error}") from error
    _require_columns(candles.schema)
    if count == 0:
        raise MissingInputError(f"`candles` must hold candles, {source} has no rows.")
    return candles


def symbols_in(candles: ds.Dataset) -> list[str | None]:
    """Return the symbols of a file in order of appearance; one without a name where it has no column of symbols."""
    if SYMBOL not in candles.schema.names:
        return [None]
    found: dict[str | None, None] = {}
    for batch in candles.to_batches(columns=[SYMBOL]):
        found |= dict.fromkeys(pc.unique(batch[SYMBOL]).to_pylist())
    if None in found:
        raise InvalidInputError("`candles.symbol` must name every candle's symbol, was null in some row.")
    return list(found)


def references(candles: ds.Dataset, symbols: list[str | None]) -> dict[str, pd.DataFrame]:
    """Return the closes of the symbols in the file that others are compared with, by unified symbol."""
    spelled = {name: unified for unified in REFERENCES for name in (unified, market_id(unified))}
    named = [symbol for symbol in symbols if symbol in spelled]
    return {spelled[symbol]: _read(candles, symbol, (TIME, "close")) for symbol in named if symbol is not None}


def inputs_of(
    candles: ds.Dataset, symbol: str | None, timeframe: str | None, reference: Mapping[str, pd.DataFrame]
) -> FeatureInputs:
    """Return the candles of one symbol in order of time, as features are computed from them.

    Raises
    ------
    InvalidInputError
        Candles come twice, are not of `timeframe` (None: of any), have prices that are not finite and positive, or
        open or close beyond low and high.
    """
    names = tuple(name for name in _COLUMNS if name in candles.schema.names)
    inputs = FeatureInputs(_read(candles, symbol, names), timeframe, reference=dict(reference))
    _require_timeframe(inputs)
    _require_sound_candles(inputs)
    return inputs


def listed(names: Sequence[str]) -> str:
    """Return the first five of `names` and how many more there are."""
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _require_columns(schema: pa.Schema) -> None:
    missing = [name for name in (TIME, *store.CANDLE_COLUMNS) if name not in schema.names]
    if missing:
        raise InvalidInputError(f"`candles` must have the columns {', '.join(missing)}, had {', '.join(schema.names)}.")
    for name in (*store.CANDLE_COLUMNS, _TAKER):
        kind = schema.field(name).type if name in schema.names else pa.null()
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        # a column without any value has no type
        if not is_number and not pa.types.is_null(kind):
            raise InvalidInputError(f"`candles.{name}` must hold numbers, was {kind}.")


def _require_timeframe(inputs: FeatureInputs) -> None:
    steps = np.diff(inputs.open_time)
    if not len(steps):
        return
    step = int(steps.min())
    shown = f"their shortest step is {length_name(step)}.{_hint(step)}"
    if inputs.timeframe is None and step not in TIMEFRAMES_MS.values():
        raise InvalidInputError(f"`candles` must be of one of the timeframes {', '.join(TIMEFRAMES_MS)}, {shown}")
    if inputs.timeframe is not None and step != TIMEFRAMES_MS[inputs.timeframe]:
        raise InvalidInputError(f"`candles` must be {inputs.timeframe} candles, {shown}")


def _hint(step: int) -> str:
    lengths = TIMEFRAMES_MS.values()
    if step * _THOUSAND in lengths:
        return " Hint: `open_time` looks like epoch seconds, give milliseconds."
    if step / _THOUSAND in lengths:
        return " Hint: `open_time` looks like epoch microseconds, give milliseconds."
    return ""


def _require_sound_candles(inputs: FeatureInputs) -> None:
    # a copy: pandas hands out read-only memory, for which the kernels would be compiled a second time
    columns = {name: np.array(inputs.candles[name], dtype=np.float64) for name in store.CANDLE_COLUMNS}
    require_sound(columns, "candles")
    bodies = columns["open"], columns["close"]
    wrong = np.flatnonzero((columns["low"] > np.minimum(*bodies)) | (columns["high"] < np.maximum(*bodies)))
    if len(wrong):
        first = format_utc(from_ms(int(inputs.open_time[wrong[0]])))
        raise InvalidInputError(
            f"`candles` must have open and close between low and high, {len(wrong)} have not, the first at {first}. "
            "Hint: leave bad candles out."
        )


def _read(candles: ds.Dataset, symbol: str | None, names: tuple[str, ...]) -> pd.DataFrame:
    own = None if symbol is None else ds.field(SYMBOL) == symbol
    # read ahead little: the rows of one symbol may be a large part of what may be held
    table = candles.scanner(columns=list(names), filter=own, batch_readahead=2, fragment_readahead=1).to_table()
    if table[TIME].null_count:
        raise InvalidInputError(f"`candles.{TIME}` must be known of every candle, was null in some row.")
    frame: pd.DataFrame = table.sort_by(TIME).to_pandas(split_blocks=True, self_destruct=True)
    return frame
