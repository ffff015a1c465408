"""The market in another order: everything of a candle is kept but its place, and agents find nothing in it."""

from pathlib import Path

import numpy as np
import pytest

from bench.shuffled_training import control, shuffled, shuffled_market
from include.config.settings import ENV_FILE, load_settings
from tests.support.datasets import dataset_of, martingale

SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")


def moves(closes: np.ndarray) -> np.ndarray:
    return np.diff(np.log(closes))


def test_moves_are_the_same_in_another_order_and_candles_are_sound() -> None:
    series = martingale(SYMBOLS[0], 500, 1)
    candles = shuffled(series, np.random.default_rng(3).permutation(499))
    np.testing.assert_allclose(np.sort(moves(candles["close"])), np.sort(moves(series.close)), atol=1e-12)
    assert not np.allclose(moves(candles["close"]), moves(series.close))
    assert candles["close"][-1] == pytest.approx(series.close[-1])
    assert (candles["high"] >= np.maximum(candles["open"], candles["close"]) * (1 - 1e-12)).all()
    assert (candles["low"] <= np.minimum(candles["open"], candles["close"]) * (1 + 1e-12)).all()
    untouched = shuffled(series, np.arange(499))
    for name, values in untouched.items():
        np.testing.assert_allclose(values, getattr(series, name))


def test_all_symbols_get_one_order_and_late_ones_are_left_out() -> None:
    late = martingale(SYMBOLS[2], 800, 3).rows(500, 800)
    dataset = dataset_of(martingale(SYMBOLS[0], 800, 1), martingale(SYMBOLS[1], 800, 1), late)
    market = shuffled_market(dataset, 600, seed=5)
    assert set(market["symbol"].to_pylist()) == set(SYMBOLS[:2])
    closes = market["close"].to_numpy().reshape(2, 600)
    np.testing.assert_array_equal(closes[0], closes[1])  # twins stay twins


@pytest.mark.slow
def test_agents_trained_on_it_have_no_sufficient_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV_FILE, "")
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path))
    monkeypatch.setenv("PERPETUA_MLFLOW_URL", "off")
    source = dataset_of(*(martingale(symbol, 3_000, seed) for seed, symbol in enumerate(SYMBOLS)))
    found = control(load_settings(), source, seeds=2, steps=20_480, candles=2_600)
    verdicts = found["verdicts"]
    assert isinstance(verdicts, dict)
    assert sum(count for verdict, count in verdicts.items() if verdict.endswith("insufficient")) == 2
