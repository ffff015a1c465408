import numpy as np

from bench.learning.market import DESCRIPTIVE, Columns, Process, market
from bench.learning.screening import informative, keep_only

COLUMNS = Columns(active=30)


def test_the_signal_is_kept_and_noise_is_not() -> None:
    dataset = market(Process(strength=0.2), COLUMNS, 20, 1_000, seed=1, split="train")
    kept = informative(dataset)
    assert kept[DESCRIPTIVE.index("signal")]
    assert not kept[len(DESCRIPTIVE) :].any()


def test_a_martingale_leaves_nothing() -> None:
    assert not informative(market(Process(strength=0.0), COLUMNS, 20, 1_000, seed=1, split="train")).any()


def test_what_is_dropped_is_constant_zero_and_named_inactive() -> None:
    dataset = market(Process(strength=0.2), Columns(active=6, inactive=1), 2, 100, seed=1, split="train")
    kept = np.array([True, False, True, True, True, True, False])
    screened = keep_only(dataset, kept)
    assert set(screened.info.inactive_features) == {"return", "inactive_0"}
    for before, after in zip(dataset.series.values(), screened.series.values(), strict=True):
        assert not after.features[:, ~kept].any()
        assert np.array_equal(after.features[:, kept], before.features[:, kept])
