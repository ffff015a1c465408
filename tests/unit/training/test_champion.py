"""Reading `champion.json`, and giving a record from before models expired its expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.config.settings import Settings
from include.config.system import load_system
from include.core.errors import IntegrityError
from include.core.files import write_json, write_text
from include.training.champion import expiry, read_champion
from tests.support.datasets import dataset_of, martingale, write_dataset
from tests.unit.training.builders import champion_record

BEFORE_EXPIRY = ("tested_until", "expires_at")


def older(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in champion_record(**changes).items() if name not in BEFORE_EXPIRY}


def test_a_record_is_read_with_its_own_expiry_whatever_the_limits_are_today(settings: Settings) -> None:
    write_json(settings.home.champion("phase4"), champion_record(expires_at="2026-02-21T00:00:00Z"))
    champion = read_champion(settings.home, "phase4")
    assert champion is not None
    assert (champion.run_id, champion.expires_at) == ("phase4-abc", datetime(2026, 2, 21, tzinfo=UTC))


def test_a_phase4_model_expires_four_weeks_after_its_test_window() -> None:
    tested_until = datetime(2026, 2, 20, 8, tzinfo=UTC)
    assert expiry(tested_until, load_system("phase4").champion) == datetime(2026, 3, 20, 8, tzinfo=UTC)


def test_an_older_record_and_its_history_expire_counted_from_the_test_window_of_their_dataset(
    settings: Settings,
) -> None:
    dataset = dataset_of(martingale("AAA/USDT:USDT", 1200, seed=1))
    write_dataset(dataset, settings.home.dataset(dataset.info.id))
    promotion = older(dataset_id=dataset.info.id)
    write_json(settings.home.champion("phase4"), promotion | {"history": [promotion | {"run_id": "before"}]})
    champion = read_champion(settings.home, "phase4")
    assert champion is not None
    end = dataset.info.splits["test"].end
    for found in (champion, champion.history[0]):
        assert (found.tested_until, found.expires_at) == (end, end + timedelta(days=28))
    assert champion.history[0].run_id == "before"


def test_an_older_record_whose_dataset_is_gone_expires_counted_from_its_promotion(settings: Settings) -> None:
    write_json(settings.home.champion("phase4"), older(promoted_at="2026-02-27T16:30:00Z"))
    champion = read_champion(settings.home, "phase4")
    assert champion is not None
    assert champion.expires_at == datetime(2026, 3, 27, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ['{"run_id": "x"}', "[]", '{"history": 1}', '{"history": ["x"]}', "{"])
def test_a_broken_record_is_not_taken_for_a_champion(settings: Settings, text: str) -> None:
    write_text(settings.home.champion("phase4"), text)
    with pytest.raises(IntegrityError):
        read_champion(settings.home, "phase4")
