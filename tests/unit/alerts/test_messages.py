import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.alerts import messages
from include.alerts.incidents import Incident, Standing
from include.alerts.message import MAX_CHARACTERS, MAX_TEXT, Message, buttons, compose, link, section
from include.alerts.messages import (
    MAX_ALERTS,
    answered,
    data_quality,
    slot,
    slot_details,
    slot_key,
    task_failed,
    training_started,
    training_summary,
    verdict,
)
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.slots import EVERY_SLOT
from include.reporting.decision_bundle import Approval
from include.reporting.retraining import Retraining
from include.sandbox.slack_blocks import check_blocks
from include.sandbox.slack_mrkdwn import EMOJI
from include.training.champion import Champion
from include.training.runs import RunInfo
from include.training.slots import SlotReport
from tests.unit.reporting.results import result_of

PAGE = "https://perpetua.example/quality"
LINKS = {"report": PAGE, "training": PAGE}
NOW = datetime(2026, 2, 27, 16, tzinfo=UTC)
ATTACK = "<!channel> <https://evil.example|x> & *"


def failure(name: str = "no_gaps", severity: Severity = Severity.CRITICAL, message: str = "2 gaps.") -> CheckResult:
    return CheckResult(name=name, passed=False, message=message, severity=severity)


def report_of(*results: CheckResult) -> CheckReport:
    return CheckReport(subject="batch b1", results=(CheckResult(name="fine", passed=True), *results))


def champion_of() -> Champion:
    values: dict[str, Any] = {
        "system": "phase4", "run_id": "new", "dataset_id": "d", "model_sha256": "m", "revalidation_id": "v",
        "result_sha256": "r", "decision": "GO", "approved_by": "carl", "promoted_at": NOW, "tested_until": NOW,
        "expires_at": NOW,
    }  # fmt: skip
    return Champion.model_validate(values | {"history": [values | {"run_id": "old"}]})


def run_of(**changes: Any) -> RunInfo:
    values: dict[str, Any] = {
        "run_id": "phase4-abc-s42", "system": "phase4", "preset": None, "engine": "sb3", "seed": 42,
        "dataset_id": "d" * 16, "best_timestep": 10_240,
        "config_path": "config.json", "config_sha256": "0" * 64, "features": (), "inactive_features": {},
        "observation_size": 12, "actions": 5, "total_timesteps": 20_480, "checkpoint_every_steps": 10_000,
        "started_at": datetime(2026, 2, 23, 10, tzinfo=UTC), "versions": {}, "host": {}, "status": "finished",
        "timesteps": 20_480, "seconds": 125.0, "steps_per_second": 1638.4, "best_score": 0.0312,
    }  # fmt: skip
    return RunInfo.model_validate(values | changes)


def checked(report: SlotReport) -> Message:
    return slot(report, slot_key(report, "2026-02-23"))


def slot_of(
    name: str, *results: CheckResult, lines: tuple[str, ...] = ("Overall Status: OK",), headline: str = "10k of 20k"
) -> SlotReport:
    report = report_of(*results)
    return SlotReport(
        slot=name, title="The check", report=report, headline=headline, lines=lines, run_id="r1", champion=None
    )


def shown(message: Message) -> str:
    """Return everything that a person reads, in order."""
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.extend(str(node[key]) for key in ("text", "url") if isinstance(node.get(key), str))
            for child in node.values():
                walk(child)
        elif isinstance(node, list | tuple):
            for child in node:
                walk(child)

    walk(message.blocks)
    return "\n".join(found)


ALL = {
    "quality": data_quality(report_of(failure(message=ATTACK)), PAGE),
    "start": training_started(run_of(preset=ATTACK), ATTACK),
    "training": training_summary(run_of(error=ATTACK, status="failed"), report_of(failure(message=ATTACK)), ATTACK),
    "slot": checked(slot_of("standup", failure(message=ATTACK), headline=ATTACK)),
    "slot_details": slot_details(slot_of("standup", lines=(ATTACK,)), "key"),
    "verdict": verdict(result_of(notes=(ATTACK,)), {"report": PAGE, "question": ATTACK}, None),
    "task": task_failed("market_data", "fetch", ATTACK, ATTACK, PAGE),
}


@pytest.mark.parametrize("message", ALL.values(), ids=list(ALL))
def test_no_message_mentions_anybody_or_links_where_its_content_says(message: Message) -> None:
    assert "<!channel>" not in shown(message)
    assert "<https://evil.example" not in shown(message)
    assert "&lt;!channel&gt;" in shown(message)


@pytest.mark.parametrize("message", ALL.values(), ids=list(ALL))
def test_slack_accepts_every_message(message: Message) -> None:
    assert check_blocks(list(message.blocks)) == list(message.blocks)
    assert message.text


def test_good_data_is_one_line_with_a_link() -> None:
    message = data_quality(report_of(), PAGE)
    assert len(message.blocks) == 1
    assert shown(message) == f":white_check_mark: *Data quality OK* · 1 check of batch b1 · <{PAGE}|Details>"


def test_bad_data_says_severity_first_then_what_then_the_next_step() -> None:
    message = data_quality(report_of(failure("late", Severity.WARNING, "late."), failure()), PAGE)
    text = shown(message)
    assert text.startswith(":rotating_light: CRITICAL · Data quality: 2 of 3 checks failed")
    assert (
        text.index("*no_gaps* 2 gaps.") < text.index("*late* late.") < text.index("*Next step* Nothing was published")
    )
    assert text.index("Next step") < text.index(PAGE)
    assert message.text == "CRITICAL · Data quality: 2 of 3 checks failed (batch b1)"


@pytest.mark.parametrize("severity", list(Severity))
def test_a_failure_of_every_severity_has_its_line(severity: Severity) -> None:
    failed = failure("frozen_feed").model_copy(update={"severity": severity, "subjects": ("BTC/USDT:USDT",)})
    assert re.search(r":[a-z_]+: \*frozen_feed\* 2 gaps\.", shown(data_quality(report_of(failed), PAGE)))


def test_data_with_warnings_only_was_published() -> None:
    text = shown(data_quality(report_of(failure("late", Severity.WARNING, "late.")), PAGE))
    assert text.startswith(":warning: WARNING")
    assert "The data was published." in text


def test_a_finished_training_names_its_figures_and_the_revalidation_as_next_step() -> None:
    text = shown(training_summary(run_of(), report_of(), "/runs/r1"))
    assert text.startswith(":white_check_mark: Training finished · phase4")
    for part in (
        "20,480 of 20,480",
        "1,638 steps/s in 2 min 05 s",
        "3.12% (best model, step 10,240)",
        "revalidate_model",
    ):
        assert part in text
    assert "since 2026-02-23 10:00 UTC · `/runs/r1`" in text


def test_a_failed_training_is_critical_and_says_how_to_go_on() -> None:
    text = shown(training_summary(run_of(status="failed", error="MemoryError: no"), report_of(), PAGE))
    assert text.startswith(":rotating_light: Training failed")
    assert "MemoryError: no" in text
    assert "Read the error, remove the cause, then: start `train_ppo` with `phase4-abc-s42` under Resume run" in text
    assert f"<{PAGE}|run>" in text


def test_a_stopped_training_says_how_to_go_on() -> None:
    text = shown(training_summary(run_of(status="stopped"), report_of(), PAGE))
    assert "*Next step* Start `train_ppo` with `phase4-abc-s42` under Resume run" in text


def test_the_same_event_has_the_same_key_and_another_event_another() -> None:
    def key(**changes: Any) -> str | None:
        return training_summary(run_of(**changes), report_of(), PAGE).key

    assert key() == key(seconds=126.0)
    assert key() != key(run_id="other")
    assert key() != key(status="failed")
    assert key(status="stopped", timesteps=1) != key(status="stopped", timesteps=2)
    assert verdict(result_of(), {}, None).key == verdict(result_of(), {}, None).key
    assert task_failed("d", "t", "r", "e", PAGE).key != task_failed("d", "t", "r2", "e", PAGE).key


@pytest.mark.parametrize("name", EVERY_SLOT)
def test_a_check_without_alerts_is_one_line(name: str) -> None:
    message = checked(slot_of(name, failure("clip_fraction", Severity.INFO, "low.")))
    assert len(message.blocks) == 1
    assert shown(message) == ":white_check_mark: *The check* · OK · 10k of 20k · run `r1`"


def test_the_lines_of_a_check_are_for_its_thread_paragraph_by_paragraph() -> None:
    lines = (
        "Training status: 10k",
        "Blockers: None",
        "",
        "",
        "GATES",
        "Sharpe ratio     1.25",
        "Calmar ratio     0.10",
    )
    assert "Blockers" not in shown(checked(slot_of("standup", lines=lines)))
    words, columns = slot_details(slot_of("standup", lines=lines), "key").blocks
    assert words["text"]["text"] == "Training status: 10k\nBlockers: None"
    # columns keep their widths only where every character is as wide as the next
    assert columns["text"]["text"] == "```\nGATES\nSharpe ratio     1.25\nCalmar ratio     0.10\n```"


def test_many_lines_are_cut_into_parts_that_slack_takes_and_none_is_lost() -> None:
    lines = tuple(f"{number:03d} " + "<" * 60 for number in range(40))
    message = slot_details(slot_of("standup", lines=lines), "key")
    assert max(len(block["text"]["text"]) for block in message.blocks) <= MAX_TEXT
    assert all(line[:3] in shown(message) for line in lines)


def test_an_alert_names_causes_remedies_and_where_to_begin() -> None:
    alert = failure("kl_divergence", Severity.WARNING, "KL 0.07. Possible causes: too fast. Actions: slow down.")
    text = shown(checked(slot_of("convergence", alert)))
    assert text.startswith(":warning: *The check* · 1 alert in 2 checks · 10k of 20k · run `r1`")
    assert "*kl_divergence* KL 0.07.\n> *Possible causes* too fast.\n> *Actions* slow down." in text
    assert "Before the next check: work through the actions named at `kl_divergence`" in text


def test_a_critical_alert_wants_work_now() -> None:
    text = shown(checked(slot_of("convergence", failure("late", Severity.WARNING), failure("nan", Severity.CRITICAL))))
    assert "Now: see to `nan`." in text
    text = shown(checked(slot_of("convergence", failure("nan", message="Not finite. Actions: reduce the rate."))))
    assert "Now: work through the actions named at `nan`" in text


def test_alerts_beyond_the_first_eight_are_counted() -> None:
    text = shown(checked(slot_of("convergence", *[failure(f"alert_{i}") for i in range(MAX_ALERTS + 2)])))
    assert "*alert_7*" in text
    assert "*alert_8*" not in text
    assert "… and 2 more alerts" in text


@pytest.mark.parametrize(
    ("decision", "emoji", "step"),
    [
        ("GO", ":large_green_circle:", "Ask the CTO for approval"),
        ("PARTIAL-GO", ":large_yellow_circle:", "Manual review"),
        ("NO-GO", ":red_circle:", "Retrain with tuned hyper-parameters"),
    ],
)
def test_a_verdict_says_what_it_means_and_what_to_do(decision: str, emoji: str, step: str) -> None:
    text = shown(verdict(result_of(decision=decision), {"report": PAGE}, None))
    assert text.startswith(f"{emoji} {decision} · phase4 · 2 of 3 gates passed")
    assert f"*Next step* {step}" in text
    assert PAGE in text


def test_a_verdict_leads_to_the_question_or_to_the_training_that_it_asks_for() -> None:
    links = {"report": PAGE, "question": "https://perpetua.example/question", "training": "https://perpetua.example/t"}
    advised = Retraining("small_position", "Max drawdown")
    assert links["question"] in shown(verdict(result_of(decision="GO"), links, advised))
    assert "small_position" not in shown(verdict(result_of(decision="GO"), links, advised))
    refused = shown(verdict(result_of(decision="NO-GO"), {"training": links["training"]}, advised))
    assert "Preset `small_position` of `train_ppo` is for the worst gate, Max drawdown." in refused
    assert links["training"] in refused


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("approve", ("Approved · phase4", "Answered by carl", "Champion: run `new`", "Before it: `old`")),
        ("retrain", ("To be retrained", "Preset `longer`", "Champion: run `new`", "It stays")),
        ("reject", ("Rejected", "Preset `longer`", "It stays")),
        ("expired", ("Expired", "Nobody answered in time", "It stays", "Run `revalidate_model` again")),
    ],
)
def test_an_answer_says_who_why_and_which_model_stands(answer: str, words: tuple[str, ...]) -> None:
    given = Approval(
        bundle_sha256="0" * 64, answer=answer, answered_by="carl", answered_at=NOW, reason=f"because {ATTACK}"
    )
    text = shown(answered(result_of(), given, champion_of(), Retraining("longer", "Win rate"), LINKS))
    for word in words:
        assert word in text
    assert "because &lt;!channel&gt;" in text
    assert "none was ever promoted" not in text
    nobody = shown(answered(result_of(), given, None, None, LINKS))
    assert "No model of it was ever promoted." in nobody


def test_a_verdict_holds_the_gate_table_as_a_monospaced_block_and_the_null_rate() -> None:
    text = shown(verdict(result_of(), {"report": PAGE}, None))
    assert "```\ngate" in text
    assert re.search(r"Sharpe ratio +≥ 1\.00 +1\.25 +pass", text)
    assert "5% of 20 random policies" in text


def test_a_failed_task_names_itself_its_error_and_its_log() -> None:
    text = shown(task_failed("market_data", "lake.fetch", "manual__1", "TransientError: refused", PAGE))
    assert text.startswith(":rotating_light: CRITICAL · Task market_data.lake.fetch failed")
    assert "TransientError: refused" in text
    assert PAGE in text
    assert "`manual__1`" in text


def test_what_was_told_before_takes_one_line_and_what_is_gone_another() -> None:
    opened = datetime(2026, 2, 23, 10, tzinfo=UTC)
    report = slot_of(
        "standup", failure("old", message="Long story. Actions: act."), failure("new", Severity.WARNING, "Short story.")
    )
    before = Standing({"old": Incident("old", opened, 3)}, (Incident("gone", opened, 1),))
    message = slot(report, "key", before)
    text = shown(message)
    assert "*old* still open since 2026-02-23 10:00 UTC, told 3 times" in text
    assert "*gone* resolved, had been open since 2026-02-23 10:00 UTC" in text
    assert "Long story." not in text
    assert "Short story." in text
    assert "2 alerts" in text
    assert "actions named at `old`" in text
    assert not message.is_broadcast  # the critical one was told before
    assert slot(report, "key").is_broadcast


def test_a_check_of_the_same_findings_is_told_once_on_each_occasion() -> None:
    first = slot_of("standup", failure(message="0.11"))
    assert slot_key(first, "2026-02-23") == slot_key(slot_of("standup", failure(message="0.12")), "2026-02-23")
    for other in (slot_of("standup", failure("else")), slot_of("standup"), slot_of("snapshot", failure())):
        assert slot_key(other, "2026-02-23") != slot_key(first, "2026-02-23")
    assert slot_key(first, "2026-02-24") != slot_key(first, "2026-02-23")


def test_every_emoji_of_a_message_is_one_that_the_sandbox_knows() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(messages.__file__).parent.glob("*.py"))
    named = set(re.findall(r'[" f{]:([a-z_]{3,}):[" ]', sources))
    assert {"warning", "rotating_light", "calendar"} <= named
    assert named <= set(EMOJI)


PIECES = [
    "<!channel>", "<@U1>", "<https://evil.example|x>", "//[", "https://[", "&lt;", "&", "```", "`", "*", "_", "|", ">",
    "<", "•", ":x:", "\n", "\n\n", "\x00", "\ud800", "\u202e", "😀", "x" * 997, "&" * 800, "<" * 701, "\n" * 60,
]  # fmt: skip
NASTY = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=12).map("".join)
LINK = re.compile(r"<https?://[^<>|\s]*\|[^<>|]*>")
ENTITY = re.compile(r"&(amp|lt|gt);")


def texts_of(node: Any) -> Iterator[str]:
    """Yield every mrkdwn text of a block."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        node = list(node.values())
    for child in node if isinstance(node, list | tuple) else ():
        yield from texts_of(child)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(a=NASTY, b=NASTY, count=st.integers(0, 60))
def test_nothing_that_is_told_breaks_out_or_is_refused(a: str, b: str, count: int) -> None:
    failures = [failure(f"n{number}", message=a) for number in range(count)]
    before = Standing({"n0": Incident(b or "n", NOW, 3)}, (Incident(a or "n", NOW, 1),))
    made = {
        "quality": data_quality(CheckReport(subject=b, results=tuple(failures)), a, b, a),
        "start": training_started(run_of(preset=a, dataset_id=b), a),
        "training": training_summary(run_of(error=a, status="failed"), report_of(*failures), b),
        "slot": slot(slot_of("standup", *failures, headline=a), b or "k", before),
        "details": slot_details(slot_of("standup", lines=(a, b) * count), a),
        "task": task_failed(a, b, a, b, a),
        "link": compose(a, [section(link("https://example.org/" + a, b)), buttons({b: "https://x/" + a})], b or "k"),
    }
    for name, message in made.items():
        assert check_blocks(json.loads(json.dumps(message.blocks))) or not message.blocks, name
        assert 0 < len(message.text) <= MAX_TEXT, name
        assert len(json.dumps(message.blocks, ensure_ascii=False, separators=(",", ":"))) <= MAX_CHARACTERS, name
        message.model_dump_json().encode()
        for text in (message.text, *texts_of(message.blocks)):
            left = ENTITY.sub("", LINK.sub("", text))
            assert not set("<>&") & set(left.replace("\n> *", "\n *")), (name, text)
