from starlette.datastructures import QueryParams

from include.sandbox.faults.draw import Draw
from include.sandbox.faults.plan import FaultPlan, Rule

PATHS = [f"/fapi/v1/klines/{number}" for number in range(2_000)]
NONE = QueryParams()


def met(draw: Draw, path: str, number: int = 0, params: QueryParams = NONE) -> bool:
    asked = draw.asked(path, params)
    is_met = draw.meets(number, asked)
    if is_met:
        draw.met(number, asked)
    return is_met


def plan(seed: int = 1, **rule: object) -> FaultPlan:
    return FaultPlan(seed=seed, rules=(Rule.model_validate({"fault": "html"} | rule),))


def test_the_share_of_requests_is_drawn() -> None:
    draw = Draw(plan(share=0.25))
    assert 400 < sum(met(draw, path) for path in PATHS) < 600


def test_the_same_seed_draws_the_same_requests_in_whatever_order_they_come() -> None:
    forwards, backwards, other = Draw(plan(share=0.2)), Draw(plan(share=0.2)), Draw(plan(seed=2, share=0.2))
    first = {path for path in PATHS if met(forwards, path)}
    assert {path for path in reversed(PATHS) if met(backwards, path)} == first
    assert {path for path in PATHS if met(other, path)} != first


def test_the_order_of_parameters_does_not_matter() -> None:
    draw = Draw(plan(each=1))
    assert met(draw, "/a", params=QueryParams("x=1&y=2"))
    assert not met(draw, "/a", params=QueryParams("y=2&x=1"))


def test_a_repeated_request_is_drawn_anew() -> None:
    draw = Draw(plan(share=0.5))
    drawn = [met(draw, "/a") for _ in range(40)]
    assert 8 < sum(drawn) < 32


def test_after_each_and_times_bound_the_faults() -> None:
    draw = Draw(plan(after=2))
    assert [met(draw, "/a") for _ in range(4)] == [False, False, True, True]
    draw = Draw(plan(each=1))
    assert [met(draw, path) for path in "aab".replace("a", "/a ").replace("b", "/b").split()] == [True, False, True]
    draw = Draw(plan(times=2))
    assert [met(draw, path) for path in PATHS[:4]] == [True, True, False, False]


def test_what_was_not_shown_does_not_count() -> None:
    draw = Draw(plan(times=1))
    assert draw.meets(0, draw.asked("/a", NONE))
    assert draw.meets(0, draw.asked("/a", NONE))


def test_path_and_symbol_choose_the_requests() -> None:
    draw = Draw(plan(path="/fapi/v1/klines", symbol="AUSDT"))
    assert met(draw, "/fapi/v1/klines", params=QueryParams("symbol=AUSDT"))
    assert met(draw, "/fapi/v1/klines", params=QueryParams("pair=AUSDT"))
    assert not met(draw, "/fapi/v1/klines", params=QueryParams("symbol=BUSDT"))
    assert not met(draw, "/fapi/v1/klines")
    assert not met(draw, "/fapi/v1/time", params=QueryParams("symbol=AUSDT"))
