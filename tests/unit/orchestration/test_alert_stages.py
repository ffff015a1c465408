from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from include.alerts.delivery import deliver, undelivered
from include.alerts.message import Message
from include.config.settings import Settings, load_settings
from include.core.errors import InvalidInputError, UndeliveredError
from include.orchestration import alert_stages
from include.orchestration.callbacks import report_failure
from tests.support.sandbox import RunningSandbox, running_sandbox

HELLO = Message(text="hello", key="hello")


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT")
    with running_sandbox(load_settings()) as running:
        yield running


def away(settings: Settings) -> Settings:
    return settings.model_copy(update={"slack_url": "http://127.0.0.1:9"})


def elsewhere(settings: Settings) -> Settings:
    return settings.model_copy(update={"slack_channel": "#elsewhere"})


def test_with_nothing_to_say_nothing_is_made(settings: Settings) -> None:
    assert alert_stages.deliver_alerts(settings) == {"sent": 0, "waiting": 0, "refused": 0}
    assert not settings.home.alerts.exists()


def test_what_waits_is_sent_and_counted(slack: RunningSandbox) -> None:
    deliver(away(slack.settings), HELLO)
    (row,) = alert_stages.waiting_alerts(slack.settings)
    assert (row["state"], row["message"]) == ("pending", "hello")
    assert "could not be reached" in row["why"]
    assert alert_stages.flush_alerts(slack.settings) == []
    assert alert_stages.waiting_alerts(slack.settings) == []


def test_an_outage_is_no_failure_and_a_refusal_is_one_until_a_person_mended_it(slack: RunningSandbox) -> None:
    deliver(away(slack.settings), HELLO)
    assert alert_stages.deliver_alerts(away(slack.settings)) == {"sent": 0, "waiting": 1, "refused": 0}
    deliver(elsewhere(slack.settings), HELLO)
    for _ in range(2):
        with pytest.raises(UndeliveredError, match=r"refuses 1 of 1 .*#elsewhere.*channel_not_found.*alerts flush"):
            alert_stages.deliver_alerts(slack.settings)
    assert alert_stages.flush_alerts(slack.settings) == []
    assert alert_stages.deliver_alerts(slack.settings) == {"sent": 0, "waiting": 0, "refused": 0}


def test_what_can_never_be_sent_is_no_failure_and_can_be_dropped(slack: RunningSandbox) -> None:
    deliver(slack.settings, Message(text="a", blocks=({"type": "unheard_of"},), key="a"))
    assert alert_stages.deliver_alerts(slack.settings) == {"sent": 0, "waiting": 0, "refused": 1}
    assert alert_stages.drop_alert(slack.settings, "a") == []
    deliver(slack.settings, HELLO)
    for key in ("a", "hello"):
        with pytest.raises(InvalidInputError, match=rf"has not reached Slack, was '{key}'.*alerts list"):
            alert_stages.drop_alert(slack.settings, key)
    deliver(away(slack.settings), Message(text="b", key="b"))
    assert alert_stages.drop_alert(slack.settings, "b") == []
    assert alert_stages.flush_alerts(slack.settings) == []


def test_that_slack_refuses_is_not_told_in_slack(slack: RunningSandbox) -> None:
    report_failure({"ti": SimpleNamespace(dag_id="deliver_alerts"), "exception": UndeliveredError("refused")})
    assert undelivered(slack.settings.home) == []
