import numpy as np

from include.training.fused.advantages import estimate


def _estimate(starts: list[bool], is_started: bool) -> tuple[np.ndarray, np.ndarray]:
    rewards, values = np.array([[1.0, 2.0, 4.0]], np.float32), np.array([[8.0, 16.0, 32.0]], np.float32)
    advantages, returns = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32)
    last, over = np.array([64.0], np.float32), np.array([is_started])
    estimate(rewards, values, np.array([starts]), last, over, 0.5, 0.5, advantages, returns)
    return advantages[0], returns[0]


def test_advantages_of_one_episode_by_hand() -> None:
    # deltas: 1 + 8 − 8 = 1, 2 + 16 − 16 = 2, 4 + 32 − 32 = 4; each looks ahead with γλ = 1/4
    advantages, returns = _estimate([True, False, False], is_started=False)
    assert advantages.tolist() == [1 + 3 / 4, 2 + 1, 4]
    assert returns.tolist() == [9.75, 19, 36]


def test_an_episode_that_ends_takes_nothing_from_the_next() -> None:
    # the second observation begins an episode: delta 1 − 8 = −7 alone
    advantages, _ = _estimate([True, True, False], is_started=False)
    assert advantages.tolist() == [-7, 3, 4]


def test_an_episode_that_ends_with_the_rollout_has_no_last_value() -> None:
    # last delta: 4 − 32 = −28
    advantages, _ = _estimate([True, False, False], is_started=True)
    assert advantages.tolist() == [1 + (2 - 7) / 4, 2 - 7, -28]
