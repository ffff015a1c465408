"""Numbers as exchanges print them."""

from decimal import Decimal

import numpy as np

from include.sandbox.market_data import Floats

MAX_DECIMALS = 8


def number_text(value: float) -> str:
    """Return the shortest decimal text that reads back as `value`, never with an exponent."""
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def number_texts(values: Floats) -> list[str | None]:
    """Return `number_text` of each value, None where it is not known."""
    return [None if value != value else number_text(value) for value in values.tolist()]


def decimals_of(values: Floats) -> int:
    """Return how many decimals the shortest exact spelling of `values` needs, at most eight."""
    finite = values[np.isfinite(values)]
    for decimals in range(MAX_DECIMALS):
        if np.array_equal(np.round(finite, decimals), finite):
            return decimals
    return MAX_DECIMALS


def unit_text(decimals: int) -> str:
    """Return one unit of the last of `decimals`, such as 0.01: a tick, or a step."""
    return f"{10.0**-decimals:.{decimals}f}"
