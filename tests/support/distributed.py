"""The services of `docker-compose.yaml` as processes of this machine: their own commands, environments and checks.

Only addresses, ports and folders differ: containers have names and a file system each, processes share one machine.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from include.core.errors import PerpetuaError
from include.core.paths import REPOSITORY
from include.orchestration.airflow_api import AirflowApi
from include.orchestration.processes import Processes
from tests.support.compose import services, stage_environment
from tests.support.stack import free_ports

HEALTHY_SECONDS = 300.0
# service → port in its container; each gets a free one here
PORTS = {"postgres": 5432, "redis": 6379, "api-server": 8080, "sandbox": 8971, "mlflow": 5000}
# what is started by its command of docker-compose.yaml once the servers are there
PARTS = ("sandbox", "mlflow", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "trainer")
HOST_NAME = "DISTRIBUTED_HOST_NAME"


def host_name() -> str:
    """Return the name of the container that this process stands for; Airflow calls it for each task."""
    return os.environ[HOST_NAME]


class Distributed:
    """All services, started in the order of their dependencies."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._processes = Processes(home / "processes")
        self._ports = dict(zip((*PORTS, "worker-log", "trainer-log", "trigger-log"), free_ports(8), strict=True))
        given = {
            **environment,
            "PERPETUA_AIRFLOW_PORT": str(self._ports["api-server"]),
            "PERPETUA_MLFLOW_PORT": str(self._ports["mlflow"]),
            "PERPETUA_SANDBOX_PORT": str(self._ports["sandbox"]),
        }
        self._given = given
        self.services = services(given)
        self.url, self.mlflow_url = (f"http://127.0.0.1:{self._ports[name]}" for name in ("api-server", "mlflow"))
        self.api = AirflowApi(self.url)

    @classmethod
    @contextmanager
    def running(cls, home: Path, environment: Mapping[str, str]) -> Iterator[Self]:
        """Yield the started services; stop them whatever happens."""
        deployment = cls(home, environment)
        with tempfile.TemporaryDirectory(prefix="perpetua-database-", ignore_cleanup_errors=True) as place:
            try:
                deployment.start(Path(place))
                yield deployment
            finally:
                deployment.stop()

    def start(self, place: Path) -> None:
        """Start everything and wait until each health check of docker-compose.yaml passes."""
        (self._home / "mlflow").mkdir(parents=True)
        self._start_postgres(place)
        self._start_redis()
        prepare = Processes(self._home / "processes")
        prepare.start("prepare", self.command("prepare"), self.environment("prepare"))
        prepare.wait_for("prepare")
        for part in PARTS:
            self._processes.start(part, self.command(part), self.environment(part))
        for part in PARTS:
            self._wait(part)

    def stop(self) -> None:
        """Stop everything."""
        self.api.close()
        self._processes.stop()

    def require_alive(self) -> None:
        """Raise when a process has ended by itself."""
        self._processes.require_alive()

    def pids(self) -> dict[str, int]:
        """Return the pid of each service."""
        return self._processes.pids()

    def memory_mib(self) -> dict[str, float]:
        """Return the proportional set size of each service with its children, MiB."""
        found = {}
        for part, pid in self.pids().items():
            with suppress(psutil.Error):
                leader = psutil.Process(pid)
                found[part] = sum(map(_pss, [leader, *leader.children(recursive=True)])) / 2**20
        return found

    def command(self, part: str) -> list[str]:
        """Return the command of a service as it is run here."""
        return self._native(self.services[part]["command"], part)

    def environment(self, part: str) -> dict[str, str]:
        """Return the environment of a service as it is here: that of the image and that of docker-compose.yaml."""
        stage = {"mlflow": "mlflow"}.get(part, "perpetua")
        image = stage_environment(stage)
        # compiled kernels lie beside the sources here, and programs where this machine has them
        for name in ("NUMBA_CACHE_DIR", "PATH", "HOME"):
            image.pop(name, None)
        values = {**image, **self.services[part].get("environment", {})}
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/tmp"),
            **{name: self._address(str(value)) for name, value in values.items()},
            **self._addresses(part),
        }

    def refuses(self, part: str) -> bool:
        """Return True when a server that a password guards lets nobody in without it."""
        port = str(self._ports[part])
        asked = {
            "postgres": [
                str(postgres_programs() / "psql"),
                f"postgresql://airflow:wrong@127.0.0.1:{port}/airflow",
                "-c",
                "",
            ],
            "redis": ["redis-cli", "-e", "-p", port, "ping"],
        }[part]
        done = subprocess.run(asked, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
        return done.returncode != 0 and ("authentication" in (done.stdout + done.stderr).lower())

    def is_healthy(self, part: str) -> bool:
        """Run the health check that docker-compose.yaml has for a service."""
        test = self.services[part]["healthcheck"]["test"]
        assert test[0] == "CMD", test
        done = subprocess.run(
            self._native(test[1:], part), env=self.environment(part), cwd=REPOSITORY, capture_output=True, check=False
        )
        return done.returncode == 0

    def _wait(self, part: str) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not self.is_healthy(part):
            self.require_alive()
            if time.monotonic() > deadline:
                raise PerpetuaError(f"`{part}` did not become healthy; read {self._processes.log(part)}.")
            time.sleep(0.5)

    def _native(self, command: list[str], part: str) -> list[str]:
        bin_folder = REPOSITORY / ".venv-mlflow" / "bin" if part == "mlflow" else Path(sys.executable).parent
        words = [self._address(str(word)) for word in command]
        programs = {
            "python": [str(bin_folder / "python")], "airflow": [sys.executable, "-m", "airflow"],
            "mlflow": [str(bin_folder / "mlflow")],
        }  # fmt: skip
        listening = {"--host=0.0.0.0": "--host=127.0.0.1", "--port=5000": f"--port={self._ports['mlflow']}"}
        return programs[words[0]] + [listening.get(word, word) for word in words[1:]]

    def _address(self, text: str) -> str:
        """Return `text` with the addresses and folders of containers replaced by those of this machine."""
        for name, port in PORTS.items():
            text = re.sub(rf"(?<![\w-])({name}|localhost):{port}\b", f"127.0.0.1:{self._ports[name]}", text)
        text = text.replace("/opt/perpetua", str(REPOSITORY))
        return text.replace("/var/lib/perpetua", str(self._home)).replace("/var/lib/mlflow", str(self._home / "mlflow"))

    def _addresses(self, part: str) -> dict[str, str]:
        return {
            HOST_NAME: part,
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "tests.support.distributed.host_name",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self._ports["api-server"]),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(
                self._ports[f"{part}-log" if part == "trainer" else "worker-log"]
            ),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self._ports["trigger-log"]),
            "PERPETUA_SANDBOX_HOST": "127.0.0.1",
            "PERPETUA_SANDBOX_PORT": str(self._ports["sandbox"]),
        }

    def _start_postgres(self, place: Path) -> None:
        programs = postgres_programs()
        password = self._given["POSTGRES_PASSWORD"]
        data, secret = place / "data", place / "password"
        secret.write_text(password, encoding="utf-8")
        # PostgreSQL refuses to run as root
        as_user: list[str] = []
        if os.geteuid() == 0:
            for path in (place, secret):
                shutil.chown(path, "postgres", "postgres")
            as_user = [
                "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "TERM", "--"
            ]  # fmt: skip
        port = self._ports["postgres"]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGPASSWORD": password, "TZ": "UTC"}
        subprocess.run(
            [*as_user, str(programs / "initdb"), "--pgdata", str(data), "--username=airflow", f"--pwfile={secret}",
             "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"],
            env=environment, check=True, capture_output=True,
        )  # fmt: skip
        self._processes.start(
            "postgres",
            [*as_user, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(place),
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            environment,
        )  # fmt: skip
        client = ["--host=127.0.0.1", f"--port={port}", "--username=airflow"]
        self._until("postgres", [str(programs / "pg_isready"), *client], environment)
        subprocess.run([str(programs / "createdb"), *client, "airflow"], env=environment, check=True)

    def _start_redis(self) -> None:
        port, folder = self._ports["redis"], self._home / "redis"
        folder.mkdir(parents=True)
        service = self.services["redis"]
        here = {"redis-server -": f"redis-server - --port {port} --bind 127.0.0.1", "dir /data": f"dir {folder}"}
        words = list(service["command"])
        for of_the_container, of_this_machine in here.items():
            assert of_the_container in words[-1], words
            words[-1] = words[-1].replace(of_the_container, of_this_machine)
        environment = {"PATH": os.environ["PATH"], **service["environment"]}
        self._processes.start("redis", words, environment)
        check = service["healthcheck"]["test"]
        assert check[0] == "CMD-SHELL", check
        self._until("redis", ["sh", "-c", check[1].replace("redis-cli", f"redis-cli -p {port}")], environment)

    def _until(self, part: str, check: list[str], environment: dict[str, str]) -> None:
        deadline = time.monotonic() + 60
        while subprocess.run(check, env=environment, capture_output=True, check=False).returncode != 0:
            self.require_alive()
            if time.monotonic() > deadline:
                raise PerpetuaError(f"`{part}` did not answer; read {self._processes.log(part)}.")
            time.sleep(0.2)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it has just ended
        return 0


def postgres_programs() -> Path:
    """Return the folder with PostgreSQL's programs, the newest of this machine."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    if not folders:
        raise PerpetuaError("PostgreSQL is not installed. Hint: apt-get install postgresql redis-server")
    return folders[-1]
