from dataclasses import replace

import pytest

from include.environments.audit.fills import fill_price
from include.environments.audit.verdicts import NotApplicableError
from tests.support.audits import probe_of
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.planted import FillsStopsBeyondTheCandle
from tests.unit.environments.audit.test_look_ahead import FillsAtTheClose
from tests.unit.environments.audit.test_roles import AlwaysIn, TargetPosition


class BuysBelowTheLow(LedgerEnv):
    def open(self, side, price):
        row = self.row
        super().open(side, float(self.market.low[row] * 0.999 if side > 0 else self.market.high[row] * 1.001))


class SellsAboveTheHigh(LedgerEnv):
    def fill(self, action, price):
        row = self.row
        super().fill(action, float(self.market.high[row] * 1.001) if action == 3 else price)


@pytest.mark.parametrize("env", [LedgerEnv, FillsAtTheClose, TargetPosition])
def test_fills_inside_their_candles_pass(env):
    result = fill_price(probe_of(env))

    assert result.passed, result.message
    assert result.observed > 100


@pytest.mark.parametrize("env", [FillsStopsBeyondTheCandle, BuysBelowTheLow, SellsAboveTheHigh])
def test_fills_outside_their_candles_fail(env):
    result = fill_price(probe_of(env))

    assert not result.passed
    assert "lies outside its candle" in result.message


def test_without_an_exit_no_fill_can_be_told():
    with pytest.raises(NotApplicableError, match="no action closes a position"):
        fill_price(probe_of(AlwaysIn))


def test_steps_beyond_the_end_of_the_market_tell_no_fill():
    # an environment that draws its own start may have been seen to start near the end
    known = probe_of(LedgerEnv)
    late = replace(known, stage=replace(known.require_stage(), first=known.subject.rows - 4))

    with pytest.raises(NotApplicableError, match="no fill could be told"):
        fill_price(late)
