from datetime import UTC, datetime

from include.config.firings import firings, last_firing


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def test_a_cron_fires_at_each_of_its_times_both_ends_included() -> None:
    assert firings("0 10,14 * * *", at(23, 10), at(24, 10)) == [at(23, 10), at(23, 14), at(24, 10)]


def test_a_list_fires_at_its_own_times_and_null_never() -> None:
    events = (at(27, 14), at(20, 14), datetime(2026, 2, 26, 14))  # noqa: DTZ001 (a time without zone is UTC)
    assert firings(events, at(23, 0), at(28, 0)) == [at(26, 14), at(27, 14)]
    assert firings(None, at(23, 0), at(28, 0)) == []


def test_the_last_firing_is_at_or_before_an_instant() -> None:
    assert last_firing("0 14 * * 5", at(27, 14)) == at(27, 14)
    assert last_firing("0 14 * * 5", at(27, 13, 59)) == at(20, 14)
    assert last_firing((at(20, 14), at(27, 14)), at(26, 0)) == at(20, 14)
    assert last_firing((at(27, 14),), at(26, 0)) is None
    assert last_firing(None, at(26, 0)) is None
