"""The course of an episode: its start, one candle of it, and the tally of what happened."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.environments.kernels import account as accounts
from include.environments.kernels import track as tracks
from include.environments.kernels.account import RUINED
from include.environments.kernels.jit import kernel
from include.environments.kernels.records import Record
from include.environments.statistics import NO_RISK

Floats = NDArray[np.float64]


@kernel
def has_unknown(actions: Any, count: int) -> bool:
    """Return whether an action lies outside 0 … count − 1."""
    unknown = 0
    for action in actions:
        unknown += action < 0 or action >= count
    return unknown > 0


@kernel
def draw_all(seats: Any, draws: Floats, symbols: Any, runs: Any, length: int) -> None:
    """Choose the next start of every environment."""
    for i in range(len(seats)):
        draw(seats[i].episode, draws[i], symbols, runs, length)


@kernel
def draw(episode: Record, draws: Floats, symbols: Any, runs: Any, length: int) -> None:
    """Choose the next start from two numbers of [0, 1): a symbol, then a row of it, each equally likely.

    Parameters
    ----------
    episode : EPISODE
        Where the choice is written; `drawn` counts the starts used up.
    draws : float64 (m, 2)
        The environment's numbers, drawn ahead.
    symbols, runs : SYMBOL (s,), RUN (r,)
        Rows that can be played.
    length : int
        Steps of a whole episode.
    """
    first, second = draws[episode.drawn]
    episode.drawn += 1
    symbol = int(first * len(symbols))
    table = symbols[symbol]
    index = int(second * table.starts)
    low, high = table.first_run, table.stop_run - 1
    # the first run whose starts go beyond `index`
    while low < high:
        middle = (low + high) // 2
        if runs[middle].cumulative > index:
            high = middle
        else:
            low = middle + 1
    before = runs[low - 1].cumulative if low > table.first_run else 0
    episode.symbol = symbol
    episode.start = runs[low].first + index - before
    episode.row = episode.start
    episode.end = min(episode.start + length, runs[low].last)


@kernel
def begin(seat: Record, rules: Record) -> None:
    """Give a seat a fresh account with an empty record."""
    accounts.begin(seat.account, rules)
    tracks.begin(seat.track, rules.initial_balance)
    tally = seat.tally
    tally.steps = 0
    tally.trades = 0
    tally.wins = 0
    tally.profits = 0.0
    tally.losses = 0.0
    tally.mean = 0.0
    tally.squares = 0.0
    for i in range(len(seat.components)):
        seat.components[i] = 0.0


@kernel
def advance(seat: Record, rules: Record, action: int, candles: Record) -> bool:
    """Fill `action` at the next row and live through it; return whether that ruined the account."""
    account, episode = seat.account, seat.episode
    candle = candles[episode.row + 1]
    accounts.play(account, rules, action, candles[episode.row].atr, candle)
    episode.row += 1
    is_ruined: bool = account.equity <= rules.floor
    if is_ruined:
        accounts.flatten(account, rules, candle, RUINED)
    change = tracks.update(seat.track, account.equity)
    _count(seat.tally, account, change)
    return is_ruined


@kernel
def _count(tally: Record, account: Record, change: float) -> None:
    tally.steps += 1
    # Welford, "Note on a method for calculating corrected sums of squares and products", 1962
    difference = change - tally.mean
    tally.mean += difference / tally.steps
    tally.squares += difference * (change - tally.mean)
    if account.has_closed:
        net = account.trade.net_usd
        tally.trades += 1
        if net > 0.0:
            tally.wins += 1
            tally.profits += net
        else:
            tally.losses -= net


@kernel
def summarise(seat: Record, periods_per_year: float, summary: Floats) -> None:
    """Write the `SUMMARY` of the episode that ends now, and the sums of its reward components; NaN is undefined."""
    account, tally, episode = seat.account, seat.tally, seat.episode
    summary[0] = tally.trades
    summary[1] = tally.wins / tally.trades if tally.trades > 0 else math.nan
    summary[2] = tally.profits / tally.losses if tally.losses > 0.0 else math.nan
    summary[3] = _sharpe(tally, periods_per_year)
    summary[4] = seat.track.max_drawdown
    summary[5] = account.fees_usd + account.slippage_usd
    summary[6] = account.funding_usd
    summary[7] = tally.steps
    summary[8] = account.equity
    summary[9] = episode.symbol
    summary[10] = episode.start
    summary[11] = episode.row
    for i in range(len(seat.components)):
        summary[12 + i] = seat.components[i]


@kernel
def _sharpe(tally: Record, periods_per_year: float) -> float:
    if tally.steps < 2:
        return math.nan
    deviation = math.sqrt(tally.squares / (tally.steps - 1))
    return tally.mean / deviation * math.sqrt(periods_per_year) if deviation > NO_RISK else math.nan
