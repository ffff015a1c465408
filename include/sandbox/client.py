"""How the command line talks to a running sandbox."""

from pathlib import Path
from typing import Any

import httpx

from include.config.settings import Settings
from include.core.errors import InvalidInputError, MissingInputError


def advance(settings: Settings, by: str) -> dict[str, Any]:
    """Move the virtual clock of the running sandbox by a duration such as `4h`; return its time.

    Raises
    ------
    InvalidInputError
        `by` is no duration.
    MissingInputError
        No sandbox answers at the configured port.
    """
    return _asked(settings, "POST", "/sandbox/advance", json={"by": by})


def set_faults(settings: Settings, plan: Path) -> dict[str, Any]:
    """Put the fault plan of a YAML or JSON file in force; return it, and how many faults there were.

    Raises
    ------
    InvalidInputError
        The file holds no plan.
    MissingInputError
        There is no such file, or no sandbox answers at the configured port.
    """
    if not plan.is_file():
        raise MissingInputError(f"`{plan}` must be a fault plan, is no file.")
    return _asked(settings, "PUT", "/sandbox/faults", content=plan.read_bytes())


def stop_faults(settings: Settings) -> dict[str, Any]:
    """End all faults of the running sandbox; `MissingInputError` when none answers."""
    return _asked(settings, "DELETE", "/sandbox/faults")


def fault_log(settings: Settings) -> dict[str, Any]:
    """Return what the running sandbox did to which request; `MissingInputError` when none answers."""
    return _asked(settings, "GET", "/sandbox/faults/log")


def _asked(settings: Settings, method: str, path: str, **sent: Any) -> dict[str, Any]:
    try:
        answer = httpx.request(method, f"{settings.sandbox_url}{path}", timeout=10, **sent)
    except httpx.TransportError:
        raise MissingInputError(
            f"No sandbox answers at {settings.sandbox_url}. "
            "Hint: start one with `make run` or `python -m include sandbox`."
        ) from None
    document: dict[str, Any] = answer.json()
    if answer.is_client_error:
        raise InvalidInputError(document["error"])
    return document
