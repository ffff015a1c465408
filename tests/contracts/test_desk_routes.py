"""Every address of the plugin's pages is behind Airflow's login, and none changes anything."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# a page of Airflow's server must be there at once, and its memory is every worker's
HEAVY = {
    "arch",
    "ccxt",
    "deltalake",
    "great_expectations",
    "matplotlib",
    "numba",
    "pandas",
    "scipy",
    "slack_sdk",
    "torch",
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    home = str(tmp_path_factory.mktemp("airflow"))
    answer = subprocess.run(
        [sys.executable, "-m", "tests.support.desk_routes"],
        cwd=ROOT,
        env={**os.environ, "AIRFLOW_HOME": home, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    routes: dict[str, list[dict[str, Any]]] = json.loads(answer.stdout.splitlines()[-1])
    return routes


def test_every_route_is_behind_the_login_and_only_reads(routes: dict[str, list[dict[str, Any]]]) -> None:
    assert len(routes["now"]) >= 8
    assert [route for route in routes["now"] if not route["is_guarded"]] == []
    assert [route for route in routes["now"] if not set(route["methods"]) <= {"GET", "HEAD"}] == []


def test_a_route_that_is_added_later_is_behind_the_login(routes: dict[str, list[dict[str, Any]]]) -> None:
    late, mounted = routes["late"]
    assert (late["path"], late["is_guarded"]) == ("/late", True)
    # a mount would not be, and the test above refuses it
    assert not mounted["is_guarded"]


@pytest.mark.parametrize(
    "module", ["include.orchestration.desk_messages", "include.reporting.desk", "include.reporting.run_page"]
)
def test_what_a_page_is_made_with_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(answer.stdout.split()) == set()
