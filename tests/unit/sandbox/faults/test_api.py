from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from include.config.settings import load_settings
from include.core.errors import ConfigurationError
from include.sandbox.app import create_app
from tests.support.sandbox import running_sandbox

PLAN = "seed: 3\nrules:\n  - {fault: html, path: /fng/, times: 2}\n"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with running_sandbox(load_settings()) as (url, _), httpx.Client(base_url=url) as client:
        yield client


def test_a_plan_is_put_in_force_counted_and_ended(client: httpx.Client) -> None:
    assert client.get("/sandbox/faults").json() == {"plan": {}, "counts": {}}
    client.put("/sandbox/faults", content=PLAN)
    assert [client.get("/fng/").text[:6] == "<html>" for _ in range(3)] == [True, True, False]
    state = client.get("/sandbox/faults").json()
    assert state == {
        "plan": {"seed": 3, "rules": [{"fault": "html", "path": "/fng/", "times": 2}]},
        "counts": {"html": 2},
    }
    assert client.delete("/sandbox/faults").json() == {"plan": {}, "counts": {"html": 2}}
    assert [entry["number"] for entry in client.get("/sandbox/faults/log").json()["entries"]] == [1, 2]


def test_a_broken_plan_is_refused_and_the_old_one_stays(client: httpx.Client) -> None:
    client.put("/sandbox/faults", content=PLAN)
    refused = client.put("/sandbox/faults", content="rules: [{fault: gremlins}]")
    assert refused.status_code == 400
    assert "must be one of rate_limited" in refused.json()["error"]
    assert client.put("/sandbox/faults", content=b"\xff\xfe").status_code == 400
    assert client.get("/sandbox/faults").json()["plan"]["seed"] == 3


def test_a_plan_can_be_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.setenv("PERPETUA_SANDBOX_FAULTS", str(tmp_path / "plan.yaml"))
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with running_sandbox(load_settings()) as (url, _):
        assert httpx.get(f"{url}/fng/").text.startswith("<html>")


def test_a_setting_that_names_no_plan_is_refused_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_FAULTS", str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigurationError, match=r"none.yaml` does not exist"):
        create_app(load_settings())
