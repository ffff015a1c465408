"""Layout of everything a batch keeps in memory: one record per row, per account, per episode.

The fields are those of the plain-Python classes that the kernels repeat, under the same names.
"""

from typing import Any

import numpy as np

from include.environments.phase4.observation import ROLLING_CANDLES

# numba hands a record to a kernel by reference; Python's type system knows no such thing
Record = Any


def layout(**fields: Any) -> np.dtype[np.void]:
    """Return an aligned record type of `fields`: name = type, or name = (type, shape)."""
    return np.dtype(
        [(name, *(kind if isinstance(kind, tuple) else (kind,))) for name, kind in fields.items()], align=True
    )


def _floats(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "f8")


# a row: `Candle` and the stress level
CANDLE = layout(
    open_time="i8",
    close_time="i8",
    **_floats("open", "high", "low", "close", "atr"),
    **_floats("funding_inner", "funding_at_close", "funding_assumed", "stress"),
)

# an unbroken run of rows: its first decision, its last row, starts up to and with it within its symbol
RUN = layout(first="i8", last="i8", cumulative="i8")
# the runs of a symbol, and how many starts they have in all
SYMBOL = layout(first_run="i8", stop_run="i8", starts="i8")

# `AccountConfig`, in the units of the formulas; an exit that a system does not have is infinitely far away
RULES = layout(
    needs_atr="?",
    **_floats("initial_balance", "floor", "fee", "slippage", "risk_per_trade", "max_leverage"),
    **_floats("stop_atr", "take_profit_atr", "maintenance_margin", "assumed_per_hour"),
)

# `Trade`; `reason` is an index into EXIT_REASONS
TRADE = layout(
    side="i8",
    entry_time="i8",
    exit_time="i8",
    reason="i8",
    **_floats("entry_price", "exit_price", "quantity", "pnl_usd", "fees_usd", "funding_usd", "slippage_usd", "net_usd"),
)

# `Account`; `trade` is the last closed one, `has_closed` says whether the last candle closed it
ACCOUNT = layout(
    **_floats("balance", "equity", "quantity", "entry_price", "entry_equity", "stop", "take_profit"),
    **_floats("booked_usd", "pnl_usd", "fees_usd", "funding_usd", "slippage_usd", "traded_usd"),
    **_floats("held_hours", "assumed_hours"),
    **_floats("opened_quantity", "exit_value", "trade_pnl", "trade_fees", "trade_funding", "trade_slippage"),
    entry_time="i8",
    candles_in_position="i8",
    is_refused="?",
    has_closed="?",
    trade=TRADE,
)

# `EquityTrack`
TRACK = layout(
    **_floats("equity", "peak", "drawdown", "max_drawdown", "sum", "squares"),
    count="i8",
    next="i8",
    returns=("f8", (ROLLING_CANDLES,)),
)

# which rows an episode plays, and how many starts its environment has drawn
EPISODE = layout(symbol="i8", start="i8", row="i8", end="i8", drawn="i8")

# what the statistics of an episode are made of; mean and squares are Welford's, of the equity returns
TALLY = layout(steps="i8", trades="i8", wins="i8", **_floats("profits", "losses", "mean", "squares"))

# the row of numbers that an ended episode leaves behind; sums of the reward components follow
STATISTICS = ("trades", "win_rate", "profit_factor", "sharpe", "max_drawdown", "costs", "funding", "steps")
SUMMARY = (*STATISTICS, "equity", "symbol", "start", "end")


def seat(components: int, **own: Any) -> np.dtype[np.void]:
    """Return the record of one environment with `components` reward components and fields of a system's `own`."""
    parts = {"episode": EPISODE, "account": ACCOUNT, "track": TRACK, "tally": TALLY}
    return layout(**parts, **own, components=("f8", (components,)))


def rules(reward: np.dtype[np.void]) -> np.dtype[np.void]:
    """Return the record of a system's settings: those of the account, the reward's, candles per year."""
    return layout(account=RULES, reward=reward, periods_per_year="f8")
