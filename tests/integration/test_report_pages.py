"""The pages of the plugin in a real API server whose users must log in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from include.config.settings import Settings
from include.config.system import load_system
from include.core.files import write_text
from include.orchestration.stack import passwords
from include.reporting.check_log import keep_check
from include.training.runs import write_config
from tests.support.desk import api_server
from tests.support.stack import deployment
from tests.unit.reporting.test_check_log import posted
from tests.unit.training.builders import write_run_folder

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

USER = "olivia"
PAGES = (
    "/perpetua/", "/perpetua/checks", "/perpetua/runs/run-1", "/perpetua/static/desk.css", "/perpetua/static/run.js",
    "/perpetua/reports/data_quality/index.html",
)  # fmt: skip
INTERFACES = ("/perpetua/api/runs/run-1/curves", "/perpetua/api/running")
SECRET = "not a report"


def fill(settings: Settings) -> None:
    write_text(settings.home.data_quality / "index.html", "<p>all checks passed</p>")
    write_text(settings.home.root / "secret.html", SECRET)
    (settings.home.reports / "link.html").symlink_to(settings.home.root / "secret.html")
    folder = write_run_folder(settings.home.run("run-1"), [{"timestep": 2048}], preset="<script>alert(1)</script>")
    write_config(folder, load_system("phase4"))
    settings.home.run("damaged").mkdir()
    write_text(settings.home.run("damaged") / "run.json", "{}")
    keep_check(settings.home, posted(at=datetime(2026, 2, 23, 10, tzinfo=UTC), lines=("<script>alert(2)</script>",)))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address of the server and the password of a viewer."""
    with deployment(tmp_path_factory.mktemp("home"), PERPETUA_USERS=f"anna:admin,{USER}:viewer") as settings:
        fill(settings)
        with api_server(settings) as address:
            yield address, passwords(settings)[USER]


@pytest.fixture
def base(served: tuple[str, str]) -> str:
    return served[0]


@pytest.fixture
def signed_in(served: tuple[str, str]) -> Iterator[httpx.Client]:
    address, password = served
    answer = httpx.post(f"{address}/auth/token", json={"username": USER, "password": password})
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}) as client:
        yield client


@pytest.mark.parametrize("path", [*PAGES, "/perpetua/none", "/perpetua/reports/none.html", "/perpetua/docs"])
def test_who_is_not_logged_in_is_sent_to_the_login_and_back(base: str, path: str) -> None:
    answer = httpx.get(base + path)
    assert answer.status_code == 307
    assert answer.text == ""
    assert urlsplit(answer.headers["location"]).path == "/api/v2/auth/login"
    assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == [base + path]


@pytest.mark.parametrize("path", INTERFACES)
def test_a_script_that_is_not_logged_in_is_told_so(base: str, path: str) -> None:
    answer = httpx.get(base + path)
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Not authenticated"}


@pytest.mark.parametrize("path", [*PAGES, *INTERFACES])
def test_a_forged_token_is_refused(base: str, path: str) -> None:
    answer = httpx.get(base + path, headers={"Authorization": "Bearer forged"})
    assert answer.status_code == 403
    assert "run-1" not in answer.text.replace(path, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(signed_in: httpx.Client, method: str) -> None:
    assert signed_in.request(method, "/perpetua/runs/run-1").status_code == 405


@pytest.mark.parametrize("path", [*PAGES, *INTERFACES])
def test_a_viewer_reads_every_page_under_a_policy_without_inline_scripts(signed_in: httpx.Client, path: str) -> None:
    answer = signed_in.get(path)
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert "unsafe" not in policy["script-src"]
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>alert" not in answer.text


def test_texts_of_runs_and_checks_are_shown_as_text(signed_in: httpx.Client) -> None:
    for path in ("/perpetua/runs/run-1", "/perpetua/checks"):
        assert "&lt;script&gt;alert" in signed_in.get(path).text


def test_curves_go_on_from_where_the_page_is(signed_in: httpx.Client) -> None:
    first = signed_in.get("/perpetua/api/runs/run-1/curves").json()
    assert first["series"]["kl"]["x"] == [2048]
    second = signed_in.get("/perpetua/api/runs/run-1/curves", params={"since": first["cursor"]}).json()
    assert (second["is_whole"], second["series"]["kl"]["x"]) == (False, [])


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/perpetua/runs/none", 404, "There is no run"),
        ("/perpetua/runs/..%2f..%2fsecret", 404, "There is no"),
        ("/perpetua/runs/damaged", 500, "is not a run"),
        ("/perpetua/?page=zero", 422, "page"),
        ("/perpetua/none", 404, "There is no page"),
    ],
)
def test_what_is_wrong_is_said_on_a_page(signed_in: httpx.Client, path: str, status: int, words: str) -> None:
    answer = signed_in.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text
    assert "Back to the desk" in answer.text


def test_what_is_wrong_is_said_to_a_script_as_json(signed_in: httpx.Client) -> None:
    answer = signed_in.get("/perpetua/api/runs/none/curves")
    assert answer.status_code == 404
    assert "There is no run" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["../secret.html", "%2e%2e/secret.html", "..%2f..%2fetc/passwd", "%2fetc%2fpasswd", "link.html", "data_quality",
     "none.html", "a%00b"],
)  # fmt: skip
def test_nothing_outside_the_reports_is_served(signed_in: httpx.Client, path: str) -> None:
    answer = signed_in.get(f"/perpetua/reports/{path}")
    assert answer.status_code == 404
    assert SECRET not in answer.text
