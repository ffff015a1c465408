"""Portfolios played one window after another as one: what each window left is what the next one began with."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from include.core.errors import InvalidInputError
from include.core.files import atomic_path
from include.evaluation.replays import Replays

_SCALED = ("profits_usd", "traded_usd", "fees_usd", "slippage_usd", "funding_usd")
_COUNT = "symbol_count"


def chained(parts: Sequence[Replays]) -> Replays:
    """Return portfolios that were played on one window after the other as one portfolio.

    Amounts of a later window are scaled from what it began with to the equity that the earlier ones left; its accounts
    begin equal again. The start of a window is the end of the one before, so n windows of T candles have n·(T − 1) + 1.

    Parameters
    ----------
    parts : sequence of Replays
        One portfolio each, of the same symbols, in order of time.

    Returns
    -------
    Replays
        One portfolio.

    Raises
    ------
    InvalidInputError
        No part, or parts of several portfolios or of different symbols.
    """
    if not parts or any(len(part) != 1 or part.symbol_count != parts[0].symbol_count for part in parts):
        shown = [(len(part), part.symbol_count) for part in parts]
        raise InvalidInputError(f"`parts` must be one portfolio each of the same symbols, was {shown}.")
    equity, gross, nets = [parts[0].equity[:, :1]], [parts[0].gross_usd[:, :1]], []
    totals = dict.fromkeys(_SCALED, 0.0)
    left = float(parts[0].equity[0, 0])
    for part in parts:
        # windows of more symbols have more accounts, so they begin with other sums
        factor = left / float(part.equity[0, 0])
        equity.append(part.equity[:, 1:] * factor)
        gross.append(part.gross_usd[:, 1:] * factor)
        nets.append(part.nets * factor)
        for name in _SCALED:
            totals[name] += float(getattr(part, name)[0]) * factor
        left = float(part.equity[0, -1]) * factor
    traders = np.concatenate([part.traders for part in parts])
    exits = np.concatenate([part.exit_times for part in parts])
    # by symbol and order of exit, as one portfolio has them
    order = np.lexsort((exits, traders))
    return Replays(
        equity=np.concatenate(equity, axis=1),
        gross_usd=np.concatenate(gross, axis=1),
        nets=np.concatenate(nets)[order],
        traders=traders[order],
        exit_times=exits[order],
        first_trades=np.array([0, len(order)], np.int64),
        held_hours=np.sum([part.held_hours for part in parts], axis=0),
        assumed_hours=np.sum([part.assumed_hours for part in parts], axis=0),
        symbol_count=parts[0].symbol_count,
        **{name: np.array([total]) for name, total in totals.items()},
    )


def among(part: Replays, places: Sequence[int], symbol_count: int) -> Replays:
    """Return a portfolio of some symbols as one of more symbols, of which the others were never traded.

    Parameters
    ----------
    part : Replays
        One portfolio.
    places : sequence of int
        Where each of its symbols stands among all of them.
    symbol_count : int
        All of them.
    """
    traders = np.array(places, np.int16)[part.traders]
    order = np.lexsort((part.exit_times, traders))
    return replace(
        part,
        nets=part.nets[order],
        traders=traders[order],
        exit_times=part.exit_times[order],
        symbol_count=symbol_count,
    )


def write_replays(target: Path, parts: Sequence[Replays]) -> None:
    """Write `parts` to the npz file `target`, atomically."""
    arrays = {
        f"{place}.{entry.name}": getattr(part, entry.name) for place, part in enumerate(parts) for entry in fields(part)
    }
    with atomic_path(target) as temporary:
        np.savez(temporary, **arrays)


def read_replays(source: Path) -> tuple[Replays, ...]:
    """Return what `write_replays` wrote."""
    with np.load(source, allow_pickle=False) as arrays:
        count = len({name.partition(".")[0] for name in arrays.files})
        names = [entry.name for entry in fields(Replays)]
        parts = [{name: arrays[f"{place}.{name}"] for name in names} for place in range(count)]
    return tuple(Replays(**part | {_COUNT: int(part[_COUNT])}) for part in parts)
