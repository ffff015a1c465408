"""Airflow's API server alone, with the pages of the plugin and users who must log in."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from include.config.settings import Settings
from include.orchestration.processes import Processes
from include.orchestration.stack import airflow_environment

SECONDS = 90


@contextmanager
def api_server(settings: Settings) -> Iterator[str]:
    """Yield the address of a running API server of `settings`; no scheduler, nothing is executed."""
    environment = {**airflow_environment(settings), "PATH": "/usr/bin:/bin"}
    processes = Processes(settings.home.processes)
    try:
        processes.start("migrate", (sys.executable, "-m", "airflow", "db", "migrate"), environment)
        processes.wait_for("migrate")
        processes.start("api-server", (sys.executable, "-m", "airflow", "api-server"), environment)
        _wait(settings.airflow_url, processes)
        yield settings.airflow_url
    finally:
        processes.stop()


def _wait(address: str, processes: Processes) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        processes.require_alive()
        try:
            if httpx.get(f"{address}/api/v2/version").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    raise AssertionError("the API server did not answer")
