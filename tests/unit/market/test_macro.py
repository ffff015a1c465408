from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from include.config.settings import Settings
from include.core.columns import MACRO
from include.core.errors import ConfigurationError, InvalidInputError, TransientError
from include.market.macro import SERIES, fetch_series, open_fred
from include.market.quarantine import Sifted
from include.market.retry import Retry, RetryPolicy
from tests.unit.market.answers import Asked, answer, answering

NOW = datetime(2026, 1, 16, 12, 0, tzinfo=UTC)
QUICK = Retry(RetryPolicy(attempts=2), sleep=lambda _: None)


def observation(date: str, value: object) -> dict[str, object]:
    return {"realtime_start": "2026-01-16", "realtime_end": "2026-01-16", "date": date, "value": value}


def fetched(settings: Settings, *observations: object, series: str = "DGS10") -> tuple[Sifted, Asked]:
    with (
        answering(answer({"observations": list(observations)})) as (url, asked),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
    ):
        return fetch_series(client, QUICK, series, NOW, datetime(2026, 1, 1, tzinfo=UTC)), asked


def test_observations_become_rows_known_from_their_publication_on(settings: Settings) -> None:
    sifted, asked = fetched(settings, observation("2026-01-13", "4.17"), observation("2026-01-14", "4.15"))
    assert sifted.rows.schema.equals(MACRO.schema)
    assert sifted.rows.to_pylist()[0] == {
        "series": "DGS10",
        "date": datetime(2026, 1, 13, tzinfo=UTC),
        "value": 4.17,
        "vintage": None,
        "known_at": datetime(2026, 1, 14, 22, 0, tzinfo=UTC),
    }
    assert sifted.rows.num_rows == 2
    path, params = asked.requests[0]
    assert path == "/fred/series/observations"
    assert params["series_id"] == "DGS10"
    assert params["observation_start"] == "2026-01-01"
    assert params["file_type"] == "json"


def test_the_dollar_index_waits_for_monday_and_the_policy_rate_for_its_month(settings: Settings) -> None:
    dollar, _ = fetched(settings, observation("2026-01-07", "120.1"), series="DTWEXBGS")
    assert dollar.rows["known_at"].to_pylist() == [datetime(2026, 1, 12, 22, 0, tzinfo=UTC)]
    rate, _ = fetched(settings, observation("2025-12-01", "3.72"), series="FEDFUNDS")
    assert rate.rows["known_at"].to_pylist() == [datetime(2026, 1, 2, 22, 0, tzinfo=UTC)]


def test_a_day_without_a_value_is_left_out_and_not_refused(settings: Settings) -> None:
    sifted, _ = fetched(settings, observation("2026-01-01", "."), observation("2026-01-02", "4.1"))
    assert sifted.rows.num_rows == 1
    assert sifted.refused == ()


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("shape", {"date": "2026-01-05"}),
        ("shape", "text"),
        ("shape", observation("05.01.2026", "4.1")),
        ("shape", observation("2026-01-05", "n/a")),
        ("shape", observation("2026-01-05", None)),
        ("not_finite", observation("2026-01-05", "nan")),
        ("future", observation("2026-01-17", "4.1")),
    ],
)
def test_a_bad_observation_is_refused_and_the_others_stay(settings: Settings, reason: str, bad: object) -> None:
    sifted, _ = fetched(settings, observation("2026-01-02", "4.1"), bad)
    assert [(refused.reason, refused.payload) for refused in sifted.refused] == [(reason, bad)]
    assert sifted.rows.num_rows == 1


def test_the_key_is_sent_but_stands_in_no_quarantine_record(settings: Settings) -> None:
    keyed = settings.model_copy(update={"fred_api_key": SecretStr("k3y")})
    sifted, asked = fetched(keyed, observation("2026-01-05", "n/a"))
    assert asked.requests[0][1]["api_key"] == "k3y"
    assert "k3y" not in sifted.refused[0].request


def test_live_mode_wants_a_key(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="PERPETUA_FRED_API_KEY"):
        open_fred(settings.model_copy(update={"mode": "live"}))


def test_an_answer_without_observations_is_transient(settings: Settings) -> None:
    with (
        answering(answer({"count": 0})) as (url, _),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
        pytest.raises(TransientError, match="must answer a list"),
    ):
        fetch_series(client, QUICK, "DGS10", NOW)


def test_the_sandbox_serves_every_series_and_nothing_that_is_not_published_yet(online: Settings) -> None:
    now = datetime(2100, 1, 1, tzinfo=UTC)
    with open_fred(online) as client:
        for series in SERIES:
            assert fetch_series(client, QUICK, series, now).rows.num_rows > 10
        with pytest.raises(InvalidInputError, match="does not exist"):
            fetch_series(client, QUICK, "NOPE", now)
