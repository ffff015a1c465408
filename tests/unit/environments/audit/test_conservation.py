import pytest

from include.environments.audit.conservation import cash_conservation, costs_monotone
from include.environments.audit.verdicts import NotApplicableError
from tests.support.audits import probe_of
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.planted import DoublesMoneyOnClose, ForgetsFees, ForgetsHalf


class OwnCosts(LedgerEnv):
    audit_ignores = ("costs",)

    def __init__(self, scenario):
        super().__init__(scenario.asking(fee=None))

    @classmethod
    def for_audit(cls, scenario):
        return cls(scenario)


class OwnCostsDoubled(OwnCosts, DoublesMoneyOnClose):
    pass


class ChargesEntriesTwice(LedgerEnv):
    """The fee is charged on the square of its rate: higher, and out of proportion."""

    def charge(self, quantity, price):
        self.cash -= 300 * self.fee**2 * abs(quantity) * price


@pytest.mark.parametrize("check", [cash_conservation, costs_monotone])
def test_honest_books_pass(check):
    result = check(probe_of(LedgerEnv))

    assert result.passed, result.message


def test_money_doubled_on_close_fails():
    result = cash_conservation(probe_of(DoublesMoneyOnClose))

    assert not result.passed
    assert "action 3 at a standing price adds" in result.message


def test_an_unbooked_half_fails():
    result = cash_conservation(probe_of(ForgetsHalf))

    assert not result.passed
    # twice the equity, 1.004³ up, half of it lost, of an equity that has gained it all
    gained = 2 * (1.004**3 - 1)
    assert result.observed == pytest.approx(-0.5 * gained / (1 + gained))
    assert "action 4 at a standing price takes 1.176%" in result.message


def test_with_costs_that_stay_on_only_gains_fail():
    passed = cash_conservation(probe_of(OwnCosts))

    assert passed.passed
    assert "Costs cannot be switched off" in passed.message
    assert not cash_conservation(probe_of(OwnCostsDoubled)).passed
    with pytest.raises(NotApplicableError, match="cannot set this environment's costs"):
        costs_monotone(probe_of(OwnCosts))


def test_fees_that_nobody_pays_fail():
    result = costs_monotone(probe_of(ForgetsFees))

    assert not result.passed
    assert "does not fall with the fee" in result.message


def test_costs_out_of_proportion_to_the_fee_fail():
    result = costs_monotone(probe_of(ChargesEntriesTwice))

    assert not result.passed
    assert "4 times the fee costs 1" in result.message
