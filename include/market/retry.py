"""Bounded retries with backoff and jitter, for errors that pass."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from include.core.errors import RateLimitedError, TransientError

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to wait.

    Parameters
    ----------
    attempts : int
        Tries altogether, the first one included.
    base_seconds, max_seconds : float
        The wait before try `n + 1` is drawn from [½, 1] · min(max, base · 2ⁿ⁻¹).
    max_retry_after_seconds : float
        A longer wait asked for by the other side is not sat out here: the error goes up.
    seed : int
        Seed of the jitter.
    """

    attempts: int = 5
    base_seconds: float = 0.5
    max_seconds: float = 20.0
    max_retry_after_seconds: float = 120.0
    seed: int = 0


class Retry:
    """Calls things again after a `TransientError`, at most `policy.attempts` times.

    Parameters
    ----------
    policy : RetryPolicy
        Attempts and waits.
    sleep, pause : callable
        Wait the given seconds, blocking and not; replaced where waiting itself is under test.
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self._sleep, self._pause = sleep, pause
        self._random = random.Random(self.policy.seed)

    def __call__(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, trying again on `TransientError`; the last error is raised."""
        for attempt in range(1, self.policy.attempts):
            try:
                return call()
            except TransientError as error:
                self._sleep(self._wait(error, attempt))
        return call()

    async def again(self, call: Callable[[], Awaitable[T]]) -> T:
        """Await what `call` returns, trying again as `__call__` does."""
        for attempt in range(1, self.policy.attempts):
            try:
                return await call()
            except TransientError as error:
                await self._pause(self._wait(error, attempt))
        return await call()

    def _wait(self, error: TransientError, attempt: int) -> float:
        """Seconds until the next try; raises the error where the other side asked for too long a wait."""
        if isinstance(error, RateLimitedError) and error.retry_after_seconds is not None:
            wait = error.retry_after_seconds
            if wait > self.policy.max_retry_after_seconds:
                raise error
        else:
            longest = min(self.policy.max_seconds, self.policy.base_seconds * 2 ** (attempt - 1))
            wait = longest * self._random.uniform(0.5, 1.0)
        logger.warning("try %d of %d in %.1f s: %s", attempt + 1, self.policy.attempts, wait, error)
        return wait
