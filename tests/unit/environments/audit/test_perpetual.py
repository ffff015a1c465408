import pytest

from include.environments.audit.perpetual import funding_sign, liquidation
from include.environments.audit.verdicts import NotApplicableError
from tests.support.audits import probe_of
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.planted import NeverLiquidates, TurnsFundingRound


class Spot(LedgerEnv):
    """Longs at the equity, no funding, no shorts."""

    def open(self, side, price):
        if side > 0:
            self.quantity, self.entry = self.cash / price, price
            self.charge(self.quantity, price)

    def pay_funding(self, amount):
        pass


class LongsOnly(LedgerEnv):
    def pay_funding(self, amount):
        if self.quantity > 0:
            super().pay_funding(amount)


class PaysOnMargin(LedgerEnv):
    """Funding on the margin, not on the notional."""

    def pay_funding(self, amount):
        super().pay_funding(amount / 2.0)


class LiquidatesAtTheClose(LedgerEnv):
    """The liquidation price is compared with closes only, so wicks pass through it."""

    def live_through(self):
        lowest, highest = self.market.low.copy(), self.market.high.copy()
        self.market.low[:], self.market.high[:] = self.market.close, self.market.close
        super().live_through()
        self.market.low[:], self.market.high[:] = lowest, highest


@pytest.mark.parametrize("check", [funding_sign, liquidation])
def test_honest_books_pass(check):
    result = check(probe_of(LedgerEnv))

    assert result.passed, result.message


def test_longs_that_receive_a_positive_rate_fail():
    result = funding_sign(probe_of(TurnsFundingRound))

    assert not result.passed
    # 2,000 USD of notional after a candle of +0.4 %, at 0.1 %
    assert result.observed == pytest.approx(2.008)
    assert "A long receives 2.008 at a rate of +0.10%: the wrong way round." in result.message


def test_funding_on_the_margin_fails():
    result = funding_sign(probe_of(PaysOnMargin))

    assert not result.passed
    assert (result.observed, result.limit) == pytest.approx((-1.004, -2.008))


def test_funding_that_only_longs_pay_fails():
    result = funding_sign(probe_of(LongsOnly))

    assert (result.passed, result.observed, result.limit) == (False, 2, 4)


def test_a_spot_account_pays_no_funding_and_cannot_be_liquidated():
    with pytest.raises(NotApplicableError, match="pays no funding at all"):
        funding_sign(probe_of(Spot))
    with pytest.raises(NotApplicableError, match=r"a long of 1\.00 times the equity cannot be liquidated"):
        liquidation(probe_of(Spot))


@pytest.mark.parametrize("env", [NeverLiquidates, LiquidatesAtTheClose])
def test_a_position_that_outlives_its_margin_fails(env):
    result = liquidation(probe_of(env))

    assert not result.passed
    assert "A long of 2.00 times the equity outlives a wick of 65%" in result.message
