import asyncio

import pytest

from include.core.errors import InvalidInputError, RateLimitedError, TransientError
from include.market.retry import Retry, RetryPolicy


class Flaky:
    """Fails with each of `errors` in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_transient_errors_are_tried_again_until_the_answer_comes() -> None:
    waits: list[float] = []
    call = Flaky(TransientError("a"), TransientError("b"))
    assert Retry(sleep=waits.append)(call) == "answer"
    assert call.calls == 3
    assert len(waits) == 2


def test_waits_double_within_their_jitter_and_stop_growing_at_the_limit() -> None:
    waits: list[float] = []
    policy = RetryPolicy(attempts=6, base_seconds=1.0, max_seconds=5.0)
    Retry(policy, waits.append)(Flaky(*[TransientError("x")] * 5))
    for wait, longest in zip(waits, [1.0, 2.0, 4.0, 5.0, 5.0], strict=True):
        assert longest / 2 <= wait <= longest


def test_the_same_seed_waits_the_same() -> None:
    def waits_of(seed: int) -> list[float]:
        waits: list[float] = []
        Retry(RetryPolicy(seed=seed), waits.append)(Flaky(*[TransientError("x")] * 4))
        return waits

    assert waits_of(3) == waits_of(3)
    assert waits_of(3) != waits_of(4)


def test_after_the_last_attempt_the_last_error_goes_up() -> None:
    call = Flaky(*[TransientError(str(n)) for n in range(9)])
    with pytest.raises(TransientError, match=r"^2$"):
        Retry(RetryPolicy(attempts=3), lambda _: None)(call)
    assert call.calls == 3


def test_a_wait_that_was_asked_for_is_kept_exactly() -> None:
    waits: list[float] = []
    Retry(sleep=waits.append)(Flaky(RateLimitedError("slow down", 17.0)))
    assert waits == [17.0]


def test_a_wait_longer_than_the_limit_is_not_sat_out() -> None:
    call = Flaky(RateLimitedError("banned", 3_600.0))
    with pytest.raises(RateLimitedError):
        Retry(sleep=lambda _: pytest.fail("must not wait"))(call)
    assert call.calls == 1


def test_other_errors_go_up_at_once() -> None:
    call = Flaky(InvalidInputError("wrong"))
    with pytest.raises(InvalidInputError):
        Retry(sleep=lambda _: pytest.fail("must not wait"))(call)
    assert call.calls == 1


def awaited(retry: Retry, call: Flaky) -> str:
    async def once() -> str:
        return call()

    return asyncio.run(retry.again(once))


def test_awaited_calls_are_tried_again_alike_and_their_waits_do_not_block() -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    call = Flaky(TransientError("a"), RateLimitedError("slow down", 17.0))
    retry = Retry(sleep=lambda _: pytest.fail("must not block"), pause=pause)
    assert awaited(retry, call) == "answer"
    assert call.calls == 3
    assert waits[1] == 17.0


def test_awaited_calls_end_with_the_last_error_too() -> None:
    call = Flaky(*[TransientError(str(n)) for n in range(9)])
    with pytest.raises(TransientError, match=r"^2$"):
        awaited(Retry(RetryPolicy(attempts=3, base_seconds=0.0)), call)
    with pytest.raises(RateLimitedError):
        awaited(Retry(), Flaky(RateLimitedError("banned", 3_600.0)))
