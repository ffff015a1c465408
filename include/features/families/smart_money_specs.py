"""Declarations of the sixteen smart-money features; `smart_money.py` computes them."""

from functools import partial

from include.features.spec import FeatureSpec, candle_feature

NAME = "smart_money"
SWING = 5
RECENCY = 42
GAP_MEMORY = 180
ZONE_MEMORY = 360
CAP = 20.0
POOL_TOLERANCE = 0.5

# the first swing is known 3·SWING − 1 candles in; from there on a zone's whole memory has been seen
_WARMUP = 3 * SWING - 1 + ZONE_MEMORY - 1
# the first gap is known two candles in
_GAP_WARMUP = 2 + GAP_MEMORY - 1

_feature = partial(candle_feature, NAME)
_HLC = "high low close"
_OHLC = "open high low close"
# the side's far extreme, the one that ends its zones, and its candles
_SIDES = {"bull": ("high", "low", "rising"), "bear": ("low", "high", "falling")}
_PACKAGE = "smartmoneyconcepts, emitted when known"
_CAP = f"at most {CAP:g}, which also stands for none; 0 inside it"


def _structure() -> list[FeatureSpec]:
    trend = _feature(
        f"trend_{SWING}",
        _HLC,
        _WARMUP,
        f"direction of the last break: 1 after a close above the newest swing high, −1 after one below the newest "
        f"swing low, 0 before the first; a swing is the highest (lowest) of {2 * SWING} candles, {SWING} of them after "
        f"it, and known {SWING} candles late",
        range=(-1.0, 1.0),
        source="market structure; swings as in smartmoneyconcepts",
    )
    kinds = {
        "bos": "break of structure (a break along the trend)",
        "choch": "change of character (a break against the trend)",
    }
    recencies = [
        _feature(
            f"{kind}_{side}_{RECENCY}",
            _HLC,
            _WARMUP,
            f"{RECENCY} / ({RECENCY} + candles since the last {side}ish {meaning}); 0 before the first",
            range=(0.0, 1.0),
            source="market structure; swings as in smartmoneyconcepts",
        )
        for kind, meaning in kinds.items()
        for side in _SIDES
    ]
    return [trend, *recencies]


def _blocks() -> list[FeatureSpec]:
    distances = [
        _feature(
            f"block_distance_{side}_{ZONE_MEMORY}",
            _HLC,
            _WARMUP,
            f"distance of the close from the nearest open {side}ish order block, in ATR 14; {_CAP}. The block is the "
            f"candle with the {extreme}est {extreme} between a swing and the close that breaks it, known then, "
            f"and open until a {extreme} beyond its own, for {ZONE_MEMORY} candles",
            range=(0.0, CAP),
            source=_PACKAGE,
        )
        for side, (_, extreme, _) in _SIDES.items()
    ]
    counts = [
        _feature(
            f"blocks_{side}_{ZONE_MEMORY}",
            _HLC,
            _WARMUP,
            f"number of open {side}ish order blocks",
            range=(0.0, float(ZONE_MEMORY)),
            source=_PACKAGE,
        )
        for side in _SIDES
    ]
    return [*distances, *counts]


def _gaps() -> list[FeatureSpec]:
    distances = [
        _feature(
            f"gap_distance_{side}_{GAP_MEMORY}",
            _OHLC,
            _GAP_WARMUP,
            f"distance of the close from the nearest open {side}ish fair value gap, in ATR 14; {_CAP}. The gap lies "
            f"between the {beyond} before and the {extreme} after a {way} candle, is known one candle later, and "
            f"open until a {extreme} touches it, for {GAP_MEMORY} candles",
            range=(0.0, CAP),
            source=_PACKAGE,
        )
        for side, (beyond, extreme, way) in _SIDES.items()
    ]
    counts = [
        _feature(
            f"gaps_{side}_{GAP_MEMORY}",
            _OHLC,
            _GAP_WARMUP,
            f"number of open {side}ish fair value gaps",
            range=(0.0, float(GAP_MEMORY)),
            source=_PACKAGE,
        )
        for side in _SIDES
    ]
    return [*distances, *counts]


def _liquidity() -> list[FeatureSpec]:
    return [
        _feature(
            f"pool_{place}_{ZONE_MEMORY}",
            _HLC,
            _WARMUP,
            f"distance of the close from the nearest liquidity pool {place}, in ATR 14; {_CAP}. A pool is two or "
            f"more swing {kind}s within {POOL_TOLERANCE:g} ATR 14 of the first of them, at their mean, until a {kind} "
            f"reaches the far end of that band, for {ZONE_MEMORY} candles after its newest swing",
            range=(0.0, CAP),
            source=f"{_PACKAGE}; the band in ATR, there in shares of the whole series",
        )
        for place, kind in (("above", "high"), ("below", "low"))
    ]


def _range() -> FeatureSpec:
    return _feature(
        f"premium_{SWING}",
        _HLC,
        _WARMUP,
        "(close − bottom) / (top − bottom) of the dealing range: newest swing low to newest swing high, each moved on "
        "by later candles beyond it; above 0.5 premium, below discount; 0.5 when it has no height",
        range=(0.0, 1.0),
        source="dealing range; swings as in smartmoneyconcepts",
    )


SPECS = (*_structure(), *_blocks(), *_gaps(), *_liquidity(), _range())
