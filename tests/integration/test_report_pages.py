"""The report pages in a real API server whose users must log in."""

import sys
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from include.core.files import write_text
from include.orchestration.processes import Processes
from include.orchestration.stack import airflow_environment
from tests.support.stack import deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

USER, PASSWORD = "olivia", "correct horse"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with deployment(tmp_path_factory.mktemp("home")) as settings:
        environment = {
            **airflow_environment(settings),
            "PATH": "/usr/bin:/bin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:viewer",
        }
        write_text(
            settings.home.airflow / "simple_auth_manager_passwords.json.generated", f'{{"{USER}": "{PASSWORD}"}}'
        )
        write_text(settings.home.data_quality / "index.html", "<p>all checks passed</p>")
        write_text(settings.home.root / "secret.html", "not a report")
        processes = Processes(settings.home.processes)
        try:
            processes.start("migrate", (sys.executable, "-m", "airflow", "db", "migrate"), environment)
            processes.wait_for("migrate")
            processes.start("api-server", (sys.executable, "-m", "airflow", "api-server"), environment)
            wait_for(settings.airflow_url, processes)
            yield settings.airflow_url
        finally:
            processes.stop()


def wait_for(base_url: str, processes: Processes) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        processes.require_alive()
        try:
            if httpx.get(f"{base_url}/api/v2/version").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    raise AssertionError("the API server did not answer")


@pytest.fixture
def signed_in(base: str) -> Iterator[httpx.Client]:
    answer = httpx.post(f"{base}/auth/token", json={"username": USER, "password": PASSWORD})
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/perpetua/", "/perpetua/reports/data_quality/index.html", "/perpetua/reports/none.html"]
)
def test_who_is_not_logged_in_is_sent_to_the_login_and_back(base: str, path: str) -> None:
    answer = httpx.get(base + path)
    assert answer.status_code == 307
    assert urlsplit(answer.headers["location"]).path == "/api/v2/auth/login"
    assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == [base + path]


def test_a_forged_token_is_refused(base: str) -> None:
    answer = httpx.get(f"{base}/perpetua/", headers={"Authorization": "Bearer forged"})
    assert answer.status_code == 403


def test_who_is_logged_in_reads_the_reports_without_scripts(signed_in: httpx.Client) -> None:
    page = signed_in.get("/perpetua/reports/data_quality/index.html")
    assert page.text == "<p>all checks passed</p>"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Data quality" in signed_in.get("/perpetua/").text


@pytest.mark.parametrize(
    "path", ["../secret.html", "%2e%2e/secret.html", "..%2f..%2fetc/passwd", "data_quality", "none.html"]
)
def test_nothing_outside_the_reports_is_served(signed_in: httpx.Client, path: str) -> None:
    answer = signed_in.get(f"/perpetua/reports/{path}")
    assert answer.status_code == 404
    assert "not a report" not in answer.text
