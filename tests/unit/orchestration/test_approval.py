import jinja2
import pytest

from include.config.choices import APPROVE, REJECT, RETRAIN
from include.orchestration import approval

VERDICT = {
    "decision": "PARTIAL-GO",
    "system": "phase4",
    "run_id": "r1",
    "gates_passed": 1,
    "evidence": "insufficient",
    "reasons": ["Too few trades.", "One regime."],
    "luck": "5 % of 20 random policies pass.",
    "preset": "longer",
    "worst_gate": "Win rate",
    "gates": [
        {
            "passed": True,
            "luck": 0.05,
            "shown": {"gate": "Sharpe ratio", "observed": "1.25", "limit": "≥ 1.00", "interval": "0.50 to 2.00"},
        },
        {
            "passed": False,
            "luck": 0.0,
            "shown": {"gate": "Calmar ratio", "observed": "–", "limit": "≥ 2.00", "interval": "unknown"},
        },
    ],
    "report": "http://127.0.0.1/report",
}


class Instance:
    @staticmethod
    def xcom_pull(task_ids: str) -> dict:
        assert task_ids == "evaluation.revalidate"
        return VERDICT


def shown(template: str) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(ti=Instance())


@pytest.fixture
def question():
    from airflow.sdk import DAG

    with DAG("d"):
        return approval.question("PARTIAL-GO", APPROVE, RETRAIN, REJECT)


def test_the_gate_table_is_one_table_without_blank_lines(question) -> None:
    lines = shown(question.body).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("| gate"))
    table = lines[first : first + 4]
    assert table[1] == "|---|---|---|---|---|---|"
    assert table[2] == "| Sharpe ratio | 1.25 | ≥ 1.00 | ✅ | 0.50 to 2.00 | 5 % |"
    assert table[3] == "| Calmar ratio | – | ≥ 2.00 | ❌ | unknown | 0 % |"
    assert lines[first + 4] == ""
    assert all(line.count("|") == 7 for line in table)


def test_the_question_names_the_evidence_the_options_and_the_preset(question) -> None:
    text = shown(question.body)
    for word in ("Too few trades.", "One regime.", "http://127.0.0.1/report", "**Approve**", "written reason"):
        assert word in text
    assert "with the preset `longer`, for the gate Win rate." in text
    assert "no answer within 24 h" in text
    assert shown(question.subject) == "PARTIAL-GO: promote the model of run r1?"


def test_a_go_offers_no_retraining(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk import DAG

    monkeypatch.setenv("PERPETUA_APPROVERS", "carl, dora")
    with DAG("d"):
        asked = approval.question("GO", APPROVE, REJECT)
    assert "Retrain" not in shown(asked.body)
    assert asked.options == [APPROVE, REJECT]
    assert asked.defaults == [REJECT]
    assert [user["name"] for user in asked.assigned_users or []] == ["carl", "dora"]


def test_the_form_demands_a_reason_and_silence_has_none(question) -> None:
    (param,) = [question.params.get_param(name) for name in question.params]
    assert param.schema["type"] == "string"
    assert question.params.dump() == {"reason": ""}
    question.params.validate()
