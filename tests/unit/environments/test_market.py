from dataclasses import replace

import numpy as np

from include.config.system import load_system
from include.environments.market import market_of
from include.environments.phase4.observation import stress_level
from include.environments.phase4.tape import OBSERVATION_BOUND
from tests.support.datasets import STEP_MS, dataset_of, martingale
from tests.support.minutes import rough

A, B = "A/USDT:USDT", "B/USDT:USDT"
PHASE4 = load_system("phase4")


def test_the_rows_of_a_split_stand_symbol_after_symbol():
    data = dataset_of(rough(A, 1_500, seed=1), rough(B, 1_500, seed=2))
    market = market_of(PHASE4, data, "validation", [B, A], 20)

    first, second = (data.split("validation")[name] for name in (B, A))
    assert market.names == (B, A)
    assert market.first_rows == (0, len(first))
    for name in ("open_time", "open", "high", "low", "close", "atr", "funding_inner", "funding_at_close"):
        expected = np.concatenate([getattr(first, name), getattr(second, name)])
        assert (market.candles[name] == expected).all()
    assert (market.candles["close_time"] - market.candles["open_time"] == STEP_MS).all()
    assert (market.features == np.concatenate([first.features, second.features])).all()


def test_the_history_before_the_split_warms_up_the_stress_level():
    data = dataset_of(martingale(A, 1_500, seed=1))
    market = market_of(PHASE4, data, "test", [A], 20)

    assert (market.candles["stress"] == stress_level(data.series[A])[-500:]).all()
    assert (market.candles["stress"] != 0.5).all()


def test_runs_keep_to_the_unbroken_rows_of_their_symbol():
    broken = martingale(B, 1_500, seed=2)
    broken.segment[100:] = 1
    data = dataset_of(martingale(A, 1_500, seed=1), broken)
    market = market_of(PHASE4, data, "train", [A, B], 50)

    rows = len(data.split("train")[A])
    assert market.runs[["first", "last"]].tolist() == [(0, rows - 1), (rows, rows + 99), (rows + 100, 2 * rows - 1)]
    # a run of n rows has n − 50 starts of 50 steps
    assert market.runs["cumulative"].tolist() == [rows - 50, 50, 50 + rows - 100 - 50]
    assert market.symbols.tolist() == [(0, 1, rows - 50), (1, 3, rows - 100)]


def test_a_window_needs_its_rows_before_the_first_decision():
    data = dataset_of(martingale(A, 1_500, seed=1))
    market = market_of(PHASE4.model_copy(update={"lookback": 20}), data, "train", [A], 50)

    assert market.runs["first"].tolist() == [19]


def test_features_are_clipped_to_the_bound_without_touching_the_dataset():
    series = martingale(A, 1_500, seed=1)
    wild = replace(series, features=series.features * np.float32(1e6))
    market = market_of(PHASE4, dataset_of(wild), "train", [A], 50)

    assert np.abs(market.features).max() == OBSERVATION_BOUND
    assert np.abs(wild.features).max() > OBSERVATION_BOUND
