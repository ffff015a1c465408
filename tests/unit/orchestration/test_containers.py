"""How docker compose is called; the program itself is a script that notes what it was asked."""

from pathlib import Path

import pytest

from include.config.secrets_file import read
from include.core.errors import MissingInputError, PerpetuaError
from include.orchestration.containers import down, up


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `docker` on the path that notes profiles and arguments, and fails when a file tells it to."""
    program, calls = tmp_path / "docker", tmp_path / "calls"
    program.write_text(f'#!/bin/sh\necho "$COMPOSE_PROFILES|$*" >> {calls}\ntest ! -e {tmp_path}/broken || exit 17\n')
    program.chmod(0o755)
    calls.touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("PERPETUA_MODE", raising=False)
    return calls


def test_up_completes_the_file_starts_the_sandbox_too_and_tells_where_and_who(docker: Path, tmp_path: Path) -> None:
    file = tmp_path / "env"
    told = up(file)
    built, started = docker.read_text().splitlines()[-2:]
    assert built.startswith("sandbox|compose")
    assert built.endswith(f"--env-file {file} build")
    assert started.startswith("sandbox|compose")
    assert started.endswith(f"--env-file {file} up --detach --wait")
    assert "Airflow  http://127.0.0.1:8080" in told
    assert "admin (admin), ml (user), cto (user, approves)" in told
    assert not any(value in told for value in read(file).values() if len(value) > 20 and ":" not in value)


def test_live_mode_starts_no_sandbox(docker: Path, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("PERPETUA_MODE=live\n")
    assert "Slack" not in up(tmp_path / "env")
    assert docker.read_text().splitlines()[-1].startswith("|compose")


def test_down_stops_every_profile(docker: Path, tmp_path: Path) -> None:
    down(tmp_path / "env")
    assert docker.read_text().splitlines()[-1].startswith("sandbox|compose")


def test_a_docker_that_fails_is_told(docker: Path, tmp_path: Path) -> None:
    up(tmp_path / "env")
    (tmp_path / "broken").touch()
    with pytest.raises(PerpetuaError, match="docker compose` must be there"):
        down(tmp_path / "env")


def test_without_docker_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingInputError, match=r"`docker` must be installed.*make run"):
        up(tmp_path / "env")
    assert read(tmp_path / "env")["POSTGRES_PASSWORD"]
