from datetime import UTC, datetime, timedelta

import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import read_json, sha256_file, write_json
from include.core.paths import Home
from include.reporting.champion import promote
from include.reporting.revalidation import write_report
from include.reporting.verdict import RESULT_FILE, RevalidationResult, revalidation_id
from include.training.champion import read_champion
from tests.unit.reporting.results import DATASET, MODEL, result_of

NOW = datetime(2026, 2, 27, 16, 30, tzinfo=UTC)


@pytest.fixture
def home(settings: Settings) -> Home:
    return settings.home


def written(home: Home, run_id: str = "run-1", decision: str = "GO") -> tuple[RevalidationResult, str]:
    identity = revalidation_id(run_id, MODEL, DATASET, "test")
    result = result_of(id=identity, run_id=run_id, decision=decision)
    files = write_report(result, home.revalidation(identity))
    return result, sha256_file(files["json"])


def test_nobody_is_champion_at_first(home: Home) -> None:
    assert read_champion(home, "phase4") is None


def test_a_promotion_records_model_evidence_person_and_time(home: Home) -> None:
    result, sha256 = written(home)
    champion = promote(home, result.id, sha256, "ada", NOW)
    assert read_champion(home, "phase4") == champion
    assert (champion.run_id, champion.model_sha256, champion.result_sha256) == ("run-1", MODEL, sha256)
    assert (champion.approved_by, champion.promoted_at, champion.history) == ("ada", NOW, ())


def test_a_promotion_expires_counted_from_the_end_of_the_test_window(home: Home) -> None:
    result, sha256 = written(home)
    champion = promote(home, result.id, sha256, "ada", NOW)
    assert champion.tested_until == result.window_end
    assert champion.expires_at == result.window_end + timedelta(days=28)


def test_earlier_champions_are_kept_newest_first(home: Home) -> None:
    for run_id in ("run-1", "run-2", "run-3"):
        result, sha256 = written(home, run_id, "PARTIAL-GO")
        champion = promote(home, result.id, sha256, "ada", NOW)
    assert champion.run_id == "run-3"
    assert [promotion.run_id for promotion in champion.history] == ["run-2", "run-1"]


def test_promoting_the_same_result_again_changes_nothing(home: Home) -> None:
    result, sha256 = written(home)
    first = promote(home, result.id, sha256, "ada", NOW)
    assert promote(home, result.id, sha256, "bob", NOW) == first


def test_a_result_edited_after_the_approval_was_asked_for_is_refused(home: Home) -> None:
    result, sha256 = written(home)
    file = home.revalidation(result.id) / RESULT_FILE
    write_json(file, read_json(file) | {"trades": 9999})
    with pytest.raises(IntegrityError, match="changed after approval"):
        promote(home, result.id, sha256, "ada", NOW)
    assert read_champion(home, "phase4") is None


def test_a_no_go_cannot_be_promoted_by_anybody(home: Home) -> None:
    result, sha256 = written(home, decision="NO-GO")
    with pytest.raises(InvalidInputError, match="NO-GO"):
        promote(home, result.id, sha256, "cto", NOW)


def test_a_result_that_does_not_exist_is_missing(home: Home) -> None:
    with pytest.raises(MissingInputError):
        promote(home, "0" * 16, "0" * 64, "ada", NOW)
