"""How the command line talks to a running sandbox."""

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
    try:
        answer = httpx.post(f"{settings.sandbox_url}/sandbox/advance", json={"by": by}, timeout=10)
    except httpx.TransportError:
        raise MissingInputError(
            f"No sandbox answers at {settings.sandbox_url}. "
            "Hint: start one with `make run` or `python -m include sandbox`."
        ) from None
    document: dict[str, Any] = answer.json()
    if answer.is_client_error:
        raise InvalidInputError(document["error"])
    return document
