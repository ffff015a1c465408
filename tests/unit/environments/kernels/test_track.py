import numpy as np

from include.environments.kernels import track as kernels
from include.environments.kernels.records import TRACK
from include.environments.phase4.observation import EquityTrack
from include.features.kernels.jit import kernel


@kernel
def begin_one(tracks, equity):
    kernels.begin(tracks[0], equity)


@kernel
def update_one(tracks, equity):
    return kernels.update(tracks[0], equity)


@kernel
def moments_of_one(tracks):
    return kernels.moments(tracks[0])


def test_the_track_of_a_wandering_equity_is_that_of_the_class_to_the_last_bit() -> None:
    equity = 10_000 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.02, 2_000)))
    equity[1_000:1_100] = equity[999]
    track, records = EquityTrack(10_000.0), np.zeros(1, TRACK)
    begin_one(records, 10_000.0)
    before = 10_000.0
    for value in equity.tolist():
        track.update(value)
        change = update_one(records, value)

        assert change == value / before - 1.0
        assert moments_of_one(records) == track.moments()
        assert (records["peak"][0], records["drawdown"][0], records["max_drawdown"][0]) == (
            track.peak,
            track.drawdown,
            track.max_drawdown,
        )
        before = value


def test_an_equity_below_zero_has_no_return() -> None:
    records = np.zeros(1, TRACK)
    begin_one(records, 100.0)
    update_one(records, -5.0)

    assert update_one(records, -5.0) == 0.0
    assert records["drawdown"][0] == 1.05


def test_a_new_episode_forgets_the_returns_of_the_last() -> None:
    records = np.zeros(1, TRACK)
    begin_one(records, 100.0)
    for value in (110.0, 90.0, 120.0):
        update_one(records, value)

    begin_one(records, 50.0)

    assert moments_of_one(records) == (0.0, 0.0)
    assert (records["peak"][0], records["max_drawdown"][0]) == (50.0, 0.0)
