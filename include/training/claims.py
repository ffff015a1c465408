"""Who asked for a training: a second request for the same one is refused while the first is under way."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path

from include.core.errors import DuplicateError


def claim_training(claim: Path, run_id: str, claimant: str, is_active: Callable[[str], bool]) -> None:
    """Note in the file `claim` that `claimant` asked for the training `run_id`.

    Asking again is no second request, and a claimant that ended without training loses its claim.

    Parameters
    ----------
    claim : Path
        One file for each training.
    run_id, claimant : str
        The training, and the DAG run that asks for it.
    is_active : callable
        Whether a claimant is still under way.

    Raises
    ------
    DuplicateError
        Another claimant is under way.
    """
    claim.parent.mkdir(parents=True, exist_ok=True)
    with claim.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        holder = _holder(stream.read())
        if holder is not None and holder != claimant and is_active(holder):
            raise DuplicateError(
                f"Training `{run_id}` was asked for already, by the DAG run `{holder}`, which is under way; nothing "
                "was started. Hint: wait for that one, or change the seed, the preset or the run name."
            )
        stream.truncate(0)
        json.dump({"run_id": run_id, "claimant": claimant}, stream)


def _holder(text: str) -> str | None:
    try:
        return str(json.loads(text)["claimant"])
    except (ValueError, KeyError, TypeError):
        return None  # the first claim, or one that a crash cut short: it started nothing
