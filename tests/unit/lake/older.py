"""Tables as version 0.1.0 wrote them: candles and funding without a venue, macro without vintages in its key."""

from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from include.core.columns import CANDLES, INSTANT

OLD_CANDLES = CANDLES.schema.remove(0)
OLD_MACRO = pa.schema(
    [
        pa.field("series", pa.string(), nullable=False),
        pa.field("date", INSTANT, nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("vintage", INSTANT),
        pa.field("known_at", INSTANT, nullable=False),
    ]
)


def write_old(location: Path, table: str, rows: pa.Table) -> None:
    """Write `rows` as the older version did."""
    write_deltalake(location / table, rows, mode="append")
