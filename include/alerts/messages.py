"""What people are told: pure functions from results to messages.

Every message says, in this order: how severe, what, since when, one next step, where to look.
Delivery does not belong here (`slack.py`), nor the pieces of Block Kit (`message.py`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from include.alerts.incidents import NOTHING_BEFORE, Incident, Standing
from include.alerts.message import (
    MAX_TEXT,
    Block,
    Message,
    bullets,
    buttons,
    code_block,
    compose,
    context,
    escape,
    fields,
    header,
    link,
    section,
    truncate,
)
from include.alerts.threads import parent_key, run_thread
from include.core.checks import CheckReport, CheckResult, Severity
from include.core.clock import format_utc
from include.evaluation.evidence import Evidence
from include.reporting.cross_validation_result import SCHEMES, CrossValidationResult, sentence
from include.reporting.decision_bundle import Approval
from include.reporting.retraining import Retraining
from include.reporting.tables import gate_table_text
from include.reporting.verdict import RevalidationResult
from include.reporting.words import MEANINGS, duration, metric_text, null_sentence, percent, probability
from include.training.champion import Champion

if TYPE_CHECKING:
    from include.training.runs import RunInfo
    from include.training.slots import SlotReport

_EMOJI = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.EXCLUDE: ":no_entry_sign:",
    Severity.WARNING: ":warning:",
    Severity.INFO: ":information_source:",
}
_EVIDENCE_EMOJI = {"sufficient": ":white_check_mark:", "insufficient": ":warning:"}
_DECISION_EMOJI = {"GO": ":large_green_circle:", "PARTIAL-GO": ":large_yellow_circle:", "NO-GO": ":red_circle:"}
_ANSWERS = {
    "approve": (":white_check_mark:", "Approved"),
    "retrain": (":arrows_counterclockwise:", "To be retrained"),
    "reject": (":no_entry:", "Rejected"),
    "expired": (":hourglass:", "Expired"),
}
_VERDICT_BUTTONS = {"question": "Answer", "report": "Open the report", "training": "Open the training form"}
MAX_ALERTS = 8


def data_quality(report: CheckReport, page: str, dag_id: str = "market_data", occasion: str = "") -> Message:
    """Return what a validation found: one line when all is well, otherwise the failures and the next step.

    Parameters
    ----------
    report : CheckReport
        Verdicts of the batch.
    page : str
        Address of the data-quality pages.
    dag_id : str
        What to run again once the cause is gone.
    occasion : str
        What the batch was validated for, such as a DAG run: part of the message's identity.
    """
    subject = escape(report.subject)
    key = f"data_quality:{dag_id}:{occasion}:{report.subject}"
    if not report.failures:
        found = f"{_count(len(report.results), 'check')} of {subject}"
        line = f":white_check_mark: *Data quality OK* · {found} · {link(page, 'Details')}"
        return compose(f"Data quality OK: {found}", [section(line)], key)
    worst = report.failures[0].severity
    title = f"Data quality: {len(report.failures)} of {_count(len(report.results), 'check')} failed"
    step = "The data was published. Look at the rows on the data-quality page before the next training."
    if not report.passed:
        step = (
            "Nothing was published; the last good data stays in use. Look at the rows on the data-quality page, "
            f"then run `{escape(dag_id)}` again once the source is right."
        )
    return compose(
        f"{worst.value.upper()} · {title} ({subject})",
        [
            header(f"{_EMOJI[worst]} {worst.value.upper()} · {title}"),
            bullets([_failure_line(failure) for failure in report.failures]),
            _next_step(step),
            buttons({"Data-quality pages": page}),
            context(subject),
        ],
        key,
        is_broadcast=worst is Severity.CRITICAL,
    )


def training_started(run: "RunInfo", run_link: str) -> Message:
    """Return the start of a training, the first message of the run's thread.

    Parameters
    ----------
    run : RunInfo
        The run.
    run_link : str
        Address of the run, or its folder.
    """
    title = f"Training started · {run.system}"
    return compose(
        f"{title}: {run.run_id}, {run.total_timesteps:,} steps",
        [
            header(f":runner: {title}"),
            fields(
                {
                    "Run": f"`{escape(run.run_id)}`",
                    "Steps": f"{run.total_timesteps:,}, a checkpoint every {run.checkpoint_every_steps:,}",
                    "Seed and engine": f"{run.seed}, {escape(run.engine)} on {escape(run.device)}",
                    "Preset": escape(run.preset or "none"),
                    "Dataset": f"`{escape(run.dataset_id)}`",
                    "Features": f"{len(run.features)}, {len(run.inactive_features)} of them inactive",
                }
            ),
            _next_step("None. The checks of the day watch it; how it ends, its verdict and the answer follow here."),
            context(f"since {format_utc(run.started_at)} · {_where(run_link, 'run')}"),
        ],
        key=parent_key(run_thread(run.run_id)),
    )


def training_summary(run: "RunInfo", report: CheckReport, run_link: str) -> Message:
    """Return the end of a training: what was trained, how fast, how good on validation, which alerts stand.

    Parameters
    ----------
    run : RunInfo
        The run.
    report : CheckReport
        Its training alerts.
    run_link : str
        Address of the run, or its folder.
    """
    is_finished = run.status == "finished"
    alerts = _alerts(report)
    emoji = _worst_emoji(alerts) if is_finished else _EMOJI[Severity.CRITICAL]
    title = f"Training {run.status} · {run.system}"
    step = "Revalidate the model at the next fixed time, or start `revalidate_model` by hand."
    if not is_finished:
        step = f"Start `train_ppo` with `{escape(run.run_id)}` under Resume run; it goes on from its last checkpoint."
    if run.error:
        step = f"Read the error, remove the cause, then: {step[0].lower()}{step[1:]}"
    return compose(
        f"{title}: {run.run_id}, {run.timesteps:,} steps",
        [
            header(f"{emoji} {title}"),
            fields(
                {
                    "Run": f"`{escape(run.run_id)}`",
                    "Steps": f"{run.timesteps:,} of {run.total_timesteps:,}",
                    "Speed": f"{run.steps_per_second or 0:,.0f} steps/s in {duration(run.seconds or 0)}",
                    "Validation return": f"{percent(run.best_score)} (best model, step {run.best_timestep or 0:,})",
                    "Seed and engine": f"{run.seed}, {escape(run.engine)}",
                    "Dataset": f"`{escape(run.dataset_id)}`",
                }
            ),
            section(f"*Error* {escape(run.error)}") if run.error else None,
            *_alert_blocks(alerts),
            _next_step(step),
            context(f"since {format_utc(run.started_at)} · {_where(run_link, 'run')}"),
        ],
        key=f"training:{run.run_id}:{run.status}:{run.timesteps}",
        is_broadcast=not is_finished or _is_critical(alerts),
    )


def slot_key(report: "SlotReport", occasion: str) -> str:
    """Return the identity of a check: the same one of the same run with the same findings is told once on `occasion`.

    `occasion` is what it was made for, the day or a DAG run.
    """
    return f"check:{report.slot}:{occasion}:{report.run_id or 'no run'}:{_digest(report.report)}"


def slot(report: "SlotReport", key: str, before: Standing = NOTHING_BEFORE) -> Message:
    """Return a check in one line with its essential figures; alerts follow in full, each with its next step.

    What was told before and still stands takes one line, what is gone another.

    Everything else of the check is in `slot_details`, which follows it in the thread.

    Parameters
    ----------
    report : SlotReport
        The check.
    key : str
        Its `slot_key`.
    before : Standing
        What earlier checks told.
    """
    alerts = _alerts(report.report)
    new = [alert for alert in alerts if alert.name not in before.open]
    state = f"{_count(len(alerts), 'alert')} in {_count(len(report.report.results), 'check')}" if alerts else "OK"
    headline = f"{_worst_emoji(alerts)} *{escape(report.title)}* · {state} · {escape(report.headline)}"
    if report.run_id:
        headline += f" · run `{escape(report.run_id)}`"
    # what is told in the channel alone must say what it is about
    worst = f"{new[0].severity.value.upper()} · {new[0].name} · " if new else ""
    return compose(
        f"{worst}{report.title}: {state} · {report.headline}",
        [
            section(headline),
            *_alert_blocks(new),
            bullets([_still_open(incident) for incident in before.open.values()]) if before.open else None,
            bullets([_resolved(incident) for incident in before.resolved]) if before.resolved else None,
            _next_step(_slot_step(alerts[0])) if alerts else None,
        ],
        key=key,
        is_broadcast=_is_critical(new),
    )


def slot_details(report: "SlotReport", key: str) -> Message:
    """Return every line of a check, which follow its headline in the thread; a paragraph of columns keeps its widths.

    `key` is that of the headline.
    """
    return compose(report.title, [_paragraph(lines) for lines in _paragraphs(report.lines)], key=f"{key}:details")


def verdict(result: RevalidationResult, links: Mapping[str, str], advised: Retraining | None) -> Message:
    """Return the verdict of a revalidation with its gate table, what it means and the next step.

    Parameters
    ----------
    result : RevalidationResult
        The result.
    links : mapping
        Addresses: `report` and, where there are such, `question` (where a person answers) and `training` (the form).
    advised : Retraining or None
        What to retrain with.
    """
    meaning, evidence = MEANINGS[result.decision], result.evidence
    score = f"{result.gates_passed} of {len(result.gates.results)} gates passed"
    window = f"{format_utc(result.window_start)} to {format_utc(result.window_end)}"
    return compose(
        f"{result.decision}: {score} ({result.system}, run {result.run_id})",
        [
            header(f"{_DECISION_EMOJI[result.decision]} {result.decision} · {result.system} · {score}"),
            section(f"{meaning.summary} {escape(null_sentence(result))}"),
            section(f"{_EVIDENCE_EMOJI[evidence.sufficiency]} *Evidence {evidence.sufficiency}*"),
            bullets([escape(reason) for reason in evidence.reasons]) if evidence.reasons else None,
            code_block(gate_table_text(result)),
            fields(
                {
                    "Total return": percent(result.metrics.get("total_return")),
                    "Deflated Sharpe": f"{probability(evidence.deflated_sharpe)}, p {probability(evidence.p_value)}",
                    "Trials on the window": f"{evidence.trials.trials_count:,}",
                    "Luck passes as many gates": f"{evidence.gates_rate.share:.0%} of {evidence.gates_rate.draws}",
                    "Champion": escape(_against_champion(evidence)),
                    "Closed trades": f"{result.trades:,}",
                    "Test window": f"{result.candles:,} candles × {len(result.symbols)} symbols",
                    "Inactive features": str(len(result.inactive_features)),
                }
            ),
            *[section(f":warning: {escape(note)}") for note in result.notes],
            _next_step(f"{meaning.next_step}{_retraining(advised) if result.decision != 'GO' else ''}"),
            buttons({label: links[name] for name, label in _VERDICT_BUTTONS.items() if name in links}),
            context(f"run `{escape(result.run_id)}` · dataset `{escape(result.dataset_id)}` · {window}"),
        ],
        # the same verdict may be asked about again
        key=f"verdict:{result.id}:{result.created_at.isoformat()}:{links.get('question', '')}",
        is_broadcast=True,
    )


def answered(
    result: RevalidationResult,
    given: Approval,
    champion: Champion | None,
    advised: Retraining | None,
    links: Mapping[str, str],
) -> Message:
    """Return what a person answered to a verdict, why, and which model stands now.

    Parameters
    ----------
    result : RevalidationResult
        The verdict.
    given : Approval
        The answer.
    champion : Champion or None
        The model that stands after it.
    advised : Retraining or None
        What to retrain with.
    links : mapping
        Addresses: `report`, `training`.
    """
    emoji, words = _ANSWERS[given.answer]
    title = f"{words} · {result.system} {result.decision}"
    who = "Nobody answered in time" if given.answer == "expired" else f"Answered by {given.answered_by}"
    stands = "No model of it was ever promoted."
    if champion is not None:
        stands = (
            f"Champion: run `{escape(champion.run_id)}`, approved by {escape(champion.approved_by)} on "
            f"{format_utc(champion.promoted_at)}, expires {format_utc(champion.expires_at)}."
        )
        before = champion.history[0].run_id if champion.history else "none"
        stands += f" Before it: `{escape(before)}`." if given.answer == "approve" else " It stays."
    form = {"Open the training form": links["training"]}
    steps = {
        "approve": "Live deployment is by hand; then `python -m include campaign sign-off live_deployment`.",
        "retrain": f"`train_ppo` was started; its summary follows.{_retraining(advised)}",
        "reject": f"Retrain, or revalidate another run.{_retraining(advised)}",
        "expired": "Run `revalidate_model` again to be asked again.",
    }
    return compose(
        f"{title}: {who}",
        [
            header(f"{emoji} {title}"),
            section(f"{escape(who)}, {format_utc(given.answered_at)}."),
            section(f"*Reason* {escape(given.reason)}") if given.reason else None,
            section(stands),
            _next_step(steps[given.answer]),
            buttons({"Open the report": links["report"]} | (form if given.answer in ("retrain", "reject") else {})),
            context(f"run `{escape(result.run_id)}` · revalidation `{escape(result.id)}`"),
        ],
        key=f"answer:{result.id}:{given.answer}:{given.answered_at.isoformat()}",
    )


def _retraining(advised: Retraining | None) -> str:
    if advised is None:
        return ""
    return f" Preset `{escape(advised.preset)}` of `train_ppo` is for the worst gate, {escape(advised.gate)}."


def cross_validation(result: CrossValidationResult, report: str) -> Message:
    """Return what a cross-validation found: its paths, one line each, and the next step."""
    title = f"{SCHEMES[result.scheme]} of {result.system}"
    rows = [
        f"path {path.number + 1}  {path.decision:<10}  Sharpe {metric_text('sharpe', path.metrics['sharpe']):>6}  "
        f"drawdown {percent(path.metrics['max_drawdown']):>7}  return {percent(path.metrics['total_return']):>8}"
        for path in result.paths[:MAX_ALERTS]
    ]
    return compose(
        f"{title}: {sentence(result)}",
        [
            header(f":mag: {title}"),
            section(escape(sentence(result))),
            code_block("\n".join(rows)),
            _next_step("Compare the paths with the verdict on the sealed window before a model is promoted."),
            context(f"{_where(report, 'Report')} · dataset `{escape(result.dataset_id)}` · `{escape(result.id)}`"),
        ],
        key=f"cross_validation:{result.id}:{result.created_at.isoformat()}",
    )


def _against_champion(evidence: Evidence) -> str:
    if evidence.comparison is None:
        return evidence.comparison_reason
    return f"{evidence.comparison.recommendation.replace('_', ' ')}: {evidence.comparison.reason}"


def task_failed(dag_id: str, task_id: str, run_id: str, error: str, log_link: str, try_number: int = 1) -> Message:
    """Return that a task has failed for good at its try `try_number`, with its error and the way to its log."""
    name = f"{dag_id}.{task_id}"
    return compose(
        f"CRITICAL · Task {name} failed: {error}",
        [
            header(f":rotating_light: CRITICAL · Task {name} failed"),
            code_block(truncate(error, 1500)),
            _next_step("Read the log, remove the cause, then clear the task to run it and what follows again."),
            buttons({"Open the log": log_link}),
            context(f"DAG run `{escape(run_id)}`"),
        ],
        key=f"task_failed:{name}:{run_id}:{try_number}",
        is_broadcast=True,
    )


def _digest(report: CheckReport) -> str:
    """Return what stands for the findings: which checks failed, how badly; not the values, which move all the time."""
    found = ",".join(f"{failure.name}={failure.severity}" for failure in report.failures)
    return hashlib.sha256(found.encode()).hexdigest()[:12] if found else "ok"


def _failure_line(failure: CheckResult) -> str:
    return f"{_EMOJI[failure.severity]} *{escape(failure.name)}* {escape(failure.message)}"


def _alerts(report: CheckReport) -> list[CheckResult]:
    # what is only information stays in the report: an alert that asks for nothing is soon read by nobody
    return [failure for failure in report.failures if failure.severity is not Severity.INFO]


def _still_open(incident: Incident) -> str:
    since = f"still open since {format_utc(incident.opened_at)}, told {_count(incident.told, 'time')}"
    return f":hourglass_flowing_sand: *{escape(incident.name)}* {since}"


def _resolved(incident: Incident) -> str:
    return (
        f":white_check_mark: *{escape(incident.name)}* resolved, had been open since {format_utc(incident.opened_at)}"
    )


def _is_critical(alerts: list[CheckResult]) -> bool:
    return any(alert.severity is Severity.CRITICAL for alert in alerts)


def _alert_blocks(alerts: list[CheckResult]) -> list[Block]:
    blocks = [section(_in_paragraphs(_failure_line(alert))) for alert in alerts[:MAX_ALERTS]]
    left_out = len(alerts) - len(blocks)
    return [*blocks, context(f"… and {_count(left_out, 'more alert')}")] if left_out else blocks


def _in_paragraphs(text: str) -> str:
    # training alerts carry their causes and remedies in one line
    return text.replace(" Possible causes: ", "\n> *Possible causes* ").replace(" Actions: ", "\n> *Actions* ")


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """Return `lines` cut at empty ones, and where a section would be too long."""
    found: list[list[str]] = [[]]
    for line in lines:
        if not line or sum(len(escape(one)) + 1 for one in (*found[-1], line)) > MAX_TEXT - 20:
            found.append([])
        if line:
            found[-1].append(line)
    return [paragraph for paragraph in found if paragraph]


def _paragraph(lines: Sequence[str]) -> Block:
    text = "\n".join(lines)
    return code_block(text) if "   " in text else section(escape(text))


def _worst_emoji(alerts: list[CheckResult]) -> str:
    return _EMOJI[alerts[0].severity] if alerts else ":white_check_mark:"


def _slot_step(worst: CheckResult) -> str:
    urgency = "Now" if worst.severity is Severity.CRITICAL else "Before the next check"
    if "Actions: " not in worst.message:
        return f"{urgency}: see to `{escape(worst.name)}`."
    return f"{urgency}: work through the actions named at `{escape(worst.name)}`, most likely cause first."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _next_step(text: str) -> Block:
    return section(f":arrow_right: *Next step* {text}")


def _where(address: str, label: str) -> str:
    return link(address, label) if address.startswith(("http://", "https://")) else f"`{escape(address)}`"
