import pytest

from include.config.settings import Settings, load_settings
from include.orchestration.links import Links


def test_reports_are_served_by_airflow(settings: Settings) -> None:
    links = Links(settings)
    assert links.revalidation("abc") == (
        "http://127.0.0.1:8080/perpetua/reports/revalidation/abc/revalidation_result.html"
    )
    assert links.data_quality == "http://127.0.0.1:8080/perpetua/reports/data_quality/index.html"
    assert links.features("market94") == "http://127.0.0.1:8080/perpetua/reports/features/market94/index.html"
    assert links.slack == "http://127.0.0.1:8971/slack"


def test_a_public_address_replaces_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_PUBLIC_URL", "https://airflow.example.org")
    assert Links(load_settings()).data_quality.startswith("https://airflow.example.org/perpetua/reports/")


def test_live_mode_has_no_slack_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_MODE", "live")
    assert Links(load_settings()).slack is None
