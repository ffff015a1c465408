"""The local stack: sandbox and Airflow as separate processes on loopback, started and stopped as one."""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx

from include.config.settings import Settings
from include.config.users import parse_passwords
from include.core.errors import ConfigurationError, PerpetuaError
from include.core.files import atomic_path, read_json
from include.core.paths import REPOSITORY
from include.orchestration.airflow_api import AirflowApi
from include.orchestration.processes import Processes, only_one, require_free_port

AIRFLOW = (sys.executable, "-m", "airflow")
COMPONENTS = ("scheduler", "dag-processor", "triggerer", "api-server")
HEALTHY_SECONDS = 120.0


class Stack:
    """Sandbox (in sandbox mode) and the four Airflow components."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._processes = Processes(settings.home.processes)
        self.api = AirflowApi(f"http://127.0.0.1:{settings.airflow_port}")

    def require_free_ports(self) -> None:
        """Raise when a port of the stack is taken."""
        taken: dict[int, str] = {}
        for port, purpose, setting in ports(self._settings):
            if port in taken:
                raise ConfigurationError(f"`{setting}` must differ from `{taken[port]}`, was {port} like it.")
            taken[port] = setting
            require_free_port(port, purpose, setting)

    def start_sandbox(self) -> None:
        """Start the sandbox and wait until it answers; live mode has none."""
        if not self._settings.is_sandbox:
            return
        self._processes.start("sandbox", (sys.executable, "-m", "include", "sandbox"), self.environment())
        self._wait("the sandbox", lambda: answers(f"{self._settings.sandbox_url}/health"))

    def migrate(self) -> None:
        """Create or upgrade Airflow's database."""
        migration = Processes(self._settings.home.processes)
        migration.start("migrate", (*AIRFLOW, "db", "migrate"), self.environment())
        migration.wait_for("migrate")

    def start_airflow(self) -> None:
        """Start the four components, wait until they are healthy and log in."""
        for component in COMPONENTS:
            self._processes.start(component, (*AIRFLOW, component), self.environment())
        self._wait("Airflow", self.api.is_healthy)
        admin = next((user.name for user in self._settings.users if user.role == "admin"), None)
        if admin is None:
            self.api.log_in()
        else:
            self.api.log_in(admin, passwords(self._settings)[admin])

    def require_alive(self) -> None:
        """Raise when a process of the stack has ended by itself."""
        self._processes.require_alive()

    def pids(self) -> dict[str, int]:
        """Return the pid of each process."""
        return self._processes.pids()

    def stop(self) -> None:
        """Stop everything that was started."""
        self.api.close()
        self._processes.stop()

    def environment(self) -> dict[str, str]:
        """Return the environment of the stack's processes."""
        return {**os.environ, **airflow_environment(self._settings)}

    def _wait(self, what: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not is_ready():
            self.require_alive()
            if time.monotonic() > deadline:
                raise PerpetuaError(
                    f"`{what}` did not become healthy in {HEALTHY_SECONDS:.0f} s. "
                    f"Hint: read the logs in {self._settings.home.processes}."
                )
            time.sleep(0.25)

    @classmethod
    @contextmanager
    def running(cls, settings: Settings) -> Iterator[Self]:
        """Yield a started stack; stop it whatever happens."""
        stack = cls(settings)
        with only_one(lock_of(settings), settings.home.root):
            stack.require_free_ports()
            try:
                stack.start_sandbox()
                stack.migrate()
                stack.start_airflow()
                yield stack
            finally:
                stack.stop()


def lock_of(settings: Settings) -> Path:
    """Return the file that the running stack of this home holds."""
    return settings.home.processes / "lock"


def ports(settings: Settings) -> list[tuple[int, str, str]]:
    """Return the ports of the stack: number, purpose, setting."""
    wanted = [
        (settings.airflow_port, "Airflow", "PERPETUA_AIRFLOW_PORT"),
        (settings.airflow_worker_log_port, "task logs", "PERPETUA_AIRFLOW_WORKER_LOG_PORT"),
        (settings.airflow_triggerer_log_port, "triggerer logs", "PERPETUA_AIRFLOW_TRIGGERER_LOG_PORT"),
        (settings.airflow_scheduler_health_port, "the scheduler's health", "PERPETUA_AIRFLOW_SCHEDULER_HEALTH_PORT"),
    ]
    if settings.is_sandbox:
        wanted.append((settings.sandbox_port, "the sandbox", "PERPETUA_SANDBOX_PORT"))
    return wanted


def passwords_file(settings: Settings) -> Path:
    """Return the file that holds the passwords of the local Airflow's users, readable to its owner alone."""
    return settings.home.airflow / "passwords.json"


def passwords(settings: Settings) -> dict[str, str]:
    """Return the password of each user; who has none yet gets that of `PERPETUA_PASSWORDS` or a new one."""
    file = passwords_file(settings)
    known: dict[str, str] = read_json(file) if file.exists() else {}
    missing = [user.name for user in settings.users if user.name not in known]
    if missing:
        given = parse_passwords(settings.passwords.get_secret_value())
        known |= {name: given.get(name) or secrets.token_urlsafe(16) for name in missing}
        with atomic_path(file) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(known, indent=2), encoding="utf-8")
    return known


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that make Airflow this deployment's."""
    home = settings.home.airflow
    home.mkdir(parents=True, exist_ok=True)
    # Airflow would write the passwords that it has to invent into its log
    passwords(settings)
    local = f"http://127.0.0.1:{settings.airflow_port}"
    secret = _secret(home / "secret")
    values = {
        "CORE__DAGS_FOLDER": REPOSITORY / "dags",
        "CORE__PLUGINS_FOLDER": REPOSITORY / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 4,
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": not settings.users,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user.name}:{user.role}" for user in settings.users),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": passwords_file(settings),
        "CORE__EXECUTION_API_SERVER_URL": f"{local}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "API__HOST": "127.0.0.1",
        "API__PORT": settings.airflow_port,
        "API__BASE_URL": settings.airflow_url,
        "API__WORKERS": 1,
        "API__SECRET_KEY": secret,
        "API_AUTH__JWT_SECRET": secret,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.2,
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": settings.airflow_scheduler_health_port,
        "SCHEDULER__ENABLE_HEALTH_CHECK": True,
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
        "LOGGING__WORKER_LOG_SERVER_PORT": settings.airflow_worker_log_port,
        "LOGGING__TRIGGER_LOG_SERVER_PORT": settings.airflow_triggerer_log_port,
        # a task must survive an API server that is away for minutes: heartbeats that fail before it gives up
        "WORKERS__MAX_FAILED_HEARTBEATS": 60,
    }
    environment = {f"AIRFLOW__{name}": str(value) for name, value in values.items()}
    if settings.campaign_path is not None:
        # DAG files read schedules and approvers from the environment alone, and the settings may stand in .env
        environment["PERPETUA_CAMPAIGN"] = str(settings.campaign_path.resolve())
    environment["PERPETUA_APPROVERS"] = ",".join(settings.approvers)
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    return environment | {
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": path,
        "PERPETUA_HOME": str(settings.home.root),
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
    }


def _secret(source: Path) -> str:
    if not source.exists():
        with os.fdopen(os.open(source, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
    return source.read_text(encoding="utf-8")


def answers(url: str) -> bool:
    """Return whether `url` answers a GET with success."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
