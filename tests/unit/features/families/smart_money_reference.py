"""The smart-money features of one candle in plain Python, each straight from its definition over all candles so far.

Slow on purpose: nothing is carried from candle to candle, every question is asked of the whole past again.
"""

from dataclasses import dataclass

import pandas as pd

SWING, RECENCY, GAP_MEMORY, ZONE_MEMORY, CAP, REACH = 5, 42, 180, 360, 20.0, 0.5


@dataclass
class Past:
    """Candles up to the one asked about, as lists; a mirrored past shows the bear's market."""

    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]

    @classmethod
    def until(cls, frame: pd.DataFrame, row: int) -> "Past":
        return cls(*(frame[name].iloc[: row + 1].tolist() for name in ("open", "high", "low", "close")))

    def mirrored(self) -> "Past":
        return Past(*([-price for price in prices] for prices in (self.open, self.low, self.high, self.close)))


def reference(frame: pd.DataFrame, row: int) -> dict[str, float]:
    """Return the sixteen features of candle `row`, by name without the prefix."""
    bull = Past.until(frame, row)
    bear = bull.mirrored()
    atr = average_true_range(bull)
    swings = known_swings(bull)
    highs = [at for at, kind in swings if kind == "high"]
    lows = [at for at, kind in swings if kind == "low"]
    events = sorted([(at, "bull", swing) for at, swing in breaks(bull, highs)] +
                    [(at, "bear", swing) for at, swing in breaks(bear, lows)])  # fmt: skip
    out = structure(events, row)
    for name, past in (("bull", bull), ("bear", bear)):
        blocks = order_blocks(past, [(at, swing) for at, side, swing in events if side == name])
        gaps = fair_value_gaps(past)
        out[f"block_distance_{name}_360"] = distance(past.close[-1], blocks, atr)
        out[f"blocks_{name}_360"] = len(blocks)
        out[f"gap_distance_{name}_180"] = distance(past.close[-1], gaps, atr)
        out[f"gaps_{name}_180"] = len(gaps)
    units = [average_true_range(Past.until(frame, at + SWING)) if at + SWING <= row else None for at in range(row + 1)]
    above, below = pools(bull, highs, units), pools(bear, lows, units)
    out["pool_above_360"] = distance(-bull.close[-1], [-level for level in above], atr)
    out["pool_below_360"] = distance(bull.close[-1], [-level for level in below], atr)
    top = max(bull.high[highs[-1] :])
    bottom = min(bull.low[lows[-1] :])
    out["premium_5"] = (bull.close[-1] - bottom) / (top - bottom)
    return out


def average_true_range(past: Past) -> float:
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(past.high[1:], past.low[1:], past.close, strict=False)
    ]
    value = sum(ranges[:14]) / 14
    for true_range in ranges[14:]:
        value = (13 * value + true_range) / 14
    return value


def known_swings(past: Past) -> list[tuple[int, str]]:
    swings: list[tuple[int, str]] = []
    for at in range(2 * SWING - 1, len(past.close) - SWING):
        around = slice(at - SWING + 1, at + SWING + 1)
        if past.high[at] == max(past.high[around]):
            swing = (at, "high")
            replaces = past.high[at] > past.high[swings[-1][0]] if swings else True
        elif past.low[at] == min(past.low[around]):
            swing = (at, "low")
            replaces = past.low[at] < past.low[swings[-1][0]] if swings else True
        else:
            continue
        if not swings or swings[-1][1] != swing[1] or replaces:
            swings.append(swing)
    return swings


def breaks(past: Past, highs: list[int]) -> list[tuple[int, int]]:
    found = []
    for place, swing in enumerate(highs):
        known = swing + SWING
        superseded = highs[place + 1] + SWING if place + 1 < len(highs) else len(past.close)
        beyond = [at for at in range(known, superseded) if past.close[at] > past.high[swing]]
        found += [(beyond[0], swing)] if beyond else []
    return found


def structure(events: list[tuple[int, str, int]], row: int) -> dict[str, float]:
    trend = None
    newest: dict[str, int] = {}
    for at, side, _ in events:
        kind = "choch" if trend not in (None, side) else "bos"
        newest[f"{kind}_{side}"] = at
        trend = side
    out: dict[str, float] = {"trend_5": {"bull": 1, "bear": -1, None: 0}[trend]}
    for name in ("bos_bull", "bos_bear", "choch_bull", "choch_bear"):
        out[f"{name}_42"] = RECENCY / (RECENCY + row - newest[name]) if name in newest else 0.0
    return out


def order_blocks(past: Past, events: list[tuple[int, int]]) -> list[float]:
    """Return the upper edges of the open ones."""
    known: dict[int, int] = {}
    for at, swing in events:
        deepest = min(past.low[swing + 1 : at])
        block = max(k for k in range(swing + 1, at) if past.low[k] == deepest)
        known.setdefault(block, at)
    row = len(past.close) - 1
    return [
        past.high[block]
        for block, at in known.items()
        if row - at < ZONE_MEMORY and all(low >= past.low[block] for low in past.low[at + 1 :])
    ]


def fair_value_gaps(past: Past) -> list[float]:
    """Return the upper edges of the open ones."""
    row = len(past.close) - 1
    return [
        past.low[at]
        for at in range(max(2, row - GAP_MEMORY + 1), row + 1)
        if past.close[at - 1] > past.open[at - 1]
        and past.high[at - 2] < past.low[at]
        and all(low > past.low[at] for low in past.low[at + 1 :])
    ]


def pools(past: Past, highs: list[int], units: list[float | None]) -> list[float]:
    """Return the levels of the open ones."""
    groups: list[list[int]] = []
    for swing in highs:
        for group in groups:
            first = group[0]
            base, reach = past.high[first], REACH * units[first]
            young = swing - group[-1] < ZONE_MEMORY
            swept = any(high >= base + reach for high in past.high[first + 1 : swing + SWING + 1])
            if young and not swept and base - reach <= past.high[swing] <= base + reach:
                group.append(swing)
                break
        else:
            groups.append([swing])
    row = len(past.close) - 1
    return [
        sum(past.high[swing] for swing in group) / len(group)
        for group in groups
        if len(group) > 1
        and row - group[-1] - SWING < ZONE_MEMORY
        and all(high < past.high[group[0]] + REACH * units[group[0]] for high in past.high[group[0] + 1 :])
    ]


def distance(close: float, edges: list[float], atr: float) -> float:
    return min([CAP, *(max(close - edge, 0.0) / atr for edge in edges)])
