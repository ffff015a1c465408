from datetime import UTC, datetime, timedelta, timezone

from include.alerts.threads import day_thread, parent_key, run_thread


def test_a_day_is_that_of_utc() -> None:
    late = datetime(2026, 2, 23, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert day_thread(late) == "day:2026-02-24"
    assert day_thread(datetime(2026, 2, 23, tzinfo=UTC)) == "day:2026-02-23"


def test_threads_and_their_first_messages_have_names_of_their_own() -> None:
    assert parent_key(run_thread("a")) != parent_key(run_thread("b"))
    assert parent_key(run_thread("2026-02-23")) != parent_key("day:2026-02-23")
