"""The names of the threads that messages go into: one per campaign day, one per training run."""

from datetime import UTC, datetime


def day_thread(instant: datetime) -> str:
    """Return the thread of the UTC day of `instant`."""
    return f"day:{instant.astimezone(UTC):%Y-%m-%d}"


def run_thread(run_id: str) -> str:
    """Return the thread of a training run."""
    return f"run:{run_id}"


def parent_key(thread: str) -> str:
    """Return the key of the first message of `thread`."""
    return f"thread:{thread}"
