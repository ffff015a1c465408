"""The stages of what people are told: send what waits, show what waits and why; other stages are in `stages.py`."""

from typing import TYPE_CHECKING, Any

from include.config.settings import Settings
from include.core.clock import format_utc
from include.core.errors import UndeliveredError

if TYPE_CHECKING:
    from include.alerts.outbox import Entry


def deliver_alerts(settings: Settings) -> dict[str, Any]:
    """Send what waits and is due; return how many messages were sent, still wait, and can never be sent as they are.

    Raises
    ------
    UndeliveredError
        Slack refuses messages for the token or the channel: only a person can help.
    """
    from include.alerts.delivery import retry, undelivered

    before = len(undelivered(settings.home))
    left = retry(settings)
    refused = [entry for entry in left if entry.state == "refused"]
    mendable = [entry for entry in refused if entry.is_configuration]
    if mendable:
        raise UndeliveredError(
            f"Slack refuses {len(mendable)} of {len(left)} undelivered messages: {mendable[-1].error} "
            "Hint: mend it, then `python -m include alerts flush`; docs/alerts.md."
        )
    return {"sent": before - len(left), "waiting": len(left) - len(refused), "refused": len(refused)}


def flush_alerts(settings: Settings) -> list[dict[str, Any]]:
    """Send everything undelivered, due or not, what was refused as well; return what is undelivered then."""
    from include.alerts.delivery import flush

    return [_row(entry) for entry in flush(settings)]


def drop_alert(settings: Settings, key: str) -> list[dict[str, Any]]:
    """Forget the undelivered message or file `key`; return what is undelivered then."""
    from include.alerts.delivery import drop

    drop(settings, key)
    return waiting_alerts(settings)


def waiting_alerts(settings: Settings) -> list[dict[str, Any]]:
    """Return what people were not told, the oldest first, and why."""
    from include.alerts.delivery import undelivered

    return [_row(entry) for entry in undelivered(settings.home)]


def _row(entry: "Entry") -> dict[str, Any]:
    return {
        "state": str(entry.state),
        "since": format_utc(entry.created_at),
        "message": entry.key,
        "attempts": entry.attempts,
        "next": format_utc(entry.next_attempt_at) if entry.state == "pending" else "after `alerts flush`",
        "why": entry.error or "an older message of its thread waits",
    }
