"""What a feature, a family and a feature set are.

The list of sets is in `registry.py`, the formulas are in `families/`.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from include.core.errors import InvalidInputError
from include.features.inputs import FeatureInputs, Segment

Columns = dict[str, NDArray[np.float64]]
CANDLE_CLOSE = "open_time + timeframe"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """One feature.

    Attributes
    ----------
    family, short_name, lookback
        Make up `name`; lookback is the formula's period in candles, or in the unit that ends the short name.
    inputs : tuple of str
        Lake columns, such as ``candles.close``.
    warmup : int
        Rows without a value at the start of a contiguous run of candles, never more, never fewer.
    range : (float, float)
        Closed interval of possible values, infinite where unbounded.
    formula : str
        Definition, with the value of degenerate windows.
    source : str
        Where the formula comes from.
    talib : str
        How the feature follows from TA-Lib's function, or why it does not.
    known_at : str
        First instant at which the value may be used.
    """

    family: str
    short_name: str
    lookback: int
    inputs: tuple[str, ...]
    warmup: int
    range: tuple[float, float] = (-inf, inf)
    formula: str
    source: str
    talib: str
    known_at: str = CANDLE_CLOSE

    @property
    def name(self) -> str:
        """Column name, `f_<family>_<name>_<lookback>`."""
        return f"f_{self.family}_{self.short_name}_{self.lookback}"

    @property
    def identity(self) -> str:
        """Everything that decides the feature's values, as one line of JSON."""
        return json.dumps(
            [self.name, self.inputs, self.warmup, [str(limit) for limit in self.range], self.formula, self.known_at]
        )


@dataclass(frozen=True)
class Family:
    """Features that are computed together.

    Attributes
    ----------
    name : str
        Second part of the column names.
    specs : tuple of FeatureSpec
        In column order.
    compute : callable
        Gets one contiguous run of candles and the other sources; returns one float64 array (rows,) per spec name.
    """

    name: str
    specs: tuple[FeatureSpec, ...]
    compute: Callable[[Segment, FeatureInputs], Columns]


@dataclass(frozen=True)
class FeatureSet:
    """A named, ordered set of families."""

    name: str
    families: tuple[Family, ...]

    @cached_property
    def specs(self) -> tuple[FeatureSpec, ...]:
        """Features in column order."""
        return tuple(spec for family in self.families for spec in family.specs)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(spec.name for spec in self.specs)

    @cached_property
    def warmup(self) -> int:
        """Rows at the start of a contiguous run in which some feature has no value."""
        return max(spec.warmup for spec in self.specs)

    @cached_property
    def sha256(self) -> str:
        """Identity of the set: changes with any name, order, input, warm-up, range or formula."""
        return hashlib.sha256("\n".join(spec.identity for spec in self.specs).encode()).hexdigest()

    def spec(self, name: str) -> FeatureSpec:
        """Return the feature called `name`."""
        for spec in self.specs:
            if spec.name == name:
                return spec
        raise InvalidInputError(f"`name` must be a feature of {self.name}, was {name!r}.")


def candle_feature(
    family: str,
    key: str,
    inputs: str,
    warmup: int,
    formula: str,
    *,
    range: tuple[float, float] = (-inf, inf),  # noqa: A002  # the attribute's name
    source: str = "definition",
    talib: str = "no TA-Lib function",
) -> FeatureSpec:
    """Return a feature of candles alone, known at the candle's close.

    Parameters
    ----------
    family : str
        Name of its family.
    key : str
        `<name>_<lookback>`.
    inputs : str
        Candle columns, separated by blanks.
    warmup, formula, range, source, talib
        As in `FeatureSpec`.
    """
    short_name, _, lookback = key.rpartition("_")
    return FeatureSpec(
        family=family,
        short_name=short_name,
        lookback=int(lookback),
        inputs=tuple(f"candles.{column}" for column in inputs.split()),
        warmup=warmup,
        range=range,
        formula=formula,
        source=source,
        talib=talib,
    )


def sourced_feature(
    family: str,
    key: str,
    inputs: str,
    formula: str,
    *,
    known_at: str,
    warmup: int = 0,
    range: tuple[float, float] = (-inf, inf),  # noqa: A002  # the attribute's name
    source: str = "definition",
) -> FeatureSpec:
    """Return a feature of other sources than the symbol's own candles, joined as of the candle's close.

    Parameters
    ----------
    family : str
        Name of its family.
    key : str
        `<name>_<lookback>`.
    inputs : str
        Lake columns such as ``macro.DGS10``, separated by blanks.
    formula, warmup, range, source
        As in `FeatureSpec`; the warm-up counts the symbol's own candles.
    known_at : str
        When the newest value is known, and how old it may be.
    """
    short_name, _, lookback = key.rpartition("_")
    return FeatureSpec(
        family=family,
        short_name=short_name,
        lookback=int(lookback),
        inputs=tuple(inputs.split()),
        warmup=warmup,
        range=range,
        formula=formula,
        source=source,
        talib="no TA-Lib function",
        known_at=known_at,
    )
