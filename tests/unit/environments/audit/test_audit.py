import pytest
from gymnasium import spaces

from include.core.errors import InvalidInputError
from include.environments.audit.audit import MONEY, audit, audit_subject, rows, summary, unjudged
from include.environments.audit.rollout import EQUITY_KEYS
from include.environments.audit.scenario import fair_market
from include.environments.audit.subject import subject_of
from include.environments.audit.verdicts import word
from tests.support.defects import phase4, planted
from tests.support.defects.ledger import CLOSE, LONG, LedgerEnv

ROWS = [
    "gymnasium_contract", "declared_shape", "determinism", "reward_components", "no_look_ahead", "cash_conservation",
    "fill_price", "costs_monotone", "funding_sign", "liquidation", "no_free_money", "trading_below_flat",
    "flat_unpaid", "churning_unpaid",
]  # fmt: skip
# the row of each original defect, and the others that it cannot but fail too
ORIGINAL = {
    "DoublesMoneyOnClose": (
        "cash_conservation",
        {"fill_price", "costs_monotone", "no_free_money", "trading_below_flat", "churning_unpaid"},
    ),
    "ForgetsHalf": ("cash_conservation", set()),
    "SeesNextCandle": ("no_look_ahead", set()),
    "TurnsFundingRound": ("funding_sign", set()),
    "DeclaresAnotherShape": ("declared_shape", {"gymnasium_contract"}),
    "NeverLiquidates": ("liquidation", set()),
    "PaysForStayingFlat": ("flat_unpaid", {"trading_below_flat"}),
    "PaysForTrading": ("churning_unpaid", {"trading_below_flat"}),
}


class Raises(LedgerEnv):
    """Breaks at the highest fee that the audit asks for."""

    def __init__(self, scenario):
        super().__init__(scenario)
        if self.fee > 0.001:
            raise ValueError("no such fee")


class NeverStarts(LedgerEnv):
    def reset(self, **options):
        raise ValueError("no data")


class LongOnly(LedgerEnv):
    """A spot market: nothing borrowed, no shorts, no funding."""

    def __init__(self, scenario):
        super().__init__(scenario)
        self.action_space = spaces.Discrete(2)

    def fill(self, action: int, price: float) -> None:
        super().fill((CLOSE, LONG)[action], price)

    def open(self, side: float, price: float) -> None:
        self.quantity, self.entry = side * 0.9 * self.cash / price, price
        self.charge(self.quantity, price)

    def pay_funding(self, amount: float) -> None:
        del amount


def own_market() -> LedgerEnv:
    return LedgerEnv(fair_market(200, 14_400_000, 0))


def verdicts(target: type, pairs: int = 8) -> dict[str, str]:
    report = audit_subject(subject_of(target, target.__name__), pairs)
    return {result.name: word(result) for result in report.results}


def test_honest_books_pass_every_row():
    assert verdicts(LedgerEnv, pairs=24) == dict.fromkeys(ROWS, "pass")


@pytest.mark.parametrize("system", ["phase4", "shadow"])
def test_our_systems_pass_every_row(system):
    report = audit(system, pairs=16)

    assert {result.name: word(result) for result in report.results} == dict.fromkeys(ROWS, "pass"), report.failures


@pytest.mark.parametrize("defect", ORIGINAL)
@pytest.mark.parametrize("module", [planted, phase4], ids=["ledger", "phase4"])
def test_each_original_defect_fails_on_its_row(module, defect):
    row, others = ORIGINAL[defect]

    found = verdicts(getattr(module, defect))

    assert found[row] == "FAIL"
    assert {name for name, shown in found.items() if shown == "FAIL"} <= {row, *others}
    assert "n/a" not in found.values()


def test_what_an_environment_does_not_offer_is_never_passed():
    found = verdicts(planted.Silent)

    assert [name for name, shown in found.items() if shown == "pass"] == [
        "gymnasium_contract",
        "declared_shape",
        "determinism",
    ]
    assert set(found.values()) == {"pass", "n/a"}


def test_an_environment_that_tells_no_equity_is_told_so():
    report = audit_subject(subject_of(planted.Silent, "silent"), pairs=8)

    told = [result.message for result in report.results[4:]]
    assert set(told) == {f"not applicable: `info` has no equity; looked for {', '.join(EQUITY_KEYS)}"}
    assert unjudged(report) == MONEY
    assert summary(report) == "3 passed, 0 failed, 11 not judged"


def test_an_environment_without_a_market_is_told_where_to_read_how_to_take_one():
    report = audit_subject(subject_of(own_market, "own"), pairs=8)

    assert report.results[4].message.endswith("cannot be given a market; see `for_audit` in docs/environment-audit.md")
    assert unjudged(report) == MONEY


def test_what_a_spot_market_has_not_got_does_not_count_as_unjudged_money():
    report = audit_subject(subject_of(LongOnly, "spot"), pairs=8)

    assert {result.name for result in report.results if word(result) == "n/a"} == {"funding_sign", "liquidation"}
    assert unjudged(report) == ()


def test_honest_books_leave_nothing_unjudged():
    report = audit_subject(subject_of(LedgerEnv, "ledger"), pairs=24)

    assert unjudged(report) == ()
    assert summary(report) == "14 passed, 0 failed, 0 not judged"


def test_an_environment_that_raises_fails_the_row_and_not_the_audit():
    report = audit_subject(subject_of(Raises, "raises"), pairs=8)
    failed = {result.name: result.message for result in report.failures}

    assert failed == {"costs_monotone": "The environment raised ValueError: no such fee."}


def test_an_environment_that_never_starts_fails_every_row():
    report = audit_subject(subject_of(NeverStarts, "never"), pairs=8)

    assert {word(result) for result in report.results} == {"FAIL"}
    assert "the environment raised ValueError: no data" in report.results[-1].message


def test_the_table_has_one_explained_row_per_check():
    told = []
    report = audit("tests.support.defects.ledger:LedgerEnv", 8, lambda *progress: told.append(progress))

    table = rows(report)
    assert [row["check"] for row in table] == ROWS
    assert all(row["explanation"].endswith(".") for row in table)
    assert report.subject.endswith("(1 long, 2 short, 0 hold, 3 exit, 4 reduce)")
    assert told[-1] == ("audit", 14, 14)


def test_means_need_eight_pairs():
    with pytest.raises(InvalidInputError, match="`pairs` must be at least 8, was 7"):
        audit("phase4", pairs=7)
