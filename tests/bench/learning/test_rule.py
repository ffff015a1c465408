import numpy as np

from bench.learning.rule import FOREVER, ThresholdRule, grid
from include.environments.phase4.actions import CLOSE_POSITION, HOLD, OPEN_LONG, OPEN_SHORT
from include.environments.phase4.observation import ACCOUNT_FEATURES


def seen(signal: float, exposure: float = 0.0, held: int = 0) -> np.ndarray:
    own = dict.fromkeys(ACCOUNT_FEATURES, 0.0) | {"exposure": exposure, "candles_in_position": held / (held + 42)}
    return np.array([[signal, 0.0, *own.values()]], np.float32)


def test_a_flat_account_opens_with_a_strong_signal_only() -> None:
    rule = ThresholdRule(enter=1.0, leave=0.0, holding=FOREVER)
    assert [int(rule(seen(signal))[0]) for signal in (1.1, 0.9, -0.9, -1.1)] == [OPEN_LONG, HOLD, HOLD, OPEN_SHORT]


def test_a_position_is_left_when_the_signal_turns() -> None:
    rule = ThresholdRule(enter=1.0, leave=-0.5, holding=FOREVER)
    long = [int(rule(seen(signal, exposure=0.3))[0]) for signal in (-0.4, -0.6)]
    short = [int(rule(seen(signal, exposure=-0.3))[0]) for signal in (0.4, 0.6)]
    assert long == short == [HOLD, CLOSE_POSITION]


def test_a_position_is_left_after_its_time() -> None:
    rule = ThresholdRule(enter=1.0, leave=-9.0, holding=6)
    assert [int(rule(seen(2.0, exposure=0.3, held=held))[0]) for held in (5, 6)] == [HOLD, CLOSE_POSITION]


def test_no_rule_of_the_grid_closes_what_it_opens_at_once() -> None:
    rules = list(grid())
    assert len(rules) == len(set(rules)) > 500
    assert all(rule.leave <= rule.enter for rule in rules)
