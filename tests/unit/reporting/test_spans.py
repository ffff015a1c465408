from datetime import UTC, datetime, timedelta

import pytest

from include.reporting.spans import relative, span_words

NOW = datetime(2026, 2, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (0.4, "0 s"), (-5, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"),
        (7_980, "2 h 13 min"), (3_605, "1 h"), (90_000, "1 d 1 h"), (86_400 * 3, "3 d"),
    ],
)  # fmt: skip
def test_a_span_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


def test_what_comes_and_what_was_are_told_apart() -> None:
    assert relative(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert relative(NOW - timedelta(hours=3, minutes=2), NOW) == "3 h 2 min ago"
