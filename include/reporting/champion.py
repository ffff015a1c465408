"""Promotion: writes `champion.json`, the truth about it, with its history; `include/training/champion.py` reads it.

Who may approve is decided by whoever asks for the approval, not here.
"""

from datetime import datetime
from pathlib import Path

from include.config.system import load_system
from include.core.clock import format_utc
from include.core.errors import IntegrityError, InvalidInputError
from include.core.files import sha256_file, write_json
from include.core.paths import Home
from include.reporting.verdict import RESULT_FILE, read_result
from include.training.champion import Champion, Promotion, expiry, read_champion
from include.training.policy import load_policy


def promote(
    home: Home,
    revalidation_id: str,
    result_sha256: str,
    approved_by: str,
    now: datetime,
    approved_at: datetime | None = None,
) -> Champion:
    """Make the model of a revalidation the champion of its system and return it.

    Promoting the same result again changes nothing.

    Parameters
    ----------
    home : Home
        Where results and champions live.
    revalidation_id : str
        Whose result was approved.
    result_sha256 : str
        SHA-256 of `revalidation_result.json` as it was when approval was asked for.
    approved_by : str
        Name of the person who approved.
    now : datetime
        Wall clock, UTC.
    approved_at : datetime or None
        When; None is now.

    Raises
    ------
    MissingInputError
        There is no such result.
    IntegrityError
        The result was changed after approval was asked for.
    InvalidInputError
        The result is a NO-GO, which nobody can promote, or another model was promoted, or gone back to, since it was
        approved.
    """
    folder = home.revalidation(revalidation_id)
    result = read_result(folder)
    _require_unchanged(folder / RESULT_FILE, result_sha256)
    if result.decision == "NO-GO":
        raise InvalidInputError(f"`revalidation_id` must not be a NO-GO, was {revalidation_id}. Hint: retrain first.")
    standing = read_champion(home, result.system)
    if standing is not None and standing.result_sha256 == result_sha256:
        return standing
    if standing is not None and approved_at is not None and standing.promoted_at > approved_at:
        raise InvalidInputError(
            f"`approved_at` must be after the last promotion, {standing.run_id} at {format_utc(standing.promoted_at)}, "
            f"was {format_utc(approved_at)}. Hint: revalidate {result.run_id} again and have it approved."
        )
    champion = Champion(
        system=result.system,
        run_id=result.run_id,
        dataset_id=result.dataset_id,
        model_sha256=result.model_sha256,
        revalidation_id=revalidation_id,
        result_sha256=result_sha256,
        decision=result.decision,
        approved_by=approved_by,
        promoted_at=now,
        tested_until=result.window_end,
        expires_at=expiry(result.window_end, load_system(result.system).champion),
        history=_with_history(standing),
    )
    write_json(home.champion(result.system), champion.model_dump(mode="json"))
    return champion


def rollback(home: Home, system: str, run_id: str, approved_by: str, now: datetime) -> Champion:
    """Make an earlier champion of `system` the champion again and return it; it expires when it always did.

    Raises
    ------
    InvalidInputError
        `run_id` is the champion, or was never one.
    MissingInputError, IntegrityError
        Its best model is gone, damaged, or no longer the one that was promoted.
    """
    standing = read_champion(home, system)
    earlier = () if standing is None else standing.history
    found = next((promotion for promotion in earlier if promotion.run_id == run_id), None)
    if standing is None or found is None or run_id == standing.run_id:
        others = dict.fromkeys(p.run_id for p in earlier if standing is None or p.run_id != standing.run_id)
        names = ", ".join(others) or "none yet"
        raise InvalidInputError(f"`run_id` must be an earlier champion of {system} ({names}), was {run_id!r}.")
    model = load_policy(home.run(run_id)).sha256
    if model != found.model_sha256:
        raise IntegrityError(
            f"The best model of `{run_id}` must be {found.model_sha256[:12]}…, as it was promoted, was {model[:12]}…. "
            "Hint: the run was trained further; revalidate it instead."
        )
    again = found.model_dump() | {"approved_by": approved_by, "promoted_at": now}
    champion = Champion.model_validate(again | {"history": _with_history(standing)})
    write_json(home.champion(system), champion.model_dump(mode="json"))
    return champion


def _require_unchanged(result_file: Path, expected: str) -> None:
    found = sha256_file(result_file)
    if found != expected:
        raise IntegrityError(
            f"`{result_file.name}` must have the approved sha256 {expected[:12]}…, was {found[:12]}…: "
            "it was changed after approval was asked for. Hint: run the revalidation again and approve its result."
        )


def _with_history(standing: Champion | None) -> tuple[Promotion, ...]:
    if standing is None:
        return ()
    previous = Promotion.model_validate(standing.model_dump(exclude={"history"}))
    return (previous, *standing.history)
