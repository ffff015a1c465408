"""Who asked first: a note in a file on the DAG run that is at something, so that a second one finds the first."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path


def claim(file: Path, claimant: str, is_active: Callable[[str], bool]) -> str:
    """Return who holds the claim in `file`: `claimant`, unless another one that is active came first.

    Asking again changes nothing, and a claimant that is no longer active loses its claim.

    Parameters
    ----------
    file : Path
        One for each thing that only one may be at.
    claimant : str
        The DAG run that asks.
    is_active : callable
        Whether another claimant is still under way.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        holder = _holder(stream.read())
        if holder is not None and holder != claimant and is_active(holder):
            return holder
        stream.truncate(0)
        json.dump({"claimant": claimant}, stream)
    return claimant


def _holder(text: str) -> str | None:
    try:
        return str(json.loads(text)["claimant"])
    except (ValueError, KeyError, TypeError):
        return None  # the first claim, or one that a crash cut short: it started nothing
