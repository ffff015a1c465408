"""Collecting a rollout: the same as stable-baselines3 collects with the same actions."""

from itertools import pairwise

import numpy as np
import pytest

from include.environments.batch import DRAWN_AHEAD
from include.training.fused.rollout import choose
from tests.support.sb3_reference import collect
from tests.unit.training.builders import tiny_system
from tests.unit.training.fused.builders import SEED, TOLERANCE, Pair, pair, reference_batch

RECORDED = ("observations", "rewards", "values", "log_probs", "advantages", "returns")


def _collect_both(both: Pair) -> list[int]:
    ends = list(both.player.collect(both.learner.networks, both.first_uniforms))
    both.stock.get_env().seed(SEED)
    collect(both.stock, both.player.rollout.actions)
    return [steps for steps, _ in ends]


def _differences(both: Pair) -> dict[str, float]:
    buffer, rollout = both.stock.rollout_buffer, both.player.rollout
    return {
        name: float(np.abs(np.swapaxes(getattr(rollout, name), 0, 1) - getattr(buffer, name)).max())
        for name in RECORDED
    }


@pytest.mark.parametrize(
    ("is_masked", "training"),
    [
        (False, {"n_steps": 2048}),
        (False, {"n_steps": 192, "n_envs": 3, "net_arch": [48, 20, 33]}),
        (False, {"n_steps": 192, "normalize_observations": False, "normalize_reward": False}),
        (True, {"n_steps": 192, "n_envs": 2}),
    ],
    ids=["one environment", "three layers, three environments", "nothing normalised", "masked"],
)
def test_a_rollout_is_that_of_stable_baselines3(is_masked: bool, training: dict[str, object]) -> None:
    both = pair(is_masked=is_masked, **training)
    assert len(_collect_both(both)) >= 3
    assert max(_differences(both).values()) < TOLERANCE
    buffer, rollout = both.stock.rollout_buffer, both.player.rollout
    assert (rollout.starts == buffer.episode_starts.T).all()
    if is_masked:
        assert (np.swapaxes(buffer.action_masks, 0, 1) == rollout.allowed).all()
        assert not rollout.allowed.all()
        assert np.take_along_axis(rollout.allowed, rollout.actions[..., None], axis=2).all()


def test_ruin_ends_an_episode_without_a_value_beyond_it() -> None:
    both = pair(n_steps=192, account={"ruin_drawdown": 0.03})
    steps = _collect_both(both)
    lengths = [after - before for before, after in pairwise([0, *steps])]
    assert min(lengths) < max(lengths) == 50
    assert max(_differences(both).values()) < TOLERANCE


def test_the_normalisation_after_a_rollout_is_that_of_stable_baselines3() -> None:
    both = pair(n_steps=192, n_envs=3)
    _collect_both(both)
    ours, theirs = both.player.normalizer, both.stock.get_vec_normalize_env()
    assert (ours.mean == theirs.obs_rms.mean).all()
    assert (ours.variance == theirs.obs_rms.var).all()
    assert ours.count == theirs.obs_rms.count
    np.testing.assert_allclose(
        [ours.return_mean, ours.return_variance, ours.return_count],
        [theirs.ret_rms.mean, theirs.ret_rms.var, theirs.ret_rms.count],
        rtol=1e-12,
    )


@pytest.mark.parametrize("changed", [{"gae_lambda": 0.94}, {"gamma": 0.98}])
def test_a_wrong_coefficient_shows_in_the_advantages(changed: dict[str, float]) -> None:
    both = pair(n_steps=192, changes=changed)
    _collect_both(both)
    assert _differences(both)["advantages"] > 10 * TOLERANCE


def test_playing_goes_on_where_an_environment_has_used_up_its_drawn_starts() -> None:
    both = pair(n_steps=4992, n_envs=2)
    ends = list(both.player.collect(both.learner.networks, both.first_uniforms))
    by_environment = [[end for _, end in ends if end.env == env] for env in range(2)]
    assert min(map(len, by_environment)) > DRAWN_AHEAD
    batch = reference_batch(tiny_system(n_steps=4992, n_envs=2), is_masked=False)
    batch.reset()
    played = []
    for row in both.player.rollout.actions.T:
        batch.step(row)
        played += [end._replace(observation=None) for end in batch.ends]
    assert [end._replace(observation=None) for _, end in ends] == played


def test_episodes_are_given_with_the_step_that_ended_them() -> None:
    both = pair(n_steps=192)
    ends = list(both.player.collect(both.learner.networks, both.first_uniforms))
    lengths = [end.statistics["steps"] for _, end in ends]
    steps = [0, *(step for step, _ in ends)]
    assert lengths == [after - before for before, after in pairwise(steps)]


def test_peaks_are_the_greatest_raw_magnitudes_of_the_rollout() -> None:
    both = pair(n_steps=192)
    list(both.player.collect(both.learner.networks, both.first_uniforms))
    batch = reference_batch(tiny_system(n_steps=192), is_masked=False)
    batch.reset()
    seen, rewards = [], []
    for row in both.player.rollout.actions.T:
        played = batch.step(row)
        seen += [*played.observations, *(end.observation for end in batch.ends)]
        rewards += played.rewards.tolist()
    assert (both.player.peaks[0] == np.abs(seen).max(axis=0)).all()
    assert both.player.peaks[1] == np.abs(rewards).max()


def test_an_action_is_chosen_by_its_share_and_never_an_impossible_one() -> None:
    odds = np.array([0.0, 0.25, 0.0, 0.75, 0.0], np.float32)
    assert [choose(odds, uniform) for uniform in (0.0, 0.2499, 0.25, 0.999_999_99)] == [1, 1, 3, 3]
    # rounding may leave the sum below a number just under 1
    assert choose(np.array([0.5, 0.4999999, 0.0], np.float32), 1.0 - 1e-12) == 1
