"""The lake on object storage: a real S3 server over HTTP, the same guarantees as on a file system."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from include.config.settings import load_settings
from include.core.errors import ConfigurationError, IntegrityError, TransientError
from include.lake.evolve import evolve
from include.lake.history import history
from include.lake.lake import Lake
from include.lake.maintenance import maintain
from include.lake.origin import claim_home
from include.lake.repair import repair
from tests.support.lake_work import finish_all, rows_of, start
from tests.support.object_store import PYTHON, object_store
from tests.unit.lake.rows import candle, candles

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="`make .venv-s3/.installed` installs the S3 server"),
]
LOCATION = "s3://perpetua/prefix/lake"


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with object_store("perpetua") as environment:
        yield environment


@pytest.fixture
def lake(server: dict[str, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Lake:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    return Lake(f"{LOCATION}/{request.node.name}")


def test_a_table_is_created_appended_to_merged_and_read(lake: Lake) -> None:
    assert not lake.exists("candles")
    assert lake.versions() == {}
    lake.merge("candles", candles(candle(), candle(number=1)))
    result = lake.merge("candles", candles(candle(close=99.0), candle(number=2)))
    assert (result.inserted, result.updated) == (1, 1)
    assert lake.append("candles", candles(candle(close=98.0))).inserted == 0
    assert lake.read("candles")["close"].tolist() == [99.0, 105.0, 105.0]
    assert lake.read("candles", version=1)["close"].tolist() == [105.0, 105.0]
    assert [one["rows"] for one in history(lake, "candles")] == [3, 2, 0]


def test_two_writers_at_once_lose_and_double_nothing(lake: Lake) -> None:
    finish_all([start(lake.location, f"write:{writer}:10") for writer in range(2)])
    assert lake.read_arrow("candles").equals(rows_of(2, 10))


def test_maintenance_and_repair_work_there_too(lake: Lake) -> None:
    for number in range(5):
        lake.merge("candles", candles(candle(number=number)))
    (done,) = maintain(lake, {"candles": [2]}, timedelta(0))
    assert (done.files_before, done.files_after, done.removed_files, done.kept_versions) == (5, 1, 3, 1)
    assert lake.read_arrow("candles", version=2).num_rows == 2
    assert lake.count("candles") == 5
    assert repair(lake, "candles") == []
    assert evolve(lake) == []


def test_a_lost_object_is_named_and_set_right(lake: Lake) -> None:
    lake.merge("candles", candles(candle()))
    lake.merge("candles", candles(candle(number=1)))
    lost = lake.open("candles").file_uris()[0].rpartition("/")[2]
    PyFileSystem(DeltaStorageHandler(lake.uri("candles"))).delete_file(lost)
    with pytest.raises(IntegrityError, match="market repair --table candles"):
        lake.read("candles")
    (broken,) = repair(lake, "candles")
    assert (broken.reason, broken.rows) == ("missing", 1)
    assert lake.count("candles") == 1


def test_a_deployment_claims_its_bucket_and_refuses_another_market(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERPETUA_LAKE", lake.location)
    claim_home(load_settings())
    claim_home(load_settings())
    monkeypatch.setenv("PERPETUA_SEED", "7")
    with pytest.raises(ConfigurationError, match="`PERPETUA_LAKE` holds the market 'synthetic, seed 42'"):
        claim_home(load_settings())


def test_a_store_that_does_not_answer_is_worth_another_try(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(TransientError, match="could not be reached under s3://perpetua"):
        lake.merge("candles", candles(candle()))
