"""The checks as they are posted: one line in the channel, everything else in its thread, sign-offs behind them."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from include.config.settings import Settings, load_settings
from include.config.system import load_system
from include.core.checks import Severity
from include.core.errors import InvalidInputError, PerpetuaError
from include.core.slots import CHECK_TITLES, CheckSlot
from include.orchestration import check_stages
from include.reporting.check_log import check_days, checks_of
from include.reporting.sign_offs import SignOff, sign_offs
from include.training.runs import write_config
from tests.support.sandbox import running_sandbox
from tests.unit.training.builders import add_checkpoint, write_run_folder

Replies = dict[str, list[dict[str, Any]]]


@pytest.fixture
def deployed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Yield settings whose Slack is a running sandbox."""
    with running_sandbox(settings.model_copy(update={"universe_source": "BTC/USDT:USDT"})) as sandbox:
        monkeypatch.setenv("PERPETUA_SANDBOX_PORT", str(sandbox.settings.sandbox_port))
        yield load_settings()


@pytest.fixture
def run(settings: Settings) -> Path:
    """Return the folder of a finished, healthy run."""
    updates = [{"timestep": 200_000 + 2048 * place, "reward": float(place)} for place in range(30)]
    folder = write_run_folder(settings.home.run("r"), updates, [{}] * 20, status="finished", timesteps=500_000)
    write_config(folder, load_system("phase4"))
    add_checkpoint(folder, 500_000)
    return folder


def asked(settings: Settings, method: str, **params: str) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"{settings.sandbox_url}/api/conversations.{method}",
        params={"channel": settings.slack_channel, **params},
        headers={"Authorization": "Bearer xoxb-sandbox"},
    )
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


def signed(settings: Settings) -> list[SignOff]:
    return sign_offs(settings.home, settings.campaign.name)


@pytest.mark.parametrize(
    ("hour", "slot"),
    [
        (10, "standup"),
        (13, "standup"),
        (14, "convergence"),
        (18, "snapshot"),
        (22, "checkpoints"),
        (23, "checkpoints"),
        (3, "checkpoints"),
    ],
)
def test_an_instant_belongs_to_the_newest_check_that_began(settings: Settings, hour: int, slot: str) -> None:
    assert check_stages.slot_at(settings, datetime(2026, 2, 24, hour, 30, tzinfo=UTC)) == slot


@pytest.mark.parametrize(
    ("clock", "slot"),
    [
        ("10:00", "pre-revalidation"),
        ("14:00", "pre-revalidation"),
        ("16:00", "decision-report"),
        ("16:15", "review"),
        ("16:30", "escalation"),
        ("23:00", "escalation"),
        ("09:00", "escalation"),
    ],
)
def test_an_instant_belongs_to_the_newest_step_of_the_revalidation_day(
    settings: Settings, clock: str, slot: str
) -> None:
    instant = datetime.fromisoformat(f"2026-02-27T{clock}:00+00:00")
    assert check_stages.revalidation_slot_at(settings, instant) == slot


def test_an_unknown_check_is_refused(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match=r"`slot` must be one of standup, .*, escalation, was 'lunch'"):
        check_stages.checked(settings, "lunch")


def test_a_check_stays_readable_when_slack_is_down(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_SLACK_URL", "http://127.0.0.1:9")  # nobody listens there
    down = load_settings()
    with suppress(PerpetuaError):
        check_stages.check(down, "standup")
    (day,) = check_days(down.home)
    (kept,), _ = checks_of(down.home, day)
    assert (kept.slot, kept.title, kept.run_id) == ("standup", "Morning standup", None)
    assert kept.lines[0] == "No run of phase4 yet. Next step: train one."
    assert not kept.is_posted


def test_the_four_checks_of_a_day_are_a_line_each_with_their_fields_and_sign_off_the_monitoring(
    deployed: Settings, run: Path
) -> None:
    for slot in get_args(CheckSlot):
        assert signed(deployed) == []
        posted = check_stages.check(deployed, slot, signed_by="ada")
        assert not [line for line in posted["lines"] if "CRITICAL" in line]
    (day,) = asked(deployed, "history")
    told = asked(deployed, "replies", ts=day["ts"])[1:]
    figures = [message for message in told if message.get("files")]
    lines = [message for message in told if " · OK · " in message["text"] or ": OK · " in message["text"]]
    assert [message["text"].split(":")[0] for message in lines] == list(CHECK_TITLES.values())
    assert all(len(message["blocks"]) == 1 for message in lines)
    assert [message["text"] for message in told if message not in lines + figures] == list(CHECK_TITLES.values())
    assert [message["files"][0]["name"].split("-")[0] for message in figures] == ["snapshot"]
    (done,) = signed(deployed)
    assert (done.phase, done.status, done.signed_by) == ("daily_monitoring", "done", "ada")
    assert done.note.startswith("The four checks of 20")


@pytest.mark.parametrize("slot", ["decision-report", "review", "escalation"])
def test_without_a_result_each_step_of_the_day_says_so_to_the_whole_channel(deployed: Settings, slot: str) -> None:
    posted = check_stages.check(deployed, slot)
    assert not posted["passed"]
    (message,) = [message for message in asked(deployed, "history") if message["ts"] == posted["ts"]]
    assert "NO RESULT" in message["text"]
    assert "revalidation_missing" in str(message["blocks"])
    assert "docs/runbook.md#revalidation_missing" in str(message["blocks"])


def test_a_blocked_checklist_is_signed_off_as_refused_with_its_blockers(deployed: Settings) -> None:
    posted = check_stages.check(deployed, "pre-training", signed_by="ada")
    assert posted["lines"][-1] == "STATUS: ❌ BLOCKED"
    (done,) = signed(deployed)
    assert (done.phase, done.status, done.signed_by) == ("pre_training", "refused", "ada")
    assert done.note.startswith("BLOCKED, pre-training phase4: training_data")
    (message,) = [message for message in asked(deployed, "history") if message["ts"] == posted["ts"]]
    assert "Pre-training checklist of phase4: BLOCKED" in message["text"]


def test_alerts_stand_in_the_channel_with_cause_remedy_and_runbook(deployed: Settings, settings: Settings) -> None:
    write_run_folder(settings.home.run("r"), [{"approx_kl": 0.2}], status="finished", timesteps=500_000)
    posted = check_stages.check(deployed, "convergence")
    (message,) = [message for message in asked(deployed, "history") if message["ts"] == posted["ts"]]
    text = str(message["blocks"])
    for part in ("*kl_divergence*", "*Possible causes*", "*Actions*", "docs/runbook.md#kl_divergence", "*Next step*"):
        assert part in text
    report = check_stages.checked(deployed, "convergence").report
    assert [one.name for one in report.failures if one.severity is Severity.CRITICAL] == ["kl_divergence"]


@pytest.mark.parametrize(
    "damage", [lambda run: None, lambda run: (run / "logs/training_metrics.csv").write_text("a,b")]
)
def test_a_snapshot_without_curves_is_told_all_the_same(deployed: Settings, settings: Settings, damage: Any) -> None:
    folder = write_run_folder(settings.home.run("r"), status="finished")
    write_config(folder, load_system("phase4"))
    damage(folder)
    assert check_stages.check(deployed, "snapshot")["ts"] is not None
