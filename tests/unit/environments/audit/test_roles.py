from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from include.core.errors import InvalidInputError
from include.environments.audit.roles import Roles, first_difference, probe
from include.environments.audit.subject import subject_of
from include.environments.audit.verdicts import NotApplicableError
from tests.support.audits import probe_of
from tests.support.defects.ledger import CLOSE, FIRST_ROW, HOLD, LONG, REDUCE, SHORT, LedgerEnv
from tests.support.defects.planted import Silent


class Shuffled(LedgerEnv):
    def fill(self, action: int, price: float) -> None:
        super().fill((REDUCE, CLOSE, LONG, HOLD, SHORT)[action], price)


class OnlyHolds(LedgerEnv):
    def fill(self, action: int, price: float) -> None:
        del action, price


class TargetPosition(LedgerEnv):
    """An action is the side to be on: −1, 0 or 1, given as a number in a box."""

    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def step(self, action: Any) -> tuple:
        return super().step(round(float(action[0])) % 3)

    def fill(self, action: int, price: float) -> None:
        side = {0: 0.0, 1: 1.0, 2: -1.0}[action]
        if self.quantity and np.sign(self.quantity) != side:
            self.close_at(price)
        if side and not self.quantity:
            self.open(side, price)


class AlwaysIn(LedgerEnv):
    """Two actions, long and short, as in the oldest trading environments."""

    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.action_space = spaces.Discrete(2)

    def fill(self, action: int, price: float) -> None:
        if self.quantity and (self.quantity > 0) != (action == 1):
            self.close_at(price)
        if not self.quantity:
            self.open(1.0 if action == 1 else -1.0, price)


class Declared(LedgerEnv):
    audit_actions = {"long": 1, "hold": 0}  # noqa: RUF012


class Misdeclared(LedgerEnv):
    audit_actions = {"buy": 1}  # noqa: RUF012


class Many(LedgerEnv):
    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.action_space = spaces.MultiDiscrete([5, 5])


def test_actions_are_known_by_what_they_do():
    assert probe_of(LedgerEnv).roles == Roles(tuple(range(5)), long=1, short=2, hold=0, exit=3, reduce=4)
    assert probe_of(Shuffled).roles == Roles(tuple(range(5)), long=2, short=4, hold=3, exit=1, reduce=0)


def test_a_target_position_is_kept_by_asking_for_it_again():
    roles = probe_of(TargetPosition).roles

    assert [float(action[0]) for action in roles.candidates] == [-1.0, 0.0, 1.0]
    assert (roles.long, roles.short, roles.exit) == (1.0, -1.0, 0.0)
    assert (roles.hold, roles.reduce) == (None, None)
    assert roles.stay(roles.long) is roles.long
    assert roles.idle is roles.leave(roles.long) is roles.exit


def test_an_account_that_is_always_in_leaves_by_turning_round():
    roles = probe_of(AlwaysIn).roles

    assert (roles.long, roles.short, roles.hold, roles.exit, roles.idle) == (1, 0, None, None, None)
    assert (roles.leave(1), roles.leave(0)) == (0, 1)
    assert (roles.side(1), roles.side(0)) == ("long", "short")


def test_declared_actions_are_taken_at_their_word():
    assert probe_of(Declared).roles == Roles(tuple(range(5)), long=1, hold=0)
    with pytest.raises(InvalidInputError, match="`audit_actions` must name long, short, hold, exit, reduce, was buy"):
        probe_of(Misdeclared)


@pytest.mark.parametrize("env", [LedgerEnv, TargetPosition, AlwaysIn])
def test_the_first_step_plays_the_candle_after_the_first_observation(env):
    assert probe_of(env).require_stage().first == FIRST_ROW + 1


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (Silent, "`info` has no equity; looked for equity, portfolio_value"),
        (OnlyHolds, "no action moves `info\\['equity'\\]`"),
        (Many, "only in Discrete and one-dimensional Box spaces"),
        (lambda: LedgerEnv(None), "cannot be given a market"),
    ],
)
def test_a_stage_that_cannot_be_found_gives_its_reason(target, reason):
    if target in (Silent, OnlyHolds, Many):
        found = probe_of(target)
    else:
        market_of_its_own = probe_of(LedgerEnv).fair(0)
        found = probe(subject_of(lambda: LedgerEnv(market_of_its_own), "own"), 2)

    with pytest.raises(NotApplicableError, match=reason):
        found.require_stage()


def test_random_actions_follow_their_seed():
    known = probe_of(LedgerEnv)

    assert known.random(1, 50) == known.random(1, 50) != known.random(2, 50)
    assert set(known.random(1, 200)) == set(range(5))


def test_the_first_difference_counts_a_missing_end():
    assert first_difference([1.0, np.nan, 3.0], [1.0, np.nan, 4.0]) == 2
    assert first_difference([1.0, np.nan], [1.0, np.nan]) is None
    assert first_difference([1.0], [1.0, 2.0]) == 1


def test_roles_are_shown_with_their_actions():
    assert Roles((0, 1), long=1, hold=0).describe() == "1 long, 0 hold"
    assert Roles((0, 1)).describe() == "none found"
