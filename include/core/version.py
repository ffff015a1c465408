"""Which code is running: the commit of the checkout, or the release where there is none."""

import subprocess
import tomllib
from functools import lru_cache

from include.core.paths import REPOSITORY


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return the checkout's commit hash, or the version in `pyproject.toml` outside a checkout."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return str(tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    return head.stdout.strip()
