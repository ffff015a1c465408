import socket
from datetime import datetime, timedelta

import httpx
import pytest

from include.config.settings import Settings, load_settings
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import wall_now
from include.core.locks import only_process
from include.orchestration import doctor
from include.orchestration.stack import lock_of, ports
from tests.support.sandbox import running_sandbox


def found(report: CheckReport) -> dict[str, CheckResult]:
    return {result.name: result for result in report.results}


@pytest.fixture
def outside(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    with running_sandbox(settings) as sandbox:
        monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(httpx.URL(sandbox.base_url).port))
        yield sandbox


def test_a_deployment_that_is_not_up_is_looked_at_without_its_outside_world() -> None:
    seen = found(doctor.examine(load_settings()))
    assert "is not running" in seen["sandbox"].message
    assert seen["configuration"].passed
    assert "62 symbols" in seen["configuration"].message
    assert "exchange" not in seen


def test_the_whole_outside_world_is_asked(outside) -> None:
    report = doctor.examine(load_settings())
    seen = found(report)
    for name in ("exchange", "fear_greed", "fred", "slack", "undelivered_messages", "champions", "packages"):
        assert seen[name].passed, seen[name].message
    assert "every scope it needs" in seen["slack"].message
    assert "running sandbox" in seen["port_sandbox"].message


@pytest.mark.parametrize(("kind", "word"), [("invalid_auth", "PERPETUA_SLACK_TOKEN"), ("missing_scope", "chat:write")])
def test_what_slack_refuses_is_critical_and_names_its_remedy(outside, kind: str, word: str) -> None:
    httpx.post(f"{outside.base_url}/sandbox/slack/faults", json={"kind": kind}).raise_for_status()
    report = doctor.examine(load_settings())
    assert not report.passed
    assert word in found(report)["slack"].message


def test_a_channel_that_is_not_there_is_named(outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SLACK_CHANNEL", "#nowhere")
    message = found(doctor.examine(load_settings()))["slack"].message
    assert "#nowhere" in message
    assert "/invite" in message


def test_a_taken_port_names_its_setting_unless_our_own_stack_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        monkeypatch.setenv("PERPETUA_AIRFLOW_PORT", str(holder.getsockname()[1]))
        settings = load_settings()
        taken = found(doctor.examine(settings))["port_airflow"]
        assert not taken.passed
        assert "PERPETUA_AIRFLOW_PORT" in taken.message
        with only_process(lock_of(settings), "runs", "stop it"):
            seen = found(doctor.examine(settings))
        assert "port_airflow" not in seen
        assert "holds its ports" in seen["ports"].message
    assert len(ports(settings)) == 5


@pytest.mark.parametrize(
    ("seconds", "passed", "severity"),
    [(1, True, Severity.WARNING), (10, False, Severity.WARNING), (-90, False, Severity.CRITICAL)],
)
def test_a_wrong_clock_is_found(
    monkeypatch: pytest.MonkeyPatch, seconds: int, passed: bool, severity: Severity
) -> None:
    now = datetime.fromisoformat("2026-02-23T10:00:00+00:00")
    monkeypatch.setattr(doctor, "wall_now", lambda: now)
    monkeypatch.setenv("PERPETUA_MODE", "live")
    result = doctor._skew(load_settings(), now + timedelta(seconds=seconds))
    assert (result.passed, result.severity) == (passed, severity)
    assert ("Hint" in result.message) is not passed


def test_the_virtual_clock_of_the_sandbox_is_not_compared() -> None:
    result = doctor._skew(load_settings(), wall_now() - timedelta(days=99))
    assert result.passed
    assert "virtual" in result.message


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda name: "0.0.1" if name == "ccxt" else _installed(name))
    result = doctor._packages()
    assert not result.passed
    assert "ccxt 0.0.1 instead of" in result.message
    assert "make setup" in result.message


def _installed(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def test_a_damaged_champion_is_critical(settings: Settings) -> None:
    settings.home.champion("phase4").parent.mkdir(parents=True)
    settings.home.champion("phase4").write_text("{", encoding="utf-8")
    report = doctor.examine(settings)
    assert not report.passed
    assert not found(report)["champions"].passed
