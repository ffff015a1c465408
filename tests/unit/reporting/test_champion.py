from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from include.config.settings import Settings
from include.core.errors import IntegrityError, InvalidInputError, MissingInputError
from include.core.files import read_json, sha256_file, write_json
from include.core.paths import Home
from include.reporting.champion import promote, rollback
from include.reporting.revalidation import write_report
from include.reporting.verdict import RESULT_FILE, RevalidationResult, revalidation_id
from include.training.champion import read_champion
from include.training.policy import load_policy
from tests.unit.reporting.results import DATASET, MODEL, result_of
from tests.unit.training.builders import champion_record

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


def test_an_approval_from_before_the_last_promotion_promotes_nobody(home: Home) -> None:
    (old, old_sha256), (new, new_sha256) = written(home, "run-1"), written(home, "run-2")
    standing = promote(home, new.id, new_sha256, "ada", NOW, NOW)
    with pytest.raises(InvalidInputError, match=r"must be after the last promotion, run-2 .*Hint"):
        promote(home, old.id, old_sha256, "ada", NOW + timedelta(hours=1), NOW - timedelta(hours=1))
    assert read_champion(home, "phase4") == standing
    # the same promotion tried again is no second one
    assert promote(home, new.id, new_sha256, "ada", NOW, NOW - timedelta(hours=1)) == standing
    assert promote(home, old.id, old_sha256, "ada", NOW, NOW + timedelta(hours=1)).run_id == "run-1"


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


@pytest.fixture
def crowned(home: Home, trained: tuple[Settings, Path]) -> tuple[Home, str]:
    """Return a home whose champion is `new`, the one before it a run that is really there."""
    run = trained[1].name
    copytree(trained[1], home.run(run))
    before = champion_record(run_id=run, model_sha256=load_policy(home.run(run)).sha256)
    standing = champion_record(run_id="new", expires_at="2026-04-20T00:00:00Z")
    write_json(home.champion("phase4"), standing | {"history": [before]})
    return home, run


def test_an_earlier_champion_comes_back_with_its_own_expiry_and_the_other_is_kept(
    crowned: tuple[Home, str],
) -> None:
    home, run = crowned
    champion = rollback(home, "phase4", run, "bob", NOW)
    assert read_champion(home, "phase4") == champion
    assert (champion.run_id, champion.approved_by, champion.promoted_at) == (run, "bob", NOW)
    assert champion.expires_at == datetime(2026, 3, 20, tzinfo=UTC)
    assert [promotion.run_id for promotion in champion.history] == ["new", run]
    with pytest.raises(InvalidInputError, match=f"earlier champion of phase4 \\(new\\), was '{run}'"):
        rollback(home, "phase4", run, "bob", NOW)


@pytest.mark.parametrize("run_id", ["new", "stranger"])
def test_only_an_earlier_champion_can_come_back(
    crowned: tuple[Home, str],
    run_id: str,
) -> None:
    home, _ = crowned
    with pytest.raises(InvalidInputError, match="must be an earlier champion of phase4"):
        rollback(home, "phase4", run_id, "bob", NOW)
    with pytest.raises(InvalidInputError, match="none yet"):
        rollback(home, "shadow", run_id, "bob", NOW)


def test_a_model_that_is_not_the_promoted_one_does_not_come_back(
    crowned: tuple[Home, str],
) -> None:
    home, run = crowned
    document = read_json(home.champion("phase4"))
    document["history"][0]["model_sha256"] = "f" * 64
    write_json(home.champion("phase4"), document)
    with pytest.raises(IntegrityError, match="as it was promoted"):
        rollback(home, "phase4", run, "bob", NOW)


def test_a_champion_whose_run_is_gone_does_not_come_back(home: Home) -> None:
    standing = champion_record(run_id="new")
    write_json(home.champion("phase4"), standing | {"history": [champion_record(run_id="gone")]})
    with pytest.raises(MissingInputError):
        rollback(home, "phase4", "gone", "bob", NOW)
