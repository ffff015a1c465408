from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.alerts.message import Posted
from include.alerts.outbox import New, Outbox, State
from include.core.errors import IntegrityError, TransientError

NOW = datetime(2026, 2, 23, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "home" / "alerts.sqlite")


def put(outbox: Outbox, *keys: str, parent: str | None = None, body: str = "{}") -> None:
    outbox.put([New(key, parent, "message", body) for key in keys], NOW)


def keys(outbox: Outbox) -> list[str]:
    return [entry.key for entry in outbox.pending()]


def test_entries_wait_in_the_order_they_came_and_a_known_key_changes_nothing(outbox: Outbox) -> None:
    put(outbox, "b", "a")
    put(outbox, "c", "b", body="another")
    assert keys(outbox) == ["b", "a", "c"]
    entry = outbox.entry("b")
    assert entry is not None
    assert (entry.body, entry.state, entry.attempts, entry.created_at) == ("{}", State.PENDING, 0, NOW)


def test_what_was_written_is_there_for_the_next_process(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, "a")
    outbox.begin_attempt("a", NOW)
    again = Outbox(tmp_path / "home" / "alerts.sqlite").entry("a")
    assert again is not None
    assert (again.attempts, again.first_attempt_at, again.is_uncertain) == (1, NOW, True)


def test_the_first_attempt_stays_the_first(outbox: Outbox) -> None:
    put(outbox, "a")
    outbox.begin_attempt("a", NOW)
    outbox.begin_attempt("a", LATER)
    entry = outbox.entry("a")
    assert entry is not None
    assert (entry.attempts, entry.first_attempt_at) == (2, NOW)


def test_an_entry_is_sent_refused_and_opened_again(outbox: Outbox) -> None:
    put(outbox, "sent", "configuration", "content")
    outbox.mark_sent("sent", Posted("C1", "1.1", None), NOW)
    outbox.refuse("configuration", "invalid_auth", is_configuration=True)
    outbox.refuse("content", "invalid_blocks", is_configuration=False)
    assert keys(outbox) == []
    assert [entry.key for entry in outbox.undelivered()] == ["configuration", "content"]
    outbox.reopen_refused(LATER)
    assert keys(outbox) == ["configuration"]
    outbox.reopen_all(LATER)
    assert keys(outbox) == ["configuration", "content"]
    assert {entry.next_attempt_at for entry in outbox.pending()} == {LATER}


def test_an_uncertain_refusal_stays_uncertain_when_it_is_opened_again(outbox: Outbox) -> None:
    put(outbox, "a")
    outbox.begin_attempt("a", NOW)
    outbox.refuse("a", "missing_scope", is_configuration=True, is_uncertain=True)
    outbox.reopen_all(LATER)
    (entry,) = outbox.pending()
    assert entry.is_uncertain


def test_only_what_is_refused_is_opened_again_by_whoever_says_it_again(outbox: Outbox) -> None:
    put(outbox, "a")
    outbox.mark_sent("a", Posted("C1", "1.0", None), NOW)
    outbox.reopen("a", LATER)
    assert outbox.pending() == []
    outbox.send_anew("a", LATER)
    assert keys(outbox) == ["a"]


def test_what_was_sent_is_not_dropped(outbox: Outbox) -> None:
    put(outbox, "a")
    put(outbox, "b")
    outbox.mark_sent("a", Posted("C1", "1.0", None), NOW)
    assert [outbox.drop(key) for key in ("a", "b", "c")] == [False, True, False]
    assert outbox.entry("a") is not None
    assert outbox.undelivered() == []


def test_a_lane_is_a_thread_or_the_message_alone(outbox: Outbox) -> None:
    put(outbox, "first")
    put(outbox, "reply", parent="first")
    assert [entry.lane for entry in outbox.pending()] == ["first", "first"]


def test_a_hold_is_the_newest_one(outbox: Outbox) -> None:
    assert outbox.held_until() is None
    outbox.hold(NOW)
    outbox.hold(LATER)
    assert outbox.held_until() == LATER


def test_a_transaction_that_fails_leaves_nothing(outbox: Outbox) -> None:
    with pytest.raises(ZeroDivisionError), outbox.writing() as connection:
        connection.execute("INSERT INTO hold VALUES (1, 1)")
        raise ZeroDivisionError
    assert outbox.held_until() is None


def test_a_file_that_is_no_outbox_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "alerts.sqlite").write_text("something else " * 200)
    with pytest.raises(IntegrityError, match=r"alerts\.sqlite.*must be an outbox.*move it away"):
        Outbox(tmp_path / "alerts.sqlite")


def test_a_place_that_cannot_hold_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "alerts.sqlite").mkdir()
    with pytest.raises(TransientError, match="cannot be used"):
        Outbox(tmp_path / "alerts.sqlite")


def test_old_messages_are_forgotten_once_their_thread_is_over(outbox: Outbox) -> None:
    put(outbox, "old-thread", "live-thread", "waiting")
    put(outbox, "reply", parent="live-thread")
    put(outbox, "old-reply", parent="old-thread")
    for key in ("old-thread", "live-thread", "old-reply"):
        outbox.mark_sent(key, Posted("C1", "1.0", None), NOW)
    outbox.mark_sent("reply", Posted("C1", "2.0", None), LATER)
    assert outbox.forget_sent(NOW) == 0
    assert outbox.forget_sent(LATER) == 2
    assert outbox.entry("old-thread") is None
    assert outbox.entry("old-reply") is None
    # its thread was answered since, and what waits is never forgotten
    assert outbox.entry("live-thread") is not None
    assert keys(outbox) == ["waiting"]
    assert outbox.forget_sent(LATER + timedelta(seconds=1)) == 2
    assert keys(outbox) == ["waiting"]
