import subprocess
from pathlib import Path

import pytest

from include.core import version


@pytest.fixture(autouse=True)
def _no_cache():
    version.code_version.cache_clear()
    yield
    version.code_version.cache_clear()


def test_in_a_checkout_it_is_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, *identity, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    monkeypatch.setattr(version, "REPOSITORY", tmp_path)
    assert len(version.code_version()) == 40


def test_outside_a_checkout_it_is_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9.8.7"\n')
    monkeypatch.setattr(version, "REPOSITORY", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert version.code_version() == "9.8.7"
