import math

import pytest

from include.environments.audit.rollout import equity_of, missing_equity, play
from include.environments.audit.scenario import trend
from tests.support.defects.ledger import CLOSE, HOLD, LONG, LedgerEnv
from tests.support.defects.planted import Silent

STEP = 14_400_000


class SilentReset(LedgerEnv):
    def reset(self, **options):
        return super().reset(**options)[0], {}


class SilentStep(LedgerEnv):
    def step(self, action):
        return (*super().step(action)[:4], {})


def ledger() -> LedgerEnv:
    return LedgerEnv(trend(100, STEP, 0.01).asking(fee=0.0))


def test_a_script_ends_the_play():
    played = play(ledger(), [LONG, HOLD, HOLD, CLOSE, HOLD], observe=True)

    # twice the equity, from the open of the first candle to the open of the fourth: 2 × (1.01³ − 1)
    assert played.equity[-1] == pytest.approx(1_000 * (1 + 2 * (1.01**3 - 1)))
    assert len(played) == len(played.rewards) == len(played.infos) == 5
    assert len(played.observations) == 6
    assert not played.has_ended
    assert played.changes[-1] == 0.0


def test_the_end_of_the_episode_ends_an_endless_policy():
    played = play(ledger(), iter(lambda: HOLD, None))

    assert (len(played), played.has_ended, played.is_terminal) == (39, True, False)
    assert played.observations == []


def test_steps_limit_the_play():
    assert len(play(ledger(), iter(lambda: HOLD, None), steps=7)) == 7


def test_a_generator_is_told_whether_the_equity_moved():
    told = []

    def policy():
        told.append((yield HOLD))
        told.append((yield LONG))
        told.append((yield HOLD))
        told.append((yield CLOSE))
        yield HOLD

    play(ledger(), policy())

    # a step flat, two in the market, and one that closes at the open, which is the price it was valued at
    assert told == [False, True, True, False]


@pytest.mark.parametrize("info", [{"equity": 5.0}, {"portfolio_valuation": 5}, {"net_worth": 5.0, "total_asset": 1.0}])
def test_the_value_of_the_account_has_several_names(info):
    assert equity_of(info) == 5.0


@pytest.mark.parametrize(
    ("env", "where"),
    [(Silent, "`info` has"), (SilentReset, "`info` of `reset` has"), (SilentStep, "`info` of `step` has")],
)
def test_where_the_value_is_missing_is_said(env, where):
    missing = missing_equity(env(trend(100, STEP, 0.01)), [HOLD])

    assert missing == (
        f"{where} no equity; looked for equity, portfolio_value, portfolio_valuation, net_worth, total_asset"
    )


def test_nothing_is_missing_where_every_info_tells_the_value():
    assert missing_equity(ledger(), [HOLD, LONG]) is None


def test_a_value_that_is_not_told_is_undefined():
    assert math.isnan(equity_of({"profit": 5.0}))
