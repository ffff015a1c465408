"""What a client sees of every fault, through the middleware; connections that break need a real server."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from include.config.settings import load_settings
from tests.support.sandbox import running_sandbox

KLINES = "/fapi/v1/klines"
PARAMS = {"symbol": "BTCUSDT", "interval": "4h", "limit": "6"}
ETH = PARAMS | {"symbol": "ETHUSDT"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERPETUA_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
        with running_sandbox(load_settings()) as (url, _), httpx.Client(base_url=url, timeout=5) as client:
            yield client


@pytest.fixture
def client(sandbox: httpx.Client) -> Iterator[httpx.Client]:
    yield sandbox
    sandbox.delete("/sandbox/faults")


def plan(client: httpx.Client, *rules: dict[str, Any], seed: int = 1) -> None:
    assert client.put("/sandbox/faults", json={"seed": seed, "rules": rules}).status_code == 200


def log(client: httpx.Client) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get("/sandbox/faults/log").json()["entries"]
    return entries


@pytest.mark.parametrize(
    ("rule", "status", "begin"),
    [
        ({"fault": "rate_limited", "seconds": 7}, 429, '{"code":-1003'),
        ({"fault": "banned", "seconds": 0.05}, 418, '{"code":-1003'),
        ({"fault": "server_error"}, 503, "upstream"),
        ({"fault": "server_error", "status": 500}, 500, "upstream"),
        ({"fault": "blocked"}, 451, '{"code":0,"msg":"Service unavailable from a restricted location'),
        ({"fault": "maintenance"}, 503, '{"code":1,"msg":"System is under maintenance."'),
        ({"fault": "html"}, 200, "<html>"),
        ({"fault": "null"}, 200, "null"),
    ],
)
def test_an_answer_is_replaced_once_and_logged(
    client: httpx.Client, rule: dict[str, Any], status: int, begin: str
) -> None:
    plan(client, rule | {"path": KLINES, "symbol": "BTCUSDT", "times": 1})
    assert client.get(KLINES, params=ETH).status_code == 200
    answer = client.get(KLINES, params=PARAMS)
    assert (answer.status_code, answer.text[: len(begin)]) == (status, begin)
    (entry,) = log(client)
    assert (entry["number"], entry["fault"], entry["rule"], entry["path"]) == (1, rule["fault"], 0, KLINES)
    assert entry["params"] == PARAMS


def test_the_wait_is_named(client: httpx.Client) -> None:
    plan(client, {"fault": "rate_limited", "path": KLINES, "seconds": 7})
    assert client.get(KLINES, params=PARAMS).headers["Retry-After"] == "7"


def test_a_ban_holds_for_everything_of_the_venue_and_every_request_of_it_is_logged(client: httpx.Client) -> None:
    plan(client, {"fault": "banned", "path": KLINES, "seconds": 60, "times": 1})
    assert client.get("/fapi/v1/time").status_code == 200
    assert client.get(KLINES, params=PARAMS).status_code == 418
    banned = client.get("/fapi/v1/time")
    assert (banned.status_code, banned.headers["Retry-After"]) == (418, "60")
    assert client.get("/v5/market/time").status_code == 200
    assert client.get("/fng/").status_code == 200
    assert [(entry["fault"], entry["rule"]) for entry in log(client)] == [("banned", 0), ("banned", None)]


def test_bybit_words_its_refusals_in_its_own_way(client: httpx.Client) -> None:
    kline = {"category": "linear", "symbol": "BTCUSDT", "interval": "240"}
    for fault, code in (("rate_limited", 10006), ("maintenance", 10016)):
        plan(client, {"fault": fault})
        assert client.get("/v5/market/kline", params=kline).json()["retCode"] == code
    plan(client, {"fault": "banned"})
    banned = client.get("/v5/market/kline", params=kline)
    assert (banned.status_code, "too frequent" in banned.text) == (403, True)
    plan(client, {"fault": "delisted", "symbol": "BTCUSDT"})
    assert client.get("/v5/market/kline", params=kline).json()["retMsg"] == "params error: Symbol Invalid"
    listed = client.get("/v5/market/instruments-info", params={"category": "linear"}).json()["result"]["list"]
    assert [row["symbol"] for row in listed] == ["ETHUSDT"]


def test_silence_and_broken_connections(client: httpx.Client) -> None:
    plan(client, {"fault": "timeout", "path": KLINES, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        client.get(KLINES, params=PARAMS, timeout=0.2)
    plan(client, {"fault": "reset", "path": KLINES, "times": 1})
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        client.get(KLINES, params=PARAMS)
    plan(client, {"fault": "half_body", "path": KLINES, "times": 1})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get(KLINES, params=PARAMS)
    assert client.get(KLINES, params=PARAMS).status_code == 200


def test_silence_ends_with_the_connection(client: httpx.Client) -> None:
    plan(client, {"fault": "timeout", "path": KLINES, "seconds": 0.1})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get(KLINES, params=PARAMS)


def test_bad_json_is_the_first_half_of_the_true_answer(client: httpx.Client) -> None:
    closed = PARAMS | {"endTime": str(client.get(KLINES, params=PARAMS).json()[-1][0] - 1)}
    true = client.get(KLINES, params=closed).content
    plan(client, {"fault": "bad_json", "path": KLINES})
    answer = client.get(KLINES, params=closed)
    assert answer.status_code == 200
    assert answer.content == true[: len(true) // 2]


def test_spoiled_rows_are_named_in_the_log(client: httpx.Client) -> None:
    true = client.get(KLINES, params=PARAMS).json()
    plan(client, {"fault": "deleted", "path": KLINES})
    spoiled = client.get(KLINES, params=PARAMS).json()
    (entry,) = log(client)
    (gone,) = entry["detail"]["times"]
    assert [row[0] for row in spoiled] == [row[0] for row in true if row[0] != gone]


def test_a_request_meets_one_fault(client: httpx.Client) -> None:
    plan(client, *({"fault": fault, "path": KLINES, "times": 1} for fault in ("nan", "negative", "html", "null")))
    for _ in range(5):
        client.get(KLINES, params=PARAMS)
    assert [entry["fault"] for entry in log(client)] == ["html", "null", "nan", "negative"]


def test_a_frozen_feed_has_nothing_newer_than_its_plan(client: httpx.Client) -> None:
    before = client.get(KLINES, params=PARAMS).json()
    plan(client, {"fault": "frozen"})
    client.post("/sandbox/advance", json={"by": "8h"})
    assert [row[0] for row in client.get(KLINES, params=PARAMS).json()][-1] == before[-1][0]
    client.delete("/sandbox/faults")
    assert client.get(KLINES, params=PARAMS).json()[-1][0] == before[-1][0] + 2 * 14_400_000


def test_a_delisted_symbol_is_unknown_and_not_listed(client: httpx.Client) -> None:
    plan(client, {"fault": "delisted", "symbol": "BTCUSDT"})
    refused = client.get(KLINES, params=PARAMS)
    assert (refused.status_code, refused.json()["code"]) == (400, -1121)
    assert client.get(KLINES, params=ETH).status_code == 200
    assert [row["symbol"] for row in client.get("/fapi/v1/exchangeInfo").json()["symbols"]] == ["ETHUSDT"]


def test_a_renamed_symbol_goes_on_under_its_new_name(client: httpx.Client) -> None:
    true = client.get(KLINES, params=PARAMS).json()[:-1]
    funding = client.get("/fapi/v1/fundingRate", params={"symbol": "BTCUSDT"}).json()
    plan(client, {"fault": "renamed", "symbol": "BTCUSDT", "to": "XBTUSDT"})
    assert client.get(KLINES, params=PARAMS).json()["code"] == -1121
    assert client.get(KLINES, params=PARAMS | {"symbol": "XBTUSDT"}).json()[:-1] == true
    renamed = client.get("/fapi/v1/fundingRate", params={"symbol": "XBTUSDT"}).json()
    assert renamed == [row | {"symbol": "XBTUSDT"} for row in funding]
    listed = {row["symbol"]: row["baseAsset"] for row in client.get("/fapi/v1/exchangeInfo").json()["symbols"]}
    assert listed == {"XBTUSDT": "XBT", "ETHUSDT": "ETH"}


def test_the_exchanges_clock_goes_wrong(client: httpx.Client) -> None:
    true = client.get("/fapi/v1/time").json()["serverTime"]
    true_bybit = client.get("/v5/market/time").json()
    plan(client, {"fault": "clock_skew", "seconds": -3600})
    told = client.get("/fapi/v1/time").json()["serverTime"]
    assert true - 3_600_000 <= told < true - 3_500_000
    bybit = client.get("/v5/market/time").json()
    assert int(bybit["result"]["timeSecond"]) < int(true_bybit["result"]["timeSecond"]) - 3_500
    assert bybit["time"] < true_bybit["time"] - 3_500_000


def test_the_sandbox_itself_and_slack_are_spared(client: httpx.Client) -> None:
    plan(client, {"fault": "server_error"})
    assert client.get("/health").status_code == 200
    assert client.get("/").status_code == 200
    assert client.post("/api/auth.test", headers={"authorization": "Bearer xoxb-1"}).json()["ok"]
    assert client.get("/fng/").status_code == 503
