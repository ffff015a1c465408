"""A local stack for tests: a home and ports of its own, in the environment that its processes inherit."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from include.config.settings import ENV_FILE, PREFIX, Settings, load_settings

PORTS = (
    "PERPETUA_SANDBOX_PORT",
    "PERPETUA_AIRFLOW_PORT",
    "PERPETUA_AIRFLOW_WORKER_LOG_PORT",
    "PERPETUA_AIRFLOW_TRIGGERER_LOG_PORT",
    "PERPETUA_AIRFLOW_SCHEDULER_HEALTH_PORT",
)


@contextmanager
def deployment(home: Path, **changes: str) -> Iterator[Settings]:
    """Yield the settings of a deployment on free ports, set in the environment, `changes` on top."""
    with pytest.MonkeyPatch.context() as patch:
        # neither the developer's environment nor their .env may reach the processes: it may be a live one
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        patch.setenv(ENV_FILE, "")
        for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
            patch.setenv(name, str(port))
        patch.setenv("PERPETUA_HOME", str(home))
        for name, value in changes.items():
            patch.setenv(name, value)
        yield load_settings()


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on, all different."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()
