from pathlib import Path

from include.sandbox.binance.exchange_api import ExchangeApi
from include.sandbox.recorded import RecordedMarket
from tests.unit.sandbox.recordings import START, ask, candle_frame, stopped_clock, write_candles


def test_the_exchange_tells_the_virtual_time_its_state_and_its_symbols(tmp_path: Path) -> None:
    folder = write_candles(tmp_path / "data", "4h", candle_frame("ABCUSDT", 12))
    routes = ExchangeApi(RecordedMarket(folder), stopped_clock(tmp_path, START + 5)).routes()
    assert ask(routes, "/fapi/v1/time").json() == {"serverTime": START + 5}
    assert ask(routes, "/fapi/v1/ping").json() == {}
    assert ask(routes, "/sapi/v1/system/status").json() == {"status": 0, "msg": "normal"}
    told = ask(routes, "/fapi/v1/exchangeInfo").json()
    assert told["serverTime"] == START + 5
    assert [entry["symbol"] for entry in told["symbols"]] == ["ABCUSDT"]
