"""The stages of a cross-validation, as the DAG and the command line call them."""

from typing import Any

import httpx
import pytest

from include.config.settings import ENV_FILE, Settings, load_settings
from include.core.errors import ConfigurationError
from include.orchestration import fold_stages
from include.orchestration.forms import cross_validate
from tests.support.datasets import dataset_of, martingale, write_dataset
from tests.support.sandbox import running_sandbox

STEPS = 2_048


@pytest.fixture
def settings(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(ENV_FILE, "")
    monkeypatch.setenv("PERPETUA_HOME", str(tmp_path))
    monkeypatch.setenv("PERPETUA_UNIVERSE", "BTC/USDT:USDT,ETH/USDT:USDT")
    settings = load_settings()
    dataset = dataset_of(martingale("BTC/USDT:USDT", 2_000, 1), martingale("ETH/USDT:USDT", 2_000, 2))
    write_dataset(dataset, settings.home.dataset(dataset.info.id))
    return settings


def form(**filled: Any) -> dict[str, Any]:
    """What Airflow hands a task: every field of the form, those left empty as they are."""
    return {name: param.value for name, param in cross_validate().items()} | filled


def test_a_form_becomes_folds_paths_a_report_and_a_message(settings: Settings) -> None:
    jobs = fold_stages.jobs(settings, form(dataset="0" * 16, steps=STEPS, folds=2, seed=3))
    assert [job["number"] for job in jobs] == [0, 1]
    plan_id = jobs[0]["plan"]
    for job in jobs:
        done = fold_stages.run_fold(settings, plan_id, job["number"])
        assert done["run_id"].endswith("-s3")
        assert [test["decision"] for test in done["tests"]] == ["NO-GO"]
    found = fold_stages.collect(settings, plan_id)
    assert (len(found["paths"]), found["paths"][0]["path"]) == (1, 1)
    assert found["report"].endswith(f"/perpetua/reports/cross_validation/{plan_id}/cross_validation.html")
    with running_sandbox(settings) as sandbox:
        posted = fold_stages.announce(sandbox.settings, plan_id)
        history = httpx.get(
            f"{sandbox.base_url}/api/conversations.replies",
            params={"channel": settings.slack_channel, "ts": posted["ts"]},
            headers={"Authorization": "Bearer xoxb-sandbox"},
        ).json()["messages"]
    assert "Walk-forward of phase4: 2 trainings, each tested on candles it did not see." in history[0]["text"]
    assert history[1]["files"][0]["title"] == "Out of sample, window after window"


@pytest.mark.parametrize(
    ("filled", "message"),
    [
        ({"groups": 5}, "cross_validate: .*`groups` is for combinatorial alone"),
        ({"scheme": "combinatorial", "folds": 5}, "`folds` is for walk_forward alone"),
    ],
)
def test_a_field_of_the_other_scheme_is_refused_before_anything_is_frozen(
    settings: Settings, filled: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        fold_stages.jobs(settings, form(**filled))
