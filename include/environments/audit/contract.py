"""Checks of the Gymnasium contract: clean, shaped as declared, reproducible, rewards that add up."""

import warnings
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env

from include.core.checks import CheckResult
from include.environments.audit.roles import SEED, Probe, first_difference
from include.environments.audit.rollout import Rollout, play
from include.environments.audit.verdicts import NotApplicableError, verdict

_STEPS = 300
# Gymnasium's word for a missing bound
_UNBOUNDED = "infinity"


def gymnasium_contract(probe: Probe) -> CheckResult:
    """Gymnasium's own `check_env` has nothing to say, not even a warning."""
    name = "gymnasium_contract"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            check_env(_own(probe).unwrapped, skip_render_check=True)
        except Exception as error:  # noqa: BLE001  # whatever a foreign environment raises is the finding
            return verdict(name, False, f"check_env raised {type(error).__name__}: {_first_line(error)}")
    if caught:
        told = list(dict.fromkeys(_first_line(warning.message) for warning in caught))
        hint = " Hint: give the spaces finite bounds, `low` and `high`." if _UNBOUNDED in "".join(told) else ""
        return verdict(name, False, f"check_env warns: {' | '.join(told)}{hint}", len(caught), 0)
    return verdict(name, True, "check_env passes without a warning.", 0, 0)


def declared_shape(probe: Probe) -> CheckResult:
    """Every observation lies in the declared space: shape, type and bounds."""
    name = "declared_shape"
    env = _own(probe)
    space = env.observation_space
    declared = _shape_of(space)
    for step, observation in enumerate(play(env, _actions(probe, env), SEED, observe=True).observations):
        if not space.contains(observation):
            real = f"{np.shape(observation)} {np.asarray(observation).dtype}"
            why = f"an observation after step {step}" if step else "the first observation"
            how = "is of that shape but outside the bounds" if real == declared else f"is {real}"
            return verdict(name, False, f"The space declares {declared}, {why} {how}.", real, declared)
    return verdict(
        name, True, f"Every observation is {declared} as declared, and inside the bounds.", declared, declared
    )


def determinism(probe: Probe) -> CheckResult:
    """The same seed and the same actions give the same episode."""
    name = "determinism"
    first, again = (play(env, _actions(probe, env), SEED, observe=True) for env in (_own(probe), _own(probe)))
    for what, one, other in (
        ("observations", _leaves(first), _leaves(again)),
        ("rewards", first.rewards, again.rewards),
        ("equity", first.equity, again.equity),
    ):
        step = first_difference(one, other)
        if step is not None:
            return verdict(name, False, f"With one seed and the same actions, {what} differ from step {step} on.", step)
    return verdict(name, True, f"Two rollouts of {len(first)} steps with one seed are the same.")


def reward_components(probe: Probe) -> CheckResult:
    """The components in `info["reward_components"]` sum to the reward, after the clip that the environment declares."""
    name = "reward_components"
    env = _own(probe)
    clip = _clip_of(env)
    played = play(env, _actions(probe, env), SEED)
    if not played.infos or "reward_components" not in played.infos[0]:
        raise NotApplicableError("`info` has no `reward_components`")
    for step, (info, reward) in enumerate(zip(played.infos, played.rewards, strict=True)):
        total = float(sum(info["reward_components"].values()))
        expected = total if clip is None else max(-clip, min(clip, total))
        if not np.isclose(expected, reward, rtol=1e-6, atol=1e-9):
            message = f"In step {step} the components sum to {expected:.6g}, the reward is {reward:.6g}."
            return verdict(name, False, message, float(reward), expected)
    clipped = "" if clip is None else f", clipped to ±{clip:g}"
    return verdict(name, True, f"In {len(played)} steps the named components sum to the reward{clipped}.")


def _own(probe: Probe) -> Any:
    # a market without requests: the environment as its author means it
    return probe.subject.make(probe.fair(0).asking(is_fixed=False))


def _actions(probe: Probe, env: Any) -> list[Any]:
    if probe.roles.candidates:
        return probe.random(SEED, _STEPS)
    env.action_space.seed(SEED)
    return [env.action_space.sample() for _ in range(_STEPS)]


def _leaves(played: Rollout) -> list[Any]:
    return [np.concatenate([np.ravel(part) for part in _parts(observation)]) for observation in played.observations]


def _parts(observation: Any) -> list[Any]:
    if isinstance(observation, dict):
        return [leaf for key in sorted(observation) for leaf in _parts(observation[key])]
    if isinstance(observation, tuple):
        return [leaf for part in observation for leaf in _parts(part)]
    return [observation]


def _clip_of(env: Any) -> float | None:
    inner = env.unwrapped
    clip = getattr(inner, "reward_clip", None)
    if clip is None:
        clip = getattr(getattr(getattr(inner, "system", None), "reward", None), "clip", None)
    return None if clip is None else float(clip)


def _shape_of(space: Any) -> str:
    return f"{space.shape} {space.dtype}" if isinstance(space, spaces.Box) else str(space)


def _first_line(text: object) -> str:
    lines = str(text).strip().splitlines()
    # Gymnasium colours its warnings for terminals
    plain = (lines[0] if lines else "no text").replace("\x1b[33m", "").replace("\x1b[0m", "")
    return plain.removeprefix("WARN: ")
