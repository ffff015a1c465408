"""The question that a person answers before a model is promoted, in Airflow's required actions."""

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.execution_time.hitl import HITLUser

from include.config.choices import REJECT, RETRAIN
from include.orchestration import forms, schedules
from include.orchestration.links import QUESTIONS

_VERDICT = "{% set verdict = ti.xcom_pull(task_ids='evaluation.revalidate') %}"
_BODY = """**{{ verdict.decision }}**: {{ verdict.gates_passed }} of {{ verdict.gates | length }} gates passed.

**Evidence: {{ verdict.evidence }}**{% for reason in verdict.reasons %}
- {{ reason }}{% endfor %}

{{ verdict.luck }}

| gate | observed | limit | | 95 % interval | luck passes |
|---|---|---|---|---|---|
{% for gate in verdict.gates -%}
{%- set luck = '%.0f %%' | format(100 * gate.luck) %}
{%- set mark = '✅' if gate.passed else '❌' -%}
| {{ gate.shown.gate }} | {{ gate.shown.observed }} | {{ gate.shown.limit }} | {{ mark }} | {{ gate.shown.interval }} \
| {{ luck }} |
{% endfor %}
Report: {{ verdict.report }}

- **Approve** makes it the champion of {{ verdict.system }}\
{% if verdict.evidence == 'insufficient' %}; on insufficient evidence it wants a written reason{% endif %}.
"""
_RETRAIN = """- **Retrain** starts `train_ppo`\
{% if verdict.preset %} with the preset `{{ verdict.preset }}`, for the gate {{ verdict.worst_gate }}{% endif %}.
"""
_REJECT = """- **Reject** leaves the champion as it is, and so does no answer within HOURS h.
"""


def question(decision: str, *options: str) -> HITLOperator:
    """Return the task that asks about a verdict of `decision`: summary, gate table, link, one of `options`.

    Only the people of `PERPETUA_APPROVERS` may answer, where it names some; no answer in time is a rejection.
    """
    retrain = _RETRAIN if RETRAIN in options else ""
    hours = schedules.approval_timeout().total_seconds() / 3600
    return HITLOperator(
        task_id=QUESTIONS[decision],
        options=list(options),
        params=forms.approval(),
        subject=_VERDICT + "{{ verdict.decision }}: promote the model of run {{ verdict.run_id }}?",
        body=_VERDICT + _BODY + retrain + _REJECT.replace("HOURS", f"{hours:g}"),
        defaults=[REJECT],
        assigned_users=[HITLUser(id=name, name=name) for name in schedules.approvers()] or None,
        response_timeout=schedules.approval_timeout(),
        retries=0,
    )
