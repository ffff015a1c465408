import socket

import pytest

from include.config.settings import Settings
from include.core.errors import InvalidInputError, MissingInputError
from include.sandbox.client import advance
from tests.support.sandbox import running_sandbox


def test_the_clock_of_a_running_sandbox_moves(settings: Settings) -> None:
    small = settings.model_copy(update={"universe_source": "BTC/USDT:USDT,ETH/USDT:USDT"})
    with running_sandbox(small) as (_, served):
        before = advance(served, "1m")["market_now_ms"]
        after = advance(served, "4h")["market_now_ms"]
        assert 4 * 3_600_000 <= after - before < 4 * 3_600_000 + 60_000
        with pytest.raises(InvalidInputError, match="`by` must be a whole number and a unit"):
            advance(served, "soon")


def test_no_sandbox_is_said_plainly(settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    with pytest.raises(MissingInputError, match=f"No sandbox answers at http://127.0.0.1:{port}"):
        advance(settings.model_copy(update={"sandbox_port": port}), "4h")
