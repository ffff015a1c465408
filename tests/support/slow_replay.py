"""The replay of a split in plain Python, one symbol after the other: slow, and easy to check by eye."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from include.config.system import SystemConfig
from include.core.timeframes import timeframe_ms
from include.environments.phase4.account import Account
from include.environments.phase4.observation import EquityTrack, account_features, stress_level
from include.environments.phase4.tape import Tape, tape_of
from include.environments.shadow.observation import portfolio_features
from include.features.dataset import Dataset, Split, SymbolSeries

HOLD = 0
Decide = Callable[[np.ndarray], int]


@dataclass
class Replayed:
    """One symbol's account, and what stood at each close."""

    account: Account
    equity: list[float] = field(default_factory=list)
    exposure: list[float] = field(default_factory=list)
    seen: list[np.ndarray] = field(default_factory=list)


def replayed(system: SystemConfig, dataset: Dataset, split: Split, decide: Decide) -> dict[str, Replayed]:
    """Return each symbol of `split` as an account lives through it whose decisions are `decide(observation)`."""
    return {
        symbol: _played(system, dataset.series[symbol], rows, decide) for symbol, rows in dataset.split(split).items()
    }


def _played(system: SystemConfig, history: SymbolSeries, rows: SymbolSeries, decide: Decide) -> Replayed:
    first = int(np.searchsorted(history.open_time, rows.open_time[0]))
    tape = tape_of(rows, stress_level(history)[first : first + len(rows)], timeframe_ms(system.timeframe))
    result = Replayed(Account(system.account))
    track = EquityTrack(result.account.equity)
    breaks = np.flatnonzero(np.diff(rows.segment)) + 1
    for run in np.split(np.arange(len(rows)), breaks):
        _run(system, tape, run.tolist(), result, track, decide)
    return result


def _run(
    system: SystemConfig, tape: Tape, run: list[int], result: Replayed, track: EquityTrack, decide: Decide
) -> None:
    account, action = result.account, HOLD
    # a run without a decision whose window is whole, and a row after it, is sat through
    opening = run[0] + system.lookback - 1 if len(run) > system.lookback else run[-1]
    for row in run:
        candle = tape.candles[row]
        if row > opening:
            account.play(action, tape.candles[row - 1].atr, candle)
            track.update(account.equity)
        if row == run[-1]:
            account.flatten(candle, "end")
        result.equity.append(account.equity)
        result.exposure.append(account.quantity * candle.close)
        action = HOLD
        if opening <= row < run[-1] and account.equity > 0.0:
            result.seen.append(_observed(system, tape, row, account, track))
            action = decide(result.seen[-1])


def _observed(system: SystemConfig, tape: Tape, row: int, account: Account, track: EquityTrack) -> np.ndarray:
    window = tape.features[row - system.lookback + 1 : row + 1].ravel()
    own = (
        portfolio_features(account, track.max_drawdown)
        if system.name == "shadow"
        else account_features(account, track, tape.candles[row].close, tape.stress[row])
    )
    return np.concatenate([window, np.array(own, np.float32)])
