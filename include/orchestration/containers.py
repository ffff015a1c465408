"""Starts and stops docker-compose.yaml: `python -m include.orchestration.containers up` and `down`.

Standard library only, as `include.config.secrets_file`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from include.config.secrets_file import approvers, complete, people, read
from include.core.errors import MissingInputError, PerpetuaError
from include.core.paths import REPOSITORY

COMPOSE = ("docker", "compose")


def up(file: Path) -> str:
    """Complete `file`, build and start everything, wait until it is healthy; return what to tell people.

    Raises
    ------
    MissingInputError
        Docker or its compose plugin is not installed. `file` is completed all the same.
    PerpetuaError
        docker compose ended with an error, which it has printed itself.
    """
    added = complete(file)
    told = f"{file}: " + (f"added {', '.join(added)}" if added else "complete")
    require_docker()
    values = read(file) | {name: value for name, value in os.environ.items() if value}
    profiles = "sandbox" if (values.get("PERPETUA_MODE") or "sandbox") == "sandbox" else ""
    _compose(file, profiles, "build")
    _compose(file, profiles, "up", "--detach", "--wait")
    return f"{told}\n{_addresses(values, file)}"


def down(file: Path) -> None:
    """Stop everything; the volumes stay."""
    require_docker()
    _compose(file, "sandbox", "down")


def require_docker() -> None:
    """Raise when docker compose cannot be run."""
    hint = "Hint: install Docker Engine with its compose plugin; `make run` and `make test-distributed` need neither."
    if shutil.which("docker") is None:
        raise MissingInputError(f"`docker` must be installed, was not found. {hint}")
    if subprocess.run((*COMPOSE, "version"), capture_output=True, check=False).returncode != 0:
        raise MissingInputError(f"`docker compose` must be there, did not answer. {hint}")


def _compose(file: Path, profiles: str, *arguments: str) -> None:
    command = (*COMPOSE, "--project-directory", str(REPOSITORY), "--env-file", str(file), *arguments)
    done = subprocess.run(command, env={**os.environ, "COMPOSE_PROFILES": profiles}, check=False)
    if done.returncode != 0:
        raise PerpetuaError(f"`docker compose {arguments[0]}` ended with status {done.returncode}; it says why above.")


def _addresses(values: dict[str, str], file: Path) -> str:
    def local(name: str, default: int) -> str:
        return f"http://127.0.0.1:{values.get(name) or default}"

    may_approve = approvers(values)
    named = ", ".join(f"{name} ({role}{', approves' if name in may_approve else ''})" for name, role in people(values))
    lines = [f"Airflow  {values.get('PERPETUA_PUBLIC_URL') or local('PERPETUA_AIRFLOW_PORT', 8080)}"]
    lines.append(f"MLflow   {local('PERPETUA_MLFLOW_PORT', 5000)}")
    if (values.get("PERPETUA_MODE") or "sandbox") == "sandbox":
        lines.append(f"Slack    {local('PERPETUA_SANDBOX_PORT', 8971)}/slack")
    lines.append(f"people   {named}; first passwords: PERPETUA_PASSWORDS in {file}")
    return "\n".join(lines)


def main() -> int:
    """Run the command line; an error is one plain sentence and exit status 1."""
    file = REPOSITORY / ".env"
    try:
        if sys.argv[1:] == ["down"]:
            down(file)
        else:
            print(up(file))
    except PerpetuaError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
