from datetime import UTC, datetime

import pytest

from include.config.settings import Settings
from include.core.columns import FEAR_GREED
from include.core.errors import TransientError
from include.market.retry import Retry, RetryPolicy
from include.market.sentiment import fetch_fear_greed
from tests.unit.market.answers import answer, answering

NOW = datetime(2026, 1, 3, 9, 30, tzinfo=UTC)
QUICK = Retry(RetryPolicy(attempts=2), sleep=lambda _: None)


def record(day: int, value: object = "40", word: str = "Fear") -> dict[str, object]:
    seconds = str(int(datetime(2026, 1, day, tzinfo=UTC).timestamp()))
    return {"value": value, "value_classification": word, "timestamp": seconds}


def rows_of(
    settings: Settings, *records: object, days: int = 0
) -> tuple[list[dict[str, object]], list[tuple[str, object]]]:
    with answering(answer({"data": list(records)})) as (url, asked):
        sifted = fetch_fear_greed(settings.model_copy(update={"fear_greed_url": url}), QUICK, NOW, days)
    assert asked.requests == [("/fng/", {"limit": str(days), "format": "json"})]
    assert sifted.rows.schema.equals(FEAR_GREED.schema)
    return sifted.rows.to_pylist(), [(refused.reason, refused.payload) for refused in sifted.refused]


def test_values_come_oldest_first_and_are_known_at_the_next_midnight(settings: Settings) -> None:
    rows, refused = rows_of(settings, record(3, "23", "Extreme Fear"), record(2), days=5)
    assert rows == [
        {
            "timestamp": datetime(2026, 1, 2, tzinfo=UTC),
            "value": 40,
            "classification": "Fear",
            "known_at": datetime(2026, 1, 3, tzinfo=UTC),
        },
        {
            "timestamp": datetime(2026, 1, 3, tzinfo=UTC),
            "value": 23,
            "classification": "Extreme Fear",
            "known_at": datetime(2026, 1, 4, tzinfo=UTC),
        },
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("shape", {"value": "40"}),
        ("shape", "text"),
        ("shape", record(2, "forty")),
        ("shape", record(2, "-5")),
        ("out_of_range", record(2, "101")),
        ("future", record(4)),
        ("off_grid", record(2) | {"timestamp": "1767312060"}),
    ],
)
def test_a_bad_record_is_refused_and_the_others_stay(settings: Settings, reason: str, bad: object) -> None:
    rows, refused = rows_of(settings, record(3), bad)
    assert len(rows) == 1
    assert refused == [(reason, bad)]


def test_a_day_with_two_values_keeps_the_first_and_refuses_the_other(settings: Settings) -> None:
    rows, refused = rows_of(settings, record(2), record(2), record(2, "41"))
    assert [row["value"] for row in rows] == [40]
    assert refused == [("conflicting_duplicate", record(2, "41"))]


@pytest.mark.parametrize("document", [{"data": None}, [], {"error": "x"}])
def test_an_answer_without_a_list_is_transient(settings: Settings, document: object) -> None:
    with answering(answer(document)) as (url, asked), pytest.raises(TransientError, match="must come as a list"):
        fetch_fear_greed(settings.model_copy(update={"fear_greed_url": url}), QUICK, NOW)
    assert len(asked.requests) == 2


def test_the_sandbox_answers_as_the_source_does(online: Settings) -> None:
    sifted = fetch_fear_greed(online, QUICK, datetime(2100, 1, 1, tzinfo=UTC))
    assert sifted.rows.num_rows > 300
    assert sifted.refused == ()
