from pathlib import Path

import pytest

from include.config.universe import load_universe, select
from include.core.errors import ConfigurationError


def test_the_default_universe_has_62_perpetuals_with_the_handoffs_two() -> None:
    symbols = load_universe().symbols
    assert len(symbols) == 62
    assert {"OGN/USDT:USDT", "1000PEPE/USDT:USDT", "BTCDOM/USDT:USDT", "PAXG/USDT:USDT"} <= set(symbols)


def test_a_comma_list_and_a_file_are_read(tmp_path: Path) -> None:
    assert load_universe("BTC/USDT:USDT, ETH/USDT:USDT").symbols == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    file = tmp_path / "u.yaml"
    file.write_text("venue: binanceusdm\nsymbols: [SOL/USDT:USDT]\n", encoding="utf-8")
    assert load_universe(str(file)).symbols == ("SOL/USDT:USDT",)


@pytest.mark.parametrize("source", ["BTCUSDT", "BTC/USDT:USDT,BTC/USDT:USDT"])
def test_a_bad_or_repeated_symbol_is_refused(source: str) -> None:
    with pytest.raises(ConfigurationError, match="symbols"):
        load_universe(source)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml` does not exist"):
        load_universe("nowhere.yaml")


def test_a_selection_is_all_or_a_part_of_the_universe() -> None:
    universe = load_universe("BTC/USDT:USDT,ETH/USDT:USDT")
    assert select(universe, "all") == universe.symbols
    assert select(universe, "ETH/USDT:USDT") == ("ETH/USDT:USDT",)
    with pytest.raises(ConfigurationError, match="unknown: SOL/USDT:USDT"):
        select(universe, "SOL/USDT:USDT")
    with pytest.raises(ConfigurationError, match="none named"):
        select(universe, " ,")
