"""Spans of time as people read them."""

from datetime import datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span_words(seconds: float) -> str:
    """Return a span in its two largest units, such as `2 h 13 min`; less than a second is `0 s`."""
    left = max(0, round(seconds))
    for number, (size, name) in enumerate(_UNITS):
        if left >= size:
            count, rest = divmod(left, size)
            smaller = _UNITS[number + 1 : number + 2]
            tail = [f"{rest // width} {unit}" for width, unit in smaller if rest >= width]
            return " ".join([f"{count} {name}", *tail])
    return "0 s"


def relative(at: datetime, now: datetime) -> str:
    """Return how far `at` is from `now`: `in 5 min`, `3 h 2 min ago`."""
    seconds = (at - now).total_seconds()
    return f"in {span_words(seconds)}" if seconds > 0 else f"{span_words(-seconds)} ago"
