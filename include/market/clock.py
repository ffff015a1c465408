"""The exchange's clock, for what is neither fetched nor stored: how old a model is."""

import asyncio
from datetime import datetime

from include.config.settings import Settings
from include.market.retry import Retry, RetryPolicy
from include.market.venue import open_venue

# a check of the day rather says that it does not know than makes people wait
_POLICY = RetryPolicy(attempts=2)


def market_now(settings: Settings) -> datetime:
    """Return the instant of the traded exchange's clock, UTC.

    Raises
    ------
    TransientError, ConfigurationError, …
        As `open_venue`, after two tries.
    """

    async def ask() -> datetime:
        async with open_venue(settings, retry=Retry(_POLICY)) as venue:
            return venue.market_now

    return asyncio.run(ask())
