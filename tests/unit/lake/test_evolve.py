import logging
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError
from include.lake.evolve import evolve, evolve_table
from include.lake.lake import Lake
from include.lake.origin import claim_home
from tests.unit.lake.older import OLD_MACRO, write_old
from tests.unit.lake.rows import candle, candles

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
NEW = candles(candle(BTC, 0), candle(BTC, 1), candle(ETH, 0))
DAY = datetime(2026, 1, 5, tzinfo=UTC)
MACRO = pa.Table.from_pylist(
    [{"series": "DGS10", "date": DAY, "value": 4.1, "vintage": None, "known_at": DAY}], schema=OLD_MACRO
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake of the older version, in two commits."""
    old = NEW.drop_columns(["venue"])
    write_old(tmp_path / "lake", "candles", old.slice(2))
    write_old(tmp_path / "lake", "candles", old.slice(0, 2))
    write_old(tmp_path / "lake", "macro", MACRO)
    return Lake(tmp_path / "lake")


def test_an_older_table_is_refused_with_the_command_that_helps(lake: Lake) -> None:
    for use in (lambda: lake.read("candles"), lambda: lake.merge("candles", NEW), lambda: lake.version("candles")):
        with pytest.raises(IntegrityError, match=r"`candles` was written by an older version: .*include market evolve"):
            use()


def test_a_dry_run_shows_the_steps_and_changes_nothing(lake: Lake) -> None:
    steps = evolve(lake, dry_run=True)
    assert [(step["table"], step["version"]) for step in steps] == [("candles", None), ("macro", None)]
    assert int(lake.open("candles").version()) == 1


def test_evolving_keeps_every_row_and_the_older_versions_and_is_done_once(lake: Lake) -> None:
    assert [(step["table"], step["version"]) for step in evolve(lake)] == [("candles", 2), ("macro", 1)]
    assert lake.read_arrow("candles").equals(NEW)
    assert evolve(lake) == []
    assert lake.read_arrow("candles", version=1).equals(NEW)
    assert lake.read_arrow("candles", version=0).equals(NEW.slice(2))
    assert lake.merge("candles", NEW).version == 2


def test_a_pinned_older_version_is_read_with_columns_filters_and_in_parts(lake: Lake) -> None:
    evolve(lake)
    filters = [("venue", "=", "binanceusdm"), ("symbol", "=", BTC), ("open_time", ">", NEW["open_time"][0].as_py())]
    assert lake.read("candles", ["close"], filters, version=1)["close"].tolist() == [105.0]
    assert pa.concat_tables(lake.stream("candles", version=1)).equals(NEW)


def test_macro_is_left_to_be_fetched_again_and_its_older_version_stays_readable(lake: Lake) -> None:
    evolve(lake)
    assert lake.count("macro") == 0
    assert lake.read("macro", ["value"], version=0)["value"].tolist() == [4.1]


def test_a_table_that_no_step_explains_stops_everything_before_anything_is_changed(lake: Lake, tmp_path: Path) -> None:
    write_old(tmp_path / "lake", "fear_greed", pa.table({"timestamp": [1]}))
    with pytest.raises(IntegrityError, match="column `value` is missing"):
        evolve(lake)
    assert int(lake.open("candles").version()) == 1


def test_an_evolved_table_is_not_evolved_again(lake: Lake) -> None:
    assert evolve_table(lake, "candles") == evolve_table(lake, "candles") == 2


def test_a_fetch_brings_an_older_home_up_to_date_and_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    write_old(settings.home.lake, "candles", NEW.drop_columns(["venue"]))
    with caplog.at_level(logging.WARNING):
        claim_home(settings)
    assert Lake.of(settings).read_arrow("candles").equals(NEW)
    assert "brought up to date: candles: `venue` becomes part of the key" in caplog.text
