import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.config.settings import Settings, load_settings
from include.config.system import load_system
from include.core.errors import IntegrityError, MissingInputError
from include.core.files import write_text
from include.reporting.run_page import TAIL_LINES, run_curves, run_page
from include.training.logs import ALERTS, LOGS
from include.training.runs import write_config
from tests.unit.reporting.results import RUN
from tests.unit.reporting.test_listings import write_verdict
from tests.unit.training.builders import add_checkpoint, write_run_folder

NOW = datetime(2026, 2, 24, 10, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"


def run(settings: Settings, run_id: str = RUN, **changes: object) -> Path:
    folder = write_run_folder(settings.home.run(run_id), [{"timestep": 2048}], **changes)
    write_config(folder, load_system("phase4"))
    return folder


def test_a_really_trained_run_is_shown_with_dataset_and_checkpoints(trained: tuple[Settings, Path]) -> None:
    settings, folder = trained
    html = run_page(settings, folder.name, NOW)
    assert '<span id="status" class="chip finished">finished</span>' in html
    assert "2 symbols" in html
    assert "step_00000256" in html
    assert "<dt>n_steps</dt><dd>64</dd>" in html
    answer = run_curves(settings, folder.name, None, NOW)
    assert answer["state"]["timesteps"] == 256
    assert answer["series"]["kl"]["x"][-1] == 256
    json.dumps(answer, allow_nan=False)


def test_verdicts_on_the_run_are_linked(settings: Settings) -> None:
    run(settings)
    run(settings, "another")
    write_verdict(settings.home, 1)
    assert 'href="../reports/revalidation/v1/revalidation_result.html"' in run_page(settings, RUN, NOW)
    assert "not revalidated" in run_page(settings, "another", NOW)


def test_checkpoints_come_newest_first(settings: Settings) -> None:
    folder = run(settings)
    for timestep in (100, 200):
        add_checkpoint(folder, timestep)
    html = run_page(settings, RUN, NOW)
    assert html.index("step_00000200") < html.index("step_00000100")


def test_logs_show_their_newest_lines_first(settings: Settings) -> None:
    lines = [f"line {number}." for number in range(TAIL_LINES + 5)]
    write_text(run(settings) / LOGS / ALERTS, "\n".join(lines) + "\n")
    html = run_page(settings, RUN, NOW)
    assert html.index("line 44.") < html.index("line 43.")
    assert "line 5." in html
    assert "line 4." not in html
    assert "daily_summary.log" in html


def test_a_dataset_that_is_gone_and_a_missing_log_are_told(settings: Settings) -> None:
    (run(settings) / LOGS / ALERTS).unlink()
    html = run_page(settings, RUN, NOW)
    assert "It is not in this home any more" in html
    assert "There is no such file" in html


def test_mlflow_is_linked_where_a_server_is_set(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run(settings)
    assert "switched off" in run_page(settings, RUN, NOW)
    monkeypatch.setenv("PERPETUA_MLFLOW_URL", "http://127.0.0.1:5000")
    assert '<a href="http://127.0.0.1:5000">' in run_page(load_settings(), RUN, NOW)


def test_texts_of_a_run_are_shown_as_text(settings: Settings) -> None:
    folder = run(
        settings, preset=EVIL, engine=EVIL, error=EVIL, error_type=EVIL, status="failed", inactive_features={EVIL: EVIL}
    )
    write_text(folder / LOGS / ALERTS, EVIL)
    html = run_page(settings, RUN, NOW)
    assert EVIL not in html
    assert html.count("&lt;script&gt;alert(1)") >= 7
    assert " style=" not in html
    assert html.count("<script") == html.count("<script src=") == 2


@pytest.mark.parametrize("show", [run_page, lambda s, r, now: run_curves(s, r, None, now)])
def test_what_is_no_run_is_missing_or_damaged(settings: Settings, show: object) -> None:
    assert callable(show)
    for run_id in ("none", "..", "../etc"):
        with pytest.raises(MissingInputError, match="There is no run"):
            show(settings, run_id, NOW)
    settings.home.run("empty").mkdir(parents=True)
    with pytest.raises(MissingInputError):
        show(settings, "empty", NOW)
    write_text(settings.home.run("empty") / "run.json", "{}")
    with pytest.raises(IntegrityError, match="is not a run's record"):
        show(settings, "empty", NOW)
