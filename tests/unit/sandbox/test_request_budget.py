import pytest
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from include.sandbox.request_budget import FUNDING_REQUESTS_PER_WINDOW, RequestBudget, Window, weight_of
from tests.unit.sandbox.recordings import ask_app


class Wall:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 600.0

    def __call__(self) -> float:
        return self.seconds


async def answer(_: Request) -> JSONResponse:
    return JSONResponse({})


def limited(weight: int, wall: Wall) -> RequestBudget:
    paths = ("/fapi/v1/time", "/fapi/v1/klines", "/fapi/v1/fundingRate", "/fng/")
    return RequestBudget(Starlette(routes=[Route(path, answer) for path in paths]), weight, wall)


@pytest.mark.parametrize(
    ("path", "query", "weight"),
    [
        ("/fapi/v1/klines", "limit=99", 1),
        ("/fapi/v1/klines", "limit=100", 2),
        ("/fapi/v1/klines", "limit=499", 2),
        ("/fapi/v1/klines", "limit=500", 5),
        ("/fapi/v1/klines", "", 5),
        ("/fapi/v1/klines", "limit=1000", 5),
        ("/fapi/v1/klines", "limit=1500", 10),
        ("/fapi/v1/klines", "limit=many", 5),
        ("/fapi/v1/time", "", 1),
        ("/fapi/v1/fundingRate", "limit=1000", 0),
        ("/fapi/v1/premiumIndex", "symbol=BTCUSDT", 1),
        ("/fapi/v1/premiumIndex", "", 10),
    ],
)
def test_a_request_weighs_what_the_exchange_says(path: str, query: str, weight: int) -> None:
    assert weight_of(path, QueryParams(query)) == weight


def test_used_weight_adds_up_within_a_minute_and_starts_again_with_the_next() -> None:
    wall = Wall()
    app = limited(2400, wall)
    used = [ask_app(app, "/fapi/v1/klines", limit=499).headers["X-MBX-USED-WEIGHT-1M"] for _ in range(3)]
    assert used == ["2", "4", "6"]
    wall.seconds += 60
    assert ask_app(app, "/fapi/v1/time").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_beyond_the_limit_requests_are_refused_until_the_minute_is_over() -> None:
    wall = Wall()
    app = limited(10, wall)
    assert [ask_app(app, "/fapi/v1/klines").status_code for _ in range(3)] == [200, 200, 429]
    wall.seconds += 20
    refused = ask_app(app, "/fapi/v1/time")
    assert refused.status_code == 429
    assert refused.json()["code"] == -1003
    assert 40 <= int(refused.headers["Retry-After"]) <= 41
    wall.seconds += int(refused.headers["Retry-After"])
    assert ask_app(app, "/fapi/v1/time").status_code == 200


def test_funding_requests_have_a_limit_of_their_own_over_five_minutes() -> None:
    wall = Wall()
    app = limited(2400, wall)
    statuses = [ask_app(app, "/fapi/v1/fundingRate").status_code for _ in range(FUNDING_REQUESTS_PER_WINDOW + 1)]
    assert statuses.count(200) == 500
    refused = ask_app(app, "/fapi/v1/fundingRate")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "301")
    wall.seconds += 300
    assert ask_app(app, "/fapi/v1/fundingRate").status_code == 200


def test_other_systems_are_not_counted() -> None:
    app = limited(0, Wall())
    answered = ask_app(app, "/fng/")
    assert answered.status_code == 200
    assert "X-MBX-USED-WEIGHT-1M" not in answered.headers


def test_a_window_knows_when_it_ends() -> None:
    wall = Wall()
    wall.seconds = 659.5
    window = Window(5, 60, wall)
    assert window.take(5)
    assert not window.take(1)
    assert window.seconds_left() == 1
