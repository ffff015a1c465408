import numpy as np
import pytest

from include.environments.audit.money import FairPlay, churning_unpaid, flat_unpaid, no_free_money, trading_below_flat
from include.environments.audit.verdicts import NotApplicableError
from tests.support.audits import PAIRS, probe_of
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.planted import (
    BuysTheLow,
    DoublesMoneyOnClose,
    PaysForStayingFlat,
    PaysForTrading,
    WeighsWinsMore,
)
from tests.unit.environments.audit.test_roles import AlwaysIn


class FillsAtTheLastOpen(LedgerEnv):
    """Orders fill at the open of the candle that was just seen to close: inside a candle, and in the past."""

    def fill(self, action, price):
        super().fill(action, float(self.market.open[self.row - 1]))


class PaysForStarting(LedgerEnv):
    def components(self, action, before):
        return super().components(action, before) | {"patience": 0.0 if self.quantity else 0.01}


@pytest.mark.parametrize("check", [no_free_money, trading_below_flat])
def test_honest_books_pass_on_fair_markets(check):
    known = probe_of(LedgerEnv)
    result = check(known, FairPlay(known))

    assert result.passed, result.message


@pytest.mark.parametrize("check", [flat_unpaid, churning_unpaid])
def test_honest_books_pass_on_scripted_markets(check):
    result = check(probe_of(LedgerEnv))

    assert result.passed, result.message


def test_every_policy_plays_every_pair_of_markets():
    outcomes = FairPlay(probe_of(LedgerEnv)).outcomes

    assert len(outcomes) == 2 + 2 * 4
    assert all(len(outcome.gains) == len(outcome.rewards) == PAIRS for outcome in outcomes.values())
    assert np.all(outcomes["staying flat"].gains == 0.0)


@pytest.mark.parametrize("env", [DoublesMoneyOnClose, BuysTheLow])
def test_money_for_nothing_fails(env):
    known = probe_of(env)
    result = no_free_money(known, FairPlay(known))

    assert not result.passed
    assert "Money for nothing" in result.message


def test_an_order_that_fills_in_the_past_makes_the_last_candle_worth_following():
    known = probe_of(FillsAtTheLastOpen)
    result = no_free_money(known, FairPlay(known))

    assert not result.passed
    assert "after a rise long" in result.message or "after a fall short" in result.message


@pytest.mark.parametrize("env", [PaysForTrading, WeighsWinsMore])
def test_trading_that_beats_staying_flat_fails(env):
    known = probe_of(env)
    result = trading_below_flat(known, FairPlay(known))

    assert not result.passed
    assert "Earns no less than staying flat: random" in result.message


def test_an_account_that_is_always_in_cannot_stay_flat():
    known = probe_of(AlwaysIn)

    with pytest.raises(NotApplicableError, match="no action leaves a flat account flat"):
        trading_below_flat(known, FairPlay(known))
    with pytest.raises(NotApplicableError, match="no action leaves a position"):
        flat_unpaid(known)


def test_reward_for_waiting_after_a_loss_fails():
    result = flat_unpaid(probe_of(PaysForStayingFlat))

    assert not result.passed
    # 0.15 in each of 20 steps
    assert result.observed == pytest.approx(3.0)
    assert "after a loss" in result.message


def test_reward_for_waiting_at_the_start_fails():
    result = flat_unpaid(probe_of(PaysForStarting))

    assert not result.passed
    assert "at the start" in result.message


def test_reward_for_trading_often_fails():
    result = churning_unpaid(probe_of(PaysForTrading))

    assert not result.passed
    assert result.observed == pytest.approx(0.3)
