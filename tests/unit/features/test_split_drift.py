"""Drift of a split: the definition by hand, and a market that has moved."""

from dataclasses import replace

import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.features.dataset import Dataset
from include.features.drift import bin_edges, bin_shares, population_stability
from include.features.split_drift import split_drift
from tests.support.datasets import dataset_of, martingale

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def moved(by: float) -> Dataset:
    """Two symbols whose first feature is `by` higher in the test split."""
    whole = dataset_of(martingale(BTC, 1_600, 1), martingale(ETH, 1_600, 2))
    features = whole.series[BTC].features.copy()
    features[-500:, 0] += by
    return Dataset(whole.info, whole.series | {BTC: replace(whole.series[BTC], features=features)})


def test_the_index_is_that_of_the_pooled_rows_by_hand() -> None:
    dataset = moved(1.0)
    found = {drift.feature: drift for drift in split_drift(dataset, "test")}
    train = np.concatenate([rows.features[:, 0] for rows in dataset.split("train").values()])
    test = np.concatenate([rows.features[:, 0] for rows in dataset.split("test").values()])
    edges = bin_edges(train)
    expected = population_stability(bin_shares(train, edges), bin_shares(test, edges))
    assert found["f_test_0"].psi == pytest.approx(expected)
    assert found["f_test_0"].mean_shift == pytest.approx((test.mean() - train.mean()) / train.std(), rel=1e-4)


def test_what_has_moved_comes_first_and_beyond_what_training_ever_was() -> None:
    first, *others = split_drift(moved(2.0), "test")
    assert first.feature == "f_test_0"
    assert first.psi is not None
    assert first.highest_psi is None  # training is shorter than two stretches of 500 candles
    assert first.psi > 0.25 > max(drift.psi or 0.0 for drift in others)


def test_inactive_features_come_last_with_their_reason() -> None:
    dataset = moved(0.0)
    info = dataset.info.model_copy(update={"inactive_features": {"f_test_1": "no source"}})
    last = split_drift(Dataset(info, dataset.series), "test")[-1]
    assert (last.feature, last.psi, last.reason) == ("f_test_1", None, "inactive: no source")


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="`split` must be one of"):
        split_drift(moved(0.0), "holdout")  # type: ignore[arg-type]
