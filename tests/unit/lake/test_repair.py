from pathlib import Path

import pytest

from include.core.errors import IntegrityError
from include.lake.lake import Lake
from include.lake.maintenance import maintain
from include.lake.repair import repair
from tests.unit.lake.rows import START, candle, candles

ETH = "ETH/USDT:USDT"
LOST = candles(*(candle(number=number) for number in range(50)))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.merge("candles", LOST)
    lake.merge("candles", candles(candle(ETH)))
    return lake


def largest(lake: Lake) -> Path:
    return max(Path(lake.location, "candles").glob("*.parquet"), key=lambda path: path.stat().st_size)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-20:-10] = b"\xff" * 10
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "reason"), [(truncate, "1,000 bytes instead of"), (damage, "unreadable"), (Path.unlink, "missing")]
)
def test_a_broken_file_is_refused_by_name_set_aside_and_fetched_again(lake: Lake, harm, reason: str) -> None:
    file = largest(lake)
    harm(file)
    with pytest.raises(IntegrityError, match=rf"File {file.name} of the lake table `candles`.*market repair --table"):
        lake.read("candles")
    (seen,) = repair(lake, "candles", dry_run=True)
    with pytest.raises(IntegrityError):
        lake.read("candles")
    (broken,) = repair(lake, "candles")
    assert broken == seen
    assert (broken.file, broken.rows) == (file.name, 50)
    assert broken.reason.startswith(reason)
    assert (broken.first, broken.last) == (START, LOST["open_time"][-1].as_py())
    assert lake.read_arrow("candles").equals(candles(candle(ETH)))
    assert lake.merge("candles", LOST).inserted == 50
    assert repair(lake, "candles") == []


def test_what_was_set_aside_outlives_maintenance(lake: Lake) -> None:
    file = largest(lake)
    truncate(file)
    repair(lake, "candles")
    maintain(lake, {})
    assert (file.parent / "_broken" / file.name).stat().st_size == 1000


def test_a_sound_or_missing_table_is_left_alone(lake: Lake) -> None:
    version = lake.version("candles")
    assert repair(lake, "candles") == repair(lake, "macro") == []
    assert lake.version("candles") == version
