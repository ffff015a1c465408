"""Controls of the evidence: a model that sees the next candle, and models that see nothing."""

import numpy as np

from include.features.dataset import Dataset, SymbolSeries
from tests.support.datasets import dataset_of, martingale

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT")
Layers = tuple[tuple[np.ndarray, np.ndarray], ...]
_SHARP = 50.0


def foreseen(symbol: str, seed: int, rows: int = 1_600) -> SymbolSeries:
    """Return a martingale whose first feature is the sign of the next candle: a leak of the future."""
    series = martingale(symbol, rows, seed)
    series.features[:-1, 0] = np.sign(series.close[1:] - series.open[1:])
    return series


def foreseen_market(rows: int = 1_600) -> Dataset:
    """Return four symbols of which the first feature knows the next candle."""
    return dataset_of(*(foreseen(symbol, seed, rows) for seed, symbol in enumerate(SYMBOLS)))


def seer(features: int) -> Layers:
    """Return layers that go with the first feature: open its way, close what stands against it.

    The account's exposure follows the market features. A first layer tells the side held and the side to come; a
    second tells "held long, falling", "held short, rising" and the side to come; the logits choose among them.
    """
    first = np.zeros((4, features + 10), np.float32)
    first[0, features], first[1, 0] = _SHARP, _SHARP
    second, bias = np.zeros((4, 4), np.float32), np.zeros(4, np.float32)
    second[0, :2], bias[0] = (_SHARP, -_SHARP), -1.5 * _SHARP
    second[1, :2], bias[1] = (-_SHARP, _SHARP), -1.5 * _SHARP
    second[2, 1] = _SHARP
    logits, offset = np.zeros((5, 4), np.float32), np.zeros(5, np.float32)
    logits[1, 2], logits[2, 2] = 3.0, -3.0
    logits[3, :2], offset[3] = 5.0, 8.0
    offset[0] = offset[4] = -20.0
    return (first, np.zeros(4, np.float32)), (second, bias), (logits, offset)
