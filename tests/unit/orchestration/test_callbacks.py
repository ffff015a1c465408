import logging
from types import SimpleNamespace

import httpx
import pytest

from include.alerts.delivery import undelivered
from include.config.settings import Settings
from include.core.checks import CheckReport, CheckResult
from include.core.errors import BlockedError, DataQualityError, TransientError
from include.orchestration.callbacks import failure_message, report_failure
from include.orchestration.links import Links
from tests.support.sandbox import running_sandbox

TASK = SimpleNamespace(
    dag_id="market_data",
    task_id="lake.validate",
    run_id="scheduled__2026-03-01T00:02:00+00:00",
    map_index=-1,
    try_number=1,
)
BROKEN = CheckReport(
    subject="batch b",
    results=(CheckResult(name="schema_candles", passed=False, message="high is below low in 3 rows"),),
)


def posted(settings: Settings, error: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> str:
    small = settings.model_copy(update={"universe_source": "BTC/USDT:USDT"})
    with running_sandbox(small) as (base_url, served):
        monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(served.sandbox_port))
        report_failure({"ti": TASK, "exception": error})
        answer = httpx.get(
            f"{base_url}/api/conversations.history",
            params={"channel": served.slack_channel},
            headers={"Authorization": "Bearer xoxb-sandbox"},
        )
    return answer.text


def test_failed_data_checks_reach_slack_as_their_report(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = posted(settings, DataQualityError("not published", BROKEN), monkeypatch)
    assert "high is below low in 3 rows" in channel
    assert "schema_candles" in channel
    assert "market_data" in channel


def test_a_data_quality_error_without_a_report_reaches_slack_too(settings, monkeypatch) -> None:
    assert "no symbol has enough candles" in posted(
        settings, DataQualityError("no symbol has enough candles"), monkeypatch
    )


def test_any_other_error_reaches_slack_with_the_way_to_its_log(settings, monkeypatch) -> None:
    channel = posted(settings, TransientError("the exchange is away"), monkeypatch)
    assert "TransientError: the exchange is away" in channel
    assert "/dags/market_data/runs/scheduled__2026-03-01T00%3A02%3A00%2B00%3A00/tasks/lake.validate" in channel


def test_a_task_that_was_killed_is_reported_as_such(settings, monkeypatch) -> None:
    assert "its process may have been killed" in posted(settings, None, monkeypatch)


def test_instances_of_a_mapped_task_are_told_apart(settings: Settings) -> None:
    second = SimpleNamespace(**{**vars(TASK), "map_index": 1})
    messages = [failure_message(task, None, Links(settings)) for task in (TASK, second)]
    assert "market_data.lake.validate[1]" in messages[1].text
    assert messages[0].key != messages[1].key


def test_a_cleared_task_that_fails_again_is_told_again(settings: Settings) -> None:
    again = SimpleNamespace(**{**vars(TASK), "try_number": 2})
    for error in (None, DataQualityError("x", BROKEN)):
        first, second = (failure_message(task, error, Links(settings)) for task in (TASK, again))
        assert first.key != second.key


def test_a_checklist_that_blocked_was_posted_already(settings, monkeypatch) -> None:
    assert "disk" not in posted(settings, BlockedError("disk"), monkeypatch)


def test_nothing_that_goes_wrong_while_telling_hides_the_failure(settings, caplog) -> None:
    nameless = SimpleNamespace(dag_id="a", task_id="b")
    report_failure({"ti": nameless, "exception": TransientError("x")})
    assert "The failure of a.b could not be told" in caplog.text
    assert "AttributeError" in caplog.text


def test_a_slack_that_is_away_is_logged_and_hides_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PERPETUA_SANDBOX_PORT", "1")
    with caplog.at_level(logging.ERROR):
        report_failure({"ti": TASK, "exception": DataQualityError("x", BROKEN)})
    assert "has not reached Slack" in caplog.text
    assert len(undelivered(settings.home)) == 2  # the message and the first of its thread
