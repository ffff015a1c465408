"""UTC instants: the wall clock and conversions between datetimes, text and epoch milliseconds.

The exchange's clock (`market_now`) is not here: it belongs to the market boundary and travels
with the data it fetched.
"""

from datetime import UTC, datetime

from include.core.errors import InvalidInputError


def wall_now() -> datetime:
    """Return the wall clock's instant, timezone-aware UTC, whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def to_ms(instant: datetime) -> int:
    """Return `instant` as UTC epoch milliseconds; a naive datetime is refused."""
    if instant.tzinfo is None:
        raise InvalidInputError(
            f"`instant` must be timezone-aware, was {instant!r}. Hint: use datetime(..., tzinfo=UTC)."
        )
    return round(instant.timestamp() * 1000)


def from_ms(epoch_ms: int) -> datetime:
    """Return UTC epoch milliseconds as a timezone-aware datetime."""
    seconds, milliseconds = divmod(int(epoch_ms), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)


def parse_utc(text: str, argument: str = "time") -> datetime:
    """Return an ISO-8601 text as a UTC datetime; a text without offset is read as UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            f"`{argument}` must be an ISO-8601 time, was {text!r}. Hint: 2026-02-27 or 2026-02-27T14:00."
        ) from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def format_utc(instant: datetime) -> str:
    """Return `instant` as `2026-02-27 14:00 UTC`, the one spelling people read."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
