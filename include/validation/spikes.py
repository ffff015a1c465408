"""Candles that jump out of their series: told, never deleted, since crashes are real."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from include.core.checks import Severity
from include.validation.candle_series import CandleSeries
from include.validation.findings import Finding, SeriesCheck
from include.validation.limits import SPIKE_FEWEST, SPIKE_JUMP, SPIKE_LEAST_MOVE, SPIKE_REVERSAL, SPIKE_WINDOW

# standard deviations of a normal distribution per median absolute deviation: 1 / Φ⁻¹(3/4)
TO_DEVIATIONS = 1.482602218505602


def scores(candles: CandleSeries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each candle's return, and the part of it that the next one undoes, in usual moves.

    The usual move is 1.4826 times the median absolute deviation from zero of the log returns of the
    `limits.SPIKE_WINDOW` candles around it, those that did not move left out: neither a spike among them nor a market
    that often stands still moves it.

    Parameters
    ----------
    candles : CandleSeries
        At least two candles.

    Returns
    -------
    jump, reversal : float64 (n,)
        Neither negative; 0 for the first candle, whose return is not known, and for the last one's reversal.
    """
    moves = np.diff(np.log(candles.close), prepend=np.log(candles.close[0]))
    usual = np.maximum(TO_DEVIATIONS * _usual(moves), SPIKE_LEAST_MOVE)
    following = np.append(moves[1:], 0.0)
    undone = np.where(moves * following < 0, np.minimum(np.abs(moves), np.abs(following)), 0.0)
    return np.abs(moves) / usual, undone / usual


def _usual(moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median absolute move of the block that each move stands in, blocks laid from the end."""
    blocks = max(len(moves) // SPIKE_WINDOW, 1)
    head = len(moves) - (blocks - 1) * SPIKE_WINDOW
    first, rest = _median_move(moves[None, :head]), _median_move(moves[head:].reshape(blocks - 1, SPIKE_WINDOW))
    return np.concatenate([np.repeat(first, head), np.repeat(rest, SPIKE_WINDOW)])


def _median_move(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median size of each row's moves; closes that stay where they are do not count."""
    moved = np.where(blocks == 0, np.nan, np.abs(blocks))
    moved[np.isnan(moved).all(axis=1)] = 0.0
    return np.asarray(np.nanmedian(moved, axis=1))


def _spikes(series: Sequence[CandleSeries]) -> list[Finding]:
    return [finding for candles in series if len(candles.close) >= SPIKE_FEWEST for finding in _of_one(candles)]


def _of_one(candles: CandleSeries) -> list[Finding]:
    jump, reversal = scores(candles)
    comes_back = reversal > SPIKE_REVERSAL
    is_way_back = np.append(False, comes_back[:-1])
    is_spike = comes_back | ((jump > SPIKE_JUMP) & ~is_way_back)
    judged = np.flatnonzero(is_spike & (candles.open_time >= candles.since_ms))
    return [_told(candles, position, jump[position]) for position in judged.tolist()]


def _told(candles: CandleSeries, position: int, jump: float) -> Finding:
    before, after = candles.close[position - 1], candles.close[position]
    return Finding(
        candles.symbol, f"{candles.name} {candles.at(position)} {before:g} → {after:g} ({jump:.0f} usual moves)"
    )


SPIKES = SeriesCheck(
    "spikes",
    _spikes,
    "Closes jump",
    "No close jumps.",
    Severity.WARNING,
    f"{SPIKE_JUMP:g} usual moves, {SPIKE_REVERSAL:g} where it comes back",
)
