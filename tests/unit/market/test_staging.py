import pytest

from include.config.settings import Settings
from include.core.columns import TABLES
from include.core.errors import DataQualityError, IntegrityError, InvalidInputError, MissingInputError
from include.market.staging import (
    STAGED_TABLES,
    batch_folder,
    read_batch,
    read_staged,
    require_publishable,
    seal,
)
from tests.unit.lake.rows import candle, candles
from tests.unit.market.batches import FAILED, LEAVES_ETH_OUT, PASSED, stage


def test_a_batch_comes_back_as_it_was_written(settings: Settings) -> None:
    info = stage(settings, "b1", candle(), candle(number=1))
    assert read_batch(settings.home, "b1") == info
    assert read_staged(settings.home, "b1", "candles").equals(candles(candle(), candle(number=1)))
    for name in STAGED_TABLES[1:]:
        assert read_staged(settings.home, "b1", name).equals(TABLES[name].schema.empty_table())


@pytest.mark.parametrize("batch_id", ["", "../b1", "a/b", ".hidden", "a" * 201, "a b", "b1\n"])
def test_an_id_that_could_leave_the_folder_is_refused(settings: Settings, batch_id: str) -> None:
    with pytest.raises(InvalidInputError, match="`batch_id`"):
        batch_folder(settings.home, batch_id)


def test_the_run_id_of_a_schedule_is_an_id(settings: Settings) -> None:
    folder = batch_folder(settings.home, "scheduled__2026-02-27T16:02:00+00:00")
    assert folder.parent == settings.home.staging


def test_a_batch_that_passed_may_be_published(settings: Settings) -> None:
    stage(settings, "b1", candle())
    seal(settings.home, "b1", PASSED)
    require_publishable(settings.home, "b1")


def test_a_batch_that_was_never_fetched_is_a_missing_input(settings: Settings) -> None:
    with pytest.raises(MissingInputError, match="`b1` does not exist"):
        require_publishable(settings.home, "b1")


def test_a_batch_that_was_never_validated_is_refused(settings: Settings) -> None:
    stage(settings, "b1", candle())
    with pytest.raises(DataQualityError, match="never validated"):
        require_publishable(settings.home, "b1")


def test_a_batch_that_failed_is_refused_with_the_reason(settings: Settings) -> None:
    stage(settings, "b1", candle())
    seal(settings.home, "b1", FAILED)
    with pytest.raises(DataQualityError, match="column `high` is broken"):
        require_publishable(settings.home, "b1")


def test_a_batch_fetched_again_must_be_validated_again(settings: Settings) -> None:
    stage(settings, "b1", candle())
    seal(settings.home, "b1", PASSED)
    stage(settings, "b1", candle(close=106.0))
    with pytest.raises(DataQualityError, match="never validated"):
        require_publishable(settings.home, "b1")


@pytest.mark.parametrize("name", ["candles.parquet", "macro.parquet", "batch.json"])
def test_a_file_that_changed_after_the_validation_is_named(settings: Settings, name: str) -> None:
    stage(settings, "b1", candle())
    seal(settings.home, "b1", PASSED)
    file = batch_folder(settings.home, "b1") / name
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match=name):
        require_publishable(settings.home, "b1")


def test_a_verdict_that_was_edited_is_refused(settings: Settings) -> None:
    stage(settings, "b1", candle())
    seal(settings.home, "b1", LEAVES_ETH_OUT)
    assert require_publishable(settings.home, "b1").excluded == {"ETH/USDT:USDT": ("volume_units",)}
    file = batch_folder(settings.home, "b1") / "report.json"
    file.write_text(file.read_text(encoding="utf-8").replace("ETH/USDT", "BTC/USDT"), encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"report\.json"):
        require_publishable(settings.home, "b1")


def test_a_file_that_is_gone_is_named(settings: Settings) -> None:
    stage(settings, "b1", candle())
    seal(settings.home, "b1", PASSED)
    (batch_folder(settings.home, "b1") / "funding_rates.parquet").unlink()
    with pytest.raises(IntegrityError, match=r"funding_rates\.parquet missing"):
        require_publishable(settings.home, "b1")


def test_a_truncated_file_is_refused_not_half_read(settings: Settings) -> None:
    stage(settings, "b1", *[candle(number=n) for n in range(50)])
    file = batch_folder(settings.home, "b1") / "candles.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(IntegrityError, match=r"candles\.parquet"):
        read_staged(settings.home, "b1", "candles")


def test_a_damaged_description_is_an_integrity_error(settings: Settings) -> None:
    stage(settings, "b1", candle())
    (batch_folder(settings.home, "b1") / "batch.json").write_text('{"id": "b1"}')
    with pytest.raises(IntegrityError, match="no description of a batch"):
        read_batch(settings.home, "b1")
