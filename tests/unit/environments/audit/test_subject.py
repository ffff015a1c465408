from typing import Any

import gymnasium
import pytest

from include.core.errors import InvalidInputError
from include.environments.audit.audit import audit_subject
from include.environments.audit.scenario import Scenario, fair_market
from include.environments.audit.subject import subject, subject_of
from include.environments.phase4.env import Phase4Env
from tests.support.defects.ledger import LedgerEnv
from tests.support.defects.phase4 import ForgetsHalf

STEP = 14_400_000
LEDGER = "tests.support.defects.ledger"


class FromFrame(gymnasium.Env):
    def __init__(self, df: Any, trading_fees: float = 0.1, slippage: float = 0.2) -> None:
        self.df, self.fee, self.slippage = df, trading_fees, slippage


class WithoutCosts(gymnasium.Env):
    def __init__(self, df: Any) -> None:
        self.df = df


class Declared(LedgerEnv):
    audit_rows = 90
    audit_timeframe = "1h"
    audit_actions = {"long": 1}  # noqa: RUF012
    audit_ignores = ("costs",)

    @classmethod
    def for_audit(cls, scenario: Scenario) -> "Declared":
        made = cls(scenario)
        made.is_made_for_audit = True
        return made


class Needy(gymnasium.Env):
    def __init__(self, broker: Any, account: Any) -> None:
        del broker, account


def market(**requests: Any) -> Scenario:
    return fair_market(80, STEP, 0).asking(**requests)


def test_a_system_is_made_by_our_own_factory():
    found = subject("phase4")

    assert isinstance(found.make(fair_market(found.rows, found.step_ms, 0)), Phase4Env)
    assert (found.has_market, found.has_costs, found.step_ms) == (True, True, STEP)


def test_a_class_is_found_by_module_and_name():
    found = subject(f"{LEDGER}:LedgerEnv")

    assert isinstance(found.make(market()), LedgerEnv)
    assert (found.has_market, found.has_costs) == (True, True)


def test_a_subclass_of_our_face_takes_its_place():
    found = subject_of(ForgetsHalf, "planted")

    assert type(found.make(fair_market(found.rows, found.step_ms, 0))) is ForgetsHalf


def test_for_audit_comes_first_and_declarations_count():
    found = subject_of(Declared, "declared")

    assert found.make(market()).is_made_for_audit
    assert (found.rows, found.step_ms, found.actions, found.has_costs) == (90, 3_600_000, {"long": 1}, False)


def test_a_frame_and_the_costs_asked_for_go_to_a_constructor_that_takes_them():
    found = subject_of(FromFrame, "frame")
    env = found.make(market(fee=0.003))

    assert found.has_costs
    assert (env.fee, env.slippage, len(env.df)) == (0.003, 0.2, 80)


def test_a_constructor_without_a_fee_has_no_costs_to_set():
    found = subject_of(WithoutCosts, "frame")

    assert not found.has_costs
    assert len(found.make(market(fee=0.003)).df) == 80


def test_a_class_that_takes_nothing_has_its_own_market():
    found = subject_of(gymnasium.Env, "plain")

    assert not found.has_market
    assert isinstance(found.make(market()), gymnasium.Env)


def test_what_cannot_be_made_says_what_it_needs():
    with pytest.raises(InvalidInputError, match=r"`x` needs account, broker.*Hint: write a classmethod `for_audit"):
        subject_of(Needy, "x")
    with pytest.raises(InvalidInputError, match=r"`x` must be a gymnasium.Env or a function that makes one, was int"):
        subject_of(5, "x")
    with pytest.raises(
        InvalidInputError, match=r"must be a gymnasium.Env .*, was a class that does not derive from it"
    ):
        subject_of(Scenario, "x")


def gives_a_number() -> int:
    return 3


def test_a_function_that_makes_no_environment_is_refused_when_it_is_called():
    found = subject_of(gives_a_number, "own:gives")

    with pytest.raises(InvalidInputError, match=r"`own:gives` must make a gymnasium.Env, made int 3\."):
        found.make(market())
    with pytest.raises(InvalidInputError, match=r"must make a gymnasium\.Env"):
        audit_subject(found, pairs=8)


def test_names_that_lead_nowhere_are_refused():
    with pytest.raises(InvalidInputError, match="must name an importable module"):
        subject("no_such_module:Env")
    with pytest.raises(InvalidInputError, match=f"must name something in {LEDGER}, which has no 'Nobody'"):
        subject(f"{LEDGER}:Nobody")
    with pytest.raises(
        InvalidInputError, match="`subject` must be one of phase4, shadow or module:Class, was 'nobody'"
    ):
        subject("nobody")
