"""The exchange's clock, from a real sandbox and from nobody."""

import pytest

from include.config.settings import Settings
from include.core.errors import TransientError
from include.market.clock import market_now
from include.sandbox.client import advance
from tests.support.sandbox import running_sandbox
from tests.unit.market.answers import refusing_url


def test_it_is_the_exchanges_and_goes_on_with_it(settings: Settings) -> None:
    with running_sandbox(settings.model_copy(update={"universe_source": "BTC/USDT:USDT"})) as (_, there):
        before = market_now(there)
        advance(there, "2d")
        assert (market_now(there) - before).total_seconds() == pytest.approx(2 * 86_400, abs=60)


def test_an_exchange_that_is_away_is_an_error_that_passes(settings: Settings) -> None:
    with pytest.raises(TransientError):
        market_now(settings.model_copy(update={"exchange_url": refusing_url()}))
