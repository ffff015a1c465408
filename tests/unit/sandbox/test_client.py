import socket
from pathlib import Path

import httpx
import pytest

from include.config.settings import Settings
from include.core.errors import InvalidInputError, MissingInputError
from include.sandbox.client import advance, fault_log, set_faults, stop_faults
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


def test_a_fault_plan_is_set_read_and_stopped(settings: Settings, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("rules: [{fault: html, path: /fng/}]")
    bad.write_text("rules: [{fault: gremlins}]")
    small = settings.model_copy(update={"universe_source": "BTC/USDT:USDT"})
    with running_sandbox(small) as (url, served):
        assert set_faults(served, good)["plan"] == {"rules": [{"fault": "html", "path": "/fng/"}]}
        httpx.get(f"{url}/fng/")
        assert fault_log(served)["counts"] == {"html": 1}
        with pytest.raises(InvalidInputError, match="must be one of"):
            set_faults(served, bad)
        with pytest.raises(MissingInputError, match="is no file"):
            set_faults(served, tmp_path / "none.yaml")
        assert stop_faults(served) == {"plan": {}, "counts": {"html": 1}}
