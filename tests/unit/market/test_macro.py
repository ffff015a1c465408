from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import strategies as st
from pydantic import SecretStr

from include.config.settings import Settings
from include.core.clock import to_ms
from include.core.columns import MACRO
from include.core.errors import ConfigurationError, InvalidInputError
from include.market.errors import PageError
from include.market.macro import EARLIEST, SERIES, fetch_series, open_fred
from include.market.quarantine import Sifted
from include.market.retry import Retry, RetryPolicy
from tests.support.recorded import recorded
from tests.unit.market.answers import Answer, Asked, answer, answering

NOW = datetime(2026, 1, 16, 12, 0, tzinfo=UTC)
QUICK = Retry(RetryPolicy(attempts=2), sleep=lambda _: None)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def observation(date: str, value: object, vintage: str = "2026-01-15") -> dict[str, object]:
    return {"realtime_start": vintage, "realtime_end": "9999-12-31", "date": date, "value": value}


def fetched(
    settings: Settings, *observations: object, series: str = "DGS10", since: datetime = SINCE
) -> tuple[Sifted, Asked]:
    with (
        answering(answer({"observations": list(observations)})) as (url, asked),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
    ):
        return fetch_series(client, QUICK, series, NOW, since), asked


def test_observations_become_rows_with_their_vintage(settings: Settings) -> None:
    sifted, asked = fetched(
        settings, observation("2026-01-13", "4.17", "2026-01-14"), observation("2026-01-14", "4.15")
    )
    assert sifted.rows.schema.equals(MACRO.schema)
    assert sifted.rows.to_pylist()[0] == {
        "series": "DGS10",
        "date": utc("2026-01-13"),
        "vintage": utc("2026-01-14"),
        "value": 4.17,
        "known_at": utc("2026-01-14T22:00"),
    }
    assert sifted.rows.num_rows == 2
    path, params = asked.requests[0]
    assert path == "/fred/series/observations"
    assert params["series_id"] == "DGS10"
    assert (params["realtime_start"], params["realtime_end"]) == ("2026-01-01", "9999-12-31")
    assert params["observation_start"] == "2018-01-01"
    assert params["file_type"] == "json"


def test_a_value_is_known_by_its_release_rule_and_not_before_its_vintage(settings: Settings) -> None:
    # Wednesday the 7th is released on Monday the 12th, whatever FRED says of an earlier day
    early, _ = fetched(settings, observation("2026-01-07", "120.1", "2026-01-08"), series="DTWEXBGS")
    assert early.rows["known_at"].to_pylist() == [utc("2026-01-12T22:00")]
    late, _ = fetched(settings, observation("2026-01-07", "120.1", "2026-01-14"), series="DTWEXBGS")
    assert late.rows["known_at"].to_pylist() == [utc("2026-01-14T22:00")]
    rate, _ = fetched(settings, observation("2025-12-01", "3.72", "2026-01-02"), series="FEDFUNDS")
    assert rate.rows["known_at"].to_pylist() == [utc("2026-01-02T22:00")]


def test_every_vintage_of_a_day_stays(settings: Settings) -> None:
    told = [("120.1", "2026-01-12"), ("120.4", "2026-01-14"), ("120.1", "2026-01-15")]
    sifted, _ = fetched(settings, *(observation("2026-01-07", *entry) for entry in told), series="DTWEXBGS")
    assert [(row["value"], row["known_at"]) for row in sifted.rows.to_pylist()] == [
        (120.1, utc("2026-01-12T22:00")),
        (120.4, utc("2026-01-14T22:00")),
        (120.1, utc("2026-01-15T22:00")),
    ]


def test_a_day_without_a_value_is_left_out_and_not_refused(settings: Settings) -> None:
    sifted, _ = fetched(settings, observation("2026-01-01", "."), observation("2026-01-02", "4.1"))
    assert sifted.rows.num_rows == 1
    assert sifted.refused == ()


def test_a_value_that_was_told_before_the_first_vintage_asked_for_is_not_new(settings: Settings) -> None:
    cut = observation("2025-12-30", "4.0", "2026-01-01")
    sifted, _ = fetched(settings, cut, observation("2025-12-30", "4.2", "2026-01-05"))
    assert sifted.rows["value"].to_pylist() == [4.2]
    whole, _ = fetched(settings, observation("2018-01-01", "4.0", "2018-01-01"), since=EARLIEST)
    assert whole.rows.num_rows == 1


def test_the_request_is_split_where_fred_would_refuse_it_and_values_cut_there_are_told_once(settings: Settings) -> None:
    def fred(_: str, params: dict[str, str]) -> Answer:
        first, last = utc(params["realtime_start"]), utc(params["realtime_end"])
        assert last.year == 9999 or (last - first).days < 2_000
        periods = [("4.0", "2018-03-01", "2024-01-31"), ("4.5", "2024-02-01", "9999-12-31")]
        rows = [
            observation("2018-02-28", value, max(utc(begin), first).date().isoformat())
            for value, begin, end in periods
            if utc(begin) <= last and utc(end) >= first
        ]
        return answer({"count": len(rows), "observations": rows})

    with (
        answering(fred) as (url, asked),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
    ):
        rows = fetch_series(client, QUICK, "DGS10", NOW).rows.to_pylist()
    assert [(row["value"], row["vintage"]) for row in rows] == [(4.0, utc("2018-03-01")), (4.5, utc("2024-02-01"))]
    periods = [(params["realtime_start"], params["realtime_end"]) for _, params in asked.requests]
    assert periods == [("2018-01-01", "2023-06-23"), ("2023-06-24", "9999-12-31")]


def test_an_answer_of_more_rows_than_a_page_is_read_to_its_end(settings: Settings) -> None:
    rows = [observation(f"2026-01-{day:02d}", str(day)) for day in range(5, 10)]

    def fred(_: str, params: dict[str, str]) -> Answer:
        offset = int(params["offset"])
        return answer({"count": 5, "observations": rows[offset : offset + 2]})

    with (
        answering(fred) as (url, asked),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
    ):
        found = fetch_series(client, QUICK, "DGS10", NOW, SINCE).rows
    assert found["value"].to_pylist() == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert [params["offset"] for _, params in asked.requests] == ["0", "2", "4"]


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("shape", {"date": "2026-01-05", "value": "4.1"}),
        ("shape", "text"),
        ("shape", observation("05.01.2026", "4.1")),
        ("shape", observation("2026-01-05", "n/a")),
        ("shape", observation("2026-01-05", None)),
        ("shape", observation("2026-01-05", "4.1", "today")),
        ("not_finite", observation("2026-01-05", "nan")),
        ("future", observation("2026-01-17", "4.1", "2026-01-17")),
        ("future", observation("2026-01-05", "4.1", "2026-01-17")),
        ("inconsistent", observation("2026-01-15", "4.1", "2026-01-14")),
    ],
)
def test_a_bad_observation_is_refused_and_the_others_stay(settings: Settings, reason: str, bad: object) -> None:
    sifted, _ = fetched(settings, observation("2026-01-02", "4.1"), bad)
    assert [(refused.reason, refused.payload) for refused in sifted.refused] == [(reason, bad)]
    assert sifted.rows.num_rows == 1


def test_two_values_of_one_day_and_vintage_are_both_refused(settings: Settings) -> None:
    sifted, _ = fetched(settings, observation("2026-01-05", "4.1"), observation("2026-01-05", "4.2"))
    assert [refused.reason for refused in sifted.refused] == ["conflicting_duplicate"] * 2
    assert sifted.rows.num_rows == 0


def test_the_key_is_sent_but_stands_in_no_quarantine_record(settings: Settings) -> None:
    keyed = settings.model_copy(update={"fred_api_key": SecretStr("k3y")})
    sifted, asked = fetched(keyed, observation("2026-01-05", "n/a"))
    assert asked.requests[0][1]["api_key"] == "k3y"
    assert "k3y" not in sifted.refused[0].request


def test_live_mode_wants_a_key(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="PERPETUA_FRED_API_KEY"):
        open_fred(settings.model_copy(update={"mode": "live"}))


def test_an_answer_without_observations_is_an_error_that_carries_it(settings: Settings) -> None:
    with (
        answering(answer({"count": 0})) as (url, _),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
        pytest.raises(PageError, match="must answer a list") as raised,
    ):
        fetch_series(client, QUICK, "DGS10", NOW)
    assert raised.value.payload == {"count": 0}


def test_the_sandbox_serves_every_series_and_nothing_that_is_not_published_yet(online: Settings) -> None:
    now = datetime(2100, 1, 1, tzinfo=UTC)
    with open_fred(online) as client:
        for series in SERIES:
            rows = fetch_series(client, QUICK, series, now).rows.to_pandas()
            assert len(rows) > 10
            assert not rows.duplicated(["date", "vintage"]).any()
        with pytest.raises(InvalidInputError, match="does not exist"):
            fetch_series(client, QUICK, "NOPE", now)


def test_both_recorded_vintages_of_the_dollar_index_are_kept_apart(settings: Settings) -> None:
    frame = pd.read_parquet(recorded("defects/dtwexbgs_two_vintages.parquet"))
    frame = frame[frame["date"] >= "2018-01-02"]
    first, second = ("vintage_2026_01", "2026-01-05"), ("vintage_2026_08", "2026-08-03")
    rows = [
        observation(str(row["date"]), str(row[column]), vintage)
        for _, row in frame.iterrows()
        for column, vintage in (first, second)
    ]
    with (
        answering(answer({"count": len(rows), "observations": rows})) as (url, _),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
    ):
        found = fetch_series(client, QUICK, "DTWEXBGS", utc("2026-08-10"), utc("2025-12-01")).rows.to_pandas()
    differ = frame["vintage_2026_01"] != frame["vintage_2026_08"]
    assert differ.sum() > 500
    assert len(found) == len(frame) + differ.sum()
    revised = found[found["vintage"] == pd.Timestamp(second[1], tz="UTC")]
    assert revised["value"].tolist() == frame["vintage_2026_08"][differ].tolist()
    assert (revised["known_at"] == pd.Timestamp("2026-08-03T22:00", tz="UTC")).all()
    assert to_ms(found["known_at"].min()) >= to_ms(utc("2026-01-05") + timedelta(hours=22))


def fred_of(history: dict[datetime, list[tuple[datetime, str]]], today: datetime) -> Callable[..., Answer]:
    """Return FRED's answers: real-time periods, cut to the days that are asked for, what is published by `today`."""

    def respond(_: str, params: dict[str, str]) -> Answer:
        first, last = utc(params["realtime_start"]), min(utc(params["realtime_end"]), today)
        rows = []
        for date, told in history.items():
            ends = [*(vintage - timedelta(days=1) for vintage, _ in told[1:]), utc("9999-12-31")]
            for (vintage, value), end in zip(told, ends, strict=True):
                if vintage <= last and end >= first:
                    rows.append(observation(date.date().isoformat(), value, max(vintage, first).date().isoformat()))
        return answer({"count": len(rows), "observations": rows})

    return respond


def rows_of(
    settings: Settings, history: Any, today: datetime, since: datetime
) -> list[tuple[datetime, datetime, float]]:
    with (
        answering(fred_of(history, today)) as (url, _),
        open_fred(settings.model_copy(update={"fred_url": url})) as client,
    ):
        sifted = fetch_series(client, QUICK, "DGS10", today, since)
    assert sifted.refused == ()
    return [(row["date"], row["vintage"], row["value"]) for row in sifted.rows.to_pylist()]


@hypothesis.settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(data=st.data())
def test_whole_histories_come_back_at_once_or_run_by_run(settings: Settings, data: st.DataObject) -> None:
    today = EARLIEST + timedelta(days=4_500)
    history = {}
    for day in data.draw(st.lists(st.integers(0, 4_400), min_size=1, max_size=4, unique=True)):
        date = EARLIEST + timedelta(days=day)
        lags = sorted(data.draw(st.lists(st.integers(1, 4_499 - day), min_size=1, max_size=4, unique=True)))
        values = data.draw(st.lists(st.sampled_from(["4.0", "4.5", "."]), min_size=len(lags), max_size=len(lags)))
        history[date] = [(date + timedelta(days=lag), value) for lag, value in zip(lags, values, strict=True)]
    expected = {
        (date, vintage, float(value))
        for date, told in history.items()
        for (_, before), (vintage, value) in pairwise([(None, None), *told])
        if value not in (".", before)
    }
    assert set(rows_of(settings, history, today, EARLIEST)) == expected
    now = EARLIEST + timedelta(days=data.draw(st.integers(1, 4_000)))
    stored = set(rows_of(settings, history, now, EARLIEST))
    newest = max((vintage for _, vintage, _ in stored), default=EARLIEST + timedelta(days=14))
    assert stored | set(rows_of(settings, history, today, newest - timedelta(days=14))) == expected
