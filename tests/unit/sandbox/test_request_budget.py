import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from include.sandbox.request_budget import Limits, Patience, Rate, RequestBudget, Window
from tests.unit.sandbox.recordings import ask_app

NOW_MS = 1_700_000_000_000
PATHS = ("/fapi/v1/time", "/fapi/v1/klines", "/fapi/v1/fundingRate", "/futures/data/basis", "/fng/", "/v5/market/time")


class Wall:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 600.0

    def __call__(self) -> float:
        return self.seconds


async def answer(_: Request) -> JSONResponse:
    return JSONResponse({})


def limited(wall: Wall, limits: Limits | None = None) -> RequestBudget:
    app = Starlette(routes=[Route(path, answer) for path in PATHS])
    return RequestBudget(app, limits or Limits(), lambda: NOW_MS, wall)


def test_the_default_limits_are_the_exchanges_own() -> None:
    limits = Limits()
    assert limits.weight == Rate(2400, 60)
    assert limits.funding == Rate(500, 300)
    assert limits.statistics == Rate(1000, 300)
    assert limits.bybit == Rate(600, 5)


def test_used_weight_adds_up_within_a_minute_and_starts_again_with_the_next() -> None:
    wall = Wall()
    app = limited(wall)
    used = [ask_app(app, "/fapi/v1/klines", limit=499).headers["X-MBX-USED-WEIGHT-1M"] for _ in range(3)]
    assert used == ["2", "4", "6"]
    wall.seconds += 60
    assert ask_app(app, "/fapi/v1/time").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_beyond_the_limit_requests_are_refused_until_the_minute_is_over() -> None:
    wall = Wall()
    app = limited(wall, Limits(weight=Rate(10, 60)))
    assert [ask_app(app, "/fapi/v1/klines").status_code for _ in range(3)] == [200, 200, 429]
    wall.seconds += 20
    refused = ask_app(app, "/fapi/v1/time")
    assert refused.status_code == 429
    assert refused.json()["code"] == -1003
    assert 40 <= int(refused.headers["Retry-After"]) <= 41
    wall.seconds += int(refused.headers["Retry-After"])
    assert ask_app(app, "/fapi/v1/time").status_code == 200


@pytest.mark.parametrize(
    ("path", "limits"),
    [
        ("/fapi/v1/fundingRate", Limits(funding=Rate(5, 300))),
        ("/futures/data/basis", Limits(statistics=Rate(5, 300))),
    ],
)
def test_funding_and_statistics_have_limits_of_their_own_over_five_minutes(path: str, limits: Limits) -> None:
    wall = Wall()
    app = limited(wall, limits)
    assert [ask_app(app, path).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = ask_app(app, path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "301")
    assert ask_app(app, "/fapi/v1/time").status_code == 200
    wall.seconds += 300
    assert ask_app(app, path).status_code == 200


def test_who_goes_on_after_refusals_is_banned_from_everything_until_the_ban_is_over() -> None:
    wall = Wall()
    app = limited(wall, Limits(weight=Rate(0, 60), refusals_before_ban=2, ban_seconds=90))
    assert [ask_app(app, "/fapi/v1/time").status_code for _ in range(4)] == [429, 429, 429, 418]
    banned = ask_app(app, "/futures/data/basis")
    assert (banned.status_code, banned.json()["code"], banned.headers["Retry-After"]) == (418, -1003, "91")
    assert f"banned until {round((wall.seconds + 91) * 1000)}" in banned.json()["msg"]
    wall.seconds += 91
    assert ask_app(app, "/futures/data/basis").status_code == 200
    assert ask_app(app, "/fapi/v1/time").status_code == 429


def test_a_request_within_the_limits_makes_refusals_forgotten() -> None:
    wall = Wall()
    patience = Patience(Limits(refusals_before_ban=1, ban_seconds=5), wall)
    patience.refuse()
    patience.forgive()
    patience.refuse()
    assert patience.seconds_banned() == 0
    patience.refuse()
    assert patience.seconds_banned() == 6


def test_bybit_refuses_in_its_envelope_and_says_when_to_come_back() -> None:
    wall = Wall()
    wall.seconds = 602.0
    app = limited(wall, Limits(bybit=Rate(2, 5)))
    first = ask_app(app, "/v5/market/time")
    assert (first.headers["X-Bapi-Limit"], first.headers["X-Bapi-Limit-Status"]) == ("2", "1")
    assert first.headers["X-Bapi-Limit-Reset-Timestamp"] == str(NOW_MS)
    ask_app(app, "/v5/market/time")
    refused = ask_app(app, "/v5/market/time")
    assert (refused.status_code, refused.json()["retCode"]) == (200, 10006)
    # three seconds of the window are left, and one more to be sure
    assert refused.headers["X-Bapi-Limit-Reset-Timestamp"] == str(NOW_MS + 4000)
    assert ask_app(app, "/fapi/v1/time").status_code == 200
    wall.seconds += 4
    assert ask_app(app, "/v5/market/time").json() == {}


def test_bybit_shuts_out_who_goes_on() -> None:
    wall = Wall()
    app = limited(wall, Limits(bybit=Rate(0, 5), refusals_before_ban=1, ban_seconds=600))
    assert [ask_app(app, "/v5/market/time").status_code for _ in range(3)] == [200, 200, 403]
    assert "access too frequent" in ask_app(app, "/v5/market/time").text
    assert ask_app(app, "/fapi/v1/time").status_code == 200


def test_other_systems_are_not_counted() -> None:
    app = limited(Wall(), Limits(weight=Rate(0, 60), bybit=Rate(0, 5)))
    answered = ask_app(app, "/fng/")
    assert answered.status_code == 200
    assert "X-MBX-USED-WEIGHT-1M" not in answered.headers


def test_a_window_knows_when_it_ends() -> None:
    wall = Wall()
    wall.seconds = 659.5
    window = Window(Rate(5, 60), wall)
    assert window.take(5)
    assert not window.take(1)
    assert window.seconds_left() == 1
