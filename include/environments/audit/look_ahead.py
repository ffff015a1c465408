"""No look-ahead: an observation knows no candle before the account has lived through it."""

from itertools import repeat
from typing import Any

import numpy as np

from include.core.checks import CheckResult
from include.environments.audit.roles import Probe, first_difference
from include.environments.audit.verdicts import verdict

_CUTS = (3, 10, 30, 60, 100)


def no_look_ahead(probe: Probe) -> CheckResult:
    """With other candles from some row on, no observation changes before the step that plays that row has been taken.

    The row that a step plays is seen in the account: it is the first step whose equity changes.
    """
    name = "no_look_ahead"
    stage = probe.require_stage()
    market = probe.fair(1)
    compared = 0
    for opening in (*probe.roles.openings, probe.roles.idle):
        if opening is None:
            continue
        plain = probe.play(market, repeat(opening), observe=True)
        for cut in (cut for cut in _CUTS if cut < len(plain)):
            changed = probe.play(market.changed_from(stage.first + cut), repeat(opening), observe=True)
            # step `cut` plays the first changed candle; what is seen before it is observations 0 to `cut`
            early = first_difference(
                [_flat(seen) for seen in plain.observations[: cut + 1]],
                [_flat(seen) for seen in changed.observations[: cut + 1]],
            )
            if early is not None:
                return verdict(
                    name, False, _found(plain.observations, changed.observations, early, cut), early, cut + 1
                )
            compared += min(cut + 1, len(plain.observations))
    return verdict(name, True, f"{compared} observations stay the same when every later candle is changed.")


def _flat(observation: Any) -> Any:
    parts = observation.values() if isinstance(observation, dict) else [observation]
    return np.concatenate([np.ravel(part) for part in parts])


def _found(one: list[Any], other: list[Any], early: int, cut: int) -> str:
    a, b = _flat(one[early]), _flat(other[early])
    places = np.flatnonzero(a != b).tolist() if a.shape == b.shape else []
    shown = f"{', '.join(map(str, places[:4]))}{' …' if len(places) > 4 else ''}"
    one_or_none = {0: "The observation", 1: f"Observation entry {shown}"}
    what = one_or_none.get(len(places), f"Each of observation entries {shown}")
    return (
        f"{what} before step {early} already changes with the candle that step {cut} plays: "
        "the environment shows the future."
    )
