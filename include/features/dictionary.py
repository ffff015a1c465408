"""The data dictionary: `docs/data-dictionary.md`, rendered from the definitions in the code.

Nothing is described here that has a definition elsewhere; a test holds the file equal to `render()`.
"""

from math import isinf
from pathlib import Path

from include.core.columns import TABLES, Table
from include.core.files import write_text
from include.core.paths import REPOSITORY
from include.features.registry import FEATURE_SETS
from include.features.spec import CANDLE_CLOSE, FeatureSet, FeatureSpec

TARGET = REPOSITORY / "docs" / "data-dictionary.md"

_COLUMNS = ("feature", "inputs", "warm-up", "range", "formula", "known at", "source", "TA-Lib")

_INTRO = """# Data dictionary

Rendered from `include/core/columns.py` and `include/features/` by `python -m include.features.dictionary`; edit those.

All times are UTC. Fractions, never percent; TA-Lib's indices keep TA-Lib's 0 … 100.
"""

_FEATURES = """## Features

Names are `f_<family>_<name>_<lookback>`. Computed in float64 and stored as float32, one symbol at a time, from its
first stored candle. The value of a candle is known at its close (`open_time + timeframe`) and uses nothing known
later: computed from a series that ends there it is the same bits. The number that ends a name is the formula's period,
in candles unless a unit stands before it.

- **Warm-up**: a feature has no value in that many candles at the start of a contiguous run. A missing candle starts
  every feature anew. Nothing is filled.
- **Degenerate windows** have a stated value, the middle of what the feature can say (a position of 0.5, an oscillator
  of 50, a z-score of 0), never the edge of its range, which would claim something about the market.
- **Numerics**: window sums, means and deviations are put together from suffixes and prefixes of blocks, never by
  subtracting what left the window: no drift, no cancellation, and nothing of an outlier stays behind.
- **TA-Lib**: "equal" means within a relative 1e-6 of TA-Lib on the same contiguous candles, its seeding of EMA, RSI,
  ATR and ADX included. Exceptions stand in the column.
- **Other sources** reach a candle through the as-of join on `known_at` alone: the newest value known at its close, up
  to the maximum age that stands in the column. Days of FRED series are business days; a revised value counts from when
  it was known. Reference candles must close with the symbol's own: they are not carried on.
- **Absent sources**: a feature whose source is missing has no value. Below 95 % coverage of the training candles, or
  constant over them, it is *inactive* in that dataset: constant 0, listed with its reason in `dataset_info.json`.

Features of candles of your own, one symbol at a time:

```python
import pandas as pd

from include.features.inputs import FeatureInputs
from include.features.matrix import compute
from include.features.registry import feature_set

candles = pd.read_parquet("klines_4h.parquet")  # open_time, open, high, low, close, volume, symbol
bitcoin = candles[candles["symbol"] == "BTCUSDT"].sort_values("open_time")
features = compute(FeatureInputs(bitcoin, "4h"), feature_set("market94"))  # index open_time, one column per feature
```

`FeatureInputs` takes funding, sentiment, macro and reference candles too; a source that is left out has no value.
"""

_DATASET = """## Frozen datasets

`datasets/<id>/`: one Parquet file per symbol and `dataset_info.json`. A file has one row per candle with every active
feature, in order of `open_time`:

| column | type | meaning |
|---|---|---|
| `open_time` | timestamp[ms, UTC] | start of the candle |
| `open` `high` `low` `close` | float64 | prices, quote per base |
| `volume` | float64 | traded amount, base |
| `atr` | float64 | Wilder's average true range (TA-Lib ATR) over the system's lookback, quote per base |
| `funding_inner` | float64 | sum of the funding rates settled strictly inside the candle; positive: longs pay |
| `funding_at_close` | float64 | funding rate settled at the candle's close, 0 when none is known |
| `funding_assumed` | float64 | hours of the candle that no known settlement covers; each covers the 8 hours before it |
| `segment` | int32 | grows by one wherever candles are missing; episodes and backtests do not cross that |
| `f_…` | float32 | features, in the set's order |
"""


def render() -> str:
    """Return the data dictionary as Markdown."""
    tables = "\n".join(_table(table) for table in TABLES.values())
    sets = "\n".join(_feature_set(feature_set) for feature_set in FEATURE_SETS.values())
    return f"{_INTRO}\n## Lake tables\n\n{tables}\n{_FEATURES}\n{sets}\n{_DATASET}"


def write(target: Path = TARGET) -> None:
    """Write the data dictionary to `target`."""
    write_text(target, render())


def _table(table: Table) -> str:
    rows = [
        f"| `{c.name}` | {c.type} | {c.unit} | {'yes' if c.nullable else ''} | {c.rule} | {c.description} |"
        for c in table.columns
    ]
    head = ["| column | type | unit | may be null | values | meaning |", "|---|---|---|---|---|---|"]
    told = f"{table.description} Key: {', '.join(table.key)}. Event time: {table.time_column}.{_row_rules(table)}\n"
    return "\n".join([f"### `{table.name}`\n", told, *head, *rows, ""])


def _row_rules(table: Table) -> str:
    ordered = ", ".join(f"{above} ≥ {below}" for above, below in table.at_least)
    return f" In every row {ordered}." if ordered else ""


def _feature_set(feature_set: FeatureSet) -> str:
    lines = [
        f"### `{feature_set.name}`\n",
        f"{len(feature_set.specs)} features, warm-up {feature_set.warmup} candles.\n",
    ]
    for family in feature_set.families:
        lines += [f"#### {family.name.replace('_', ' ').capitalize()} ({len(family.specs)})\n"]
        lines += ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
        lines += [*map(_feature, family.specs), ""]
    return "\n".join(lines)


def _feature(spec: FeatureSpec) -> str:
    inputs = " ".join(name.removeprefix("candles.") for name in spec.inputs)
    formula = spec.formula.replace("|", "\\|")
    known = "the close" if spec.known_at == CANDLE_CLOSE else spec.known_at
    cells = (f"`{spec.name}`", inputs, spec.warmup, _range(spec), formula, known, spec.source, spec.talib)
    return "| " + " | ".join(map(str, cells)) + " |"


def _range(spec: FeatureSpec) -> str:
    low, high = (("−∞", "∞")[limit > 0] if isinf(limit) else f"{limit:g}" for limit in spec.range)
    return f"{low} … {high}".replace("-", "−")


if __name__ == "__main__":
    write()
