"""Conformance: with hindsight the kernels mark what the smartmoneyconcepts package marks, candle by candle.

The package lives in `.venv-bench` (`make .venv-bench/.installed`); without it these tests are skipped.
"""

import ast

import numpy as np
import pandas as pd
import pytest

from bench.peers import Peers, interpreter
from include.core.errors import MissingInputError
from include.core.paths import REPOSITORY
from include.features.kernels import hindsight
from tests.unit.features.samples import market, markets

LENGTHS = [5, 10, 50]
REACH = 0.01
PRICES = ["open", "high", "low", "close"]


@pytest.fixture(scope="module")
def peers():
    try:
        interpreter()
    except MissingInputError as error:
        pytest.skip(str(error))
    with Peers() as process:
        yield process


def candles_of(name):
    frame = market(name)
    # the package keeps levels in float32 and compares prices with them: such prices leave nothing to rounding
    return frame.assign(**{price: frame[price].astype(np.float32).astype(np.float64) for price in PRICES})


def ours(frame, length):
    open_, high, low, close, volume = (np.array(frame[name], dtype=np.float64) for name in (*PRICES, "volume"))
    rows, kinds = hindsight.swing_highs_lows(high, low, length)
    swings, levels = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    swings[rows], levels[rows] = kinds, hindsight.levels(high, low, rows, kinds)
    groups = {
        "swings": (("HighLow", "Level"), (swings, levels)),
        "fvg": (("FVG", "Top", "Bottom", "MitigatedIndex"), hindsight.fvg(open_, high, low, close)),
        "bos": (("BOS", "CHOCH", "Level", "BrokenIndex"), hindsight.bos_choch(high, low, close, rows, kinds)),
        "ob": (
            ("OB", "Top", "Bottom", "OBVolume", "MitigatedIndex", "Percentage"),
            hindsight.ob(high, low, close, volume, rows, kinds),
        ),
        "liquidity": (("Liquidity", "Level", "End", "Swept"), hindsight.liquidity(high, low, rows, kinds, REACH)),
    }
    return pd.DataFrame(
        {
            f"{group}_{name}": column
            for group, (names, columns) in groups.items()
            for name, column in zip(names, columns, strict=True)
        }
    )


@pytest.mark.parametrize("name", markets())
@pytest.mark.parametrize("length", LENGTHS)
def test_every_mark_is_the_packages(peers, tmp_path, name, length):
    frame = candles_of(name)
    peers.load(tmp_path, {name: frame})
    peers.ask("marks", name=name, length=length, file=str(tmp_path / "marks.parquet"))
    theirs = pd.read_parquet(tmp_path / "marks.parquet")
    # left behind by patterns that the package itself dropped
    theirs["bos_BrokenIndex"] = theirs["bos_BrokenIndex"].where(theirs["bos_Level"].notna())
    # a block in the first candle comes of nothing but the swing that the package puts there, broken by the second
    blocks = [column for column in theirs if column.startswith("ob_")]
    theirs.loc[0, blocks] = np.nan
    expected = ours(frame, length)
    assert list(theirs) == list(expected)
    for column in theirs:
        # levels, volumes and shares are float32 there, indices and marks are exact in it
        np.testing.assert_allclose(expected[column], theirs[column], rtol=1e-6, atol=0, err_msg=column)
        # of swings of 50 candles a market may have too few for a pool
        assert length > 5 or theirs[column].notna().sum() > 10, f"{column} marks next to nothing on {name}"


def test_swings_alternate_and_the_ends_are_marked_against_them():
    high = np.array([1.0, 1, 1, 1, 5, 1, 1, 1, 1, 1, 6, 1, 1, 1])
    rows, kinds = hindsight.swing_highs_lows(high, -np.arange(14.0), 2)
    # of two highs in a row the higher one stands; the first and last candle are lows to it
    assert (rows.tolist(), kinds.tolist()) == ([0, 10, 13], [-1, 1, -1])


def test_without_a_swing_nothing_is_marked():
    frame = pd.DataFrame(dict.fromkeys([*PRICES, "volume"], np.arange(30.0) + 1))
    marked = ours(frame, 5)
    assert marked.isna().all().all()


def test_a_kept_break_needs_a_close_beyond_the_level():
    # low 1, high 5, higher low 3, higher high 6: a BOS in the row of the 5 once a close stands above it
    rows, kinds = np.array([0, 2, 4, 6]), np.array([-1, 1, -1, 1], dtype=np.int8)
    high = np.array([2.0, 3, 5, 4, 4, 5, 6, 5])
    low = np.array([1.0, 2, 3, 3, 3, 3, 4, 4])
    for close, broken in (([2.0, 3, 4, 4, 4, 5, 5.5, 5], 6), ([2.0, 3, 4, 4, 4, 5, 5, 5], None)):
        bos, choch, level, index = hindsight.bos_choch(high, low, np.array(close), rows, kinds)
        assert np.isnan(choch).all()
        assert np.flatnonzero(~np.isnan(bos)).tolist() == ([2] if broken else [])
        if broken:
            assert (bos[2], level[2], index[2]) == (1, 5, broken)


def test_no_feature_uses_hindsight():
    sources = [file for file in (REPOSITORY / "include").rglob("*.py") if file.name != "hindsight.py"]
    assert len(sources) > 50
    for file in sources:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                named = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                assert not any("hindsight" in name for name in named), file
