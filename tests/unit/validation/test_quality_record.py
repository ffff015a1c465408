from datetime import timedelta

from include.config.settings import Settings
from include.validation.quality_record import KEPT, load_all, page_of, save
from tests.unit.validation.records import VALIDATED, record


def test_records_come_back_newest_first(settings: Settings) -> None:
    older, newer = record("b1"), record("b2", validated_at=VALIDATED + timedelta(hours=4))
    save(settings.home, older)
    save(settings.home, newer)
    assert load_all(settings.home) == [newer, older]


def test_a_batch_validated_again_replaces_its_record(settings: Settings) -> None:
    save(settings.home, record("b1"))
    again = record("b1", validated_at=VALIDATED + timedelta(hours=1))
    save(settings.home, again)
    assert load_all(settings.home) == [again]


def test_file_names_are_safe_and_distinct_for_distinct_ids() -> None:
    slugs = {record(batch_id).slug for batch_id in ("run:1", "run+1", "run~1", "run-1")}
    assert len(slugs) == 4
    for slug in slugs:
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_record_that_cannot_be_read_is_passed_over(settings: Settings) -> None:
    save(settings.home, record("b1"))
    (settings.home.data_quality / "history" / "old.json").write_text("{}")
    assert [r.batch.id for r in load_all(settings.home)] == ["b1"]


def test_the_oldest_records_and_their_pages_are_forgotten(settings: Settings) -> None:
    for number in range(KEPT + 2):
        one = record(f"b{number}", validated_at=VALIDATED + timedelta(minutes=number), coverage=())
        page = page_of(settings.home, one)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("page")
        save(settings.home, one)
    kept = [r.batch.id for r in load_all(settings.home)]
    assert len(kept) == KEPT
    assert kept[-1] == "b2"
    assert len(list((settings.home.data_quality / "batches").iterdir())) == KEPT
