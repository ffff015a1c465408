from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from include.core.clock import parse_utc, to_ms
from include.sandbox.macro_api import MacroApi, published_at
from include.sandbox.recorded import RecordedMarket
from tests.unit.sandbox.recordings import ask, candle_frame, stopped_clock, write_candles

# 2026-01-05 is a Monday; the 19th is a holiday
DAYS = ["2026-01-12", "2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16", "2026-01-20", "2026-01-21"]
SERIES = {
    "DGS10": {day: 4.0 + n / 100 for n, day in enumerate(DAYS)},
    "DTWEXBGS": {day: 120.0 + n for n, day in enumerate(DAYS)},
    "FEDFUNDS": {"2025-11-01": 3.88, "2025-12-01": 3.72, "2026-01-01": 3.64},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_candles(tmp_path / "data", "4h", candle_frame("ABCUSDT", 1))
    rows = [(name, day, value) for name, values in SERIES.items() for day, value in values.items()]
    pd.DataFrame(rows, columns=["series_id", "date", "value"]).to_parquet(folder / "macro_daily.parquet")
    return folder


def observations(folder: Path, now: str, series_id: str = "DGS10", **params: Any) -> dict[str, Any]:
    name = f"{now}{series_id}".replace(":", "")
    api = MacroApi(RecordedMarket(folder), stopped_clock(folder / name, to_ms(parse_utc(now))))
    query = {"series_id": series_id, "api_key": "k", "file_type": "json", **params}
    answer = ask(api.routes(), "/fred/series/observations", **query)
    return {"status": answer.status_code, **answer.json()}


def values(document: dict[str, Any]) -> dict[str, str]:
    return {entry["date"][5:]: entry["value"] for entry in document["observations"]}


def test_a_daily_value_is_published_the_next_business_day_at_22(folder: Path) -> None:
    assert "01-14" not in values(observations(folder, "2026-01-15T21:59"))
    assert values(observations(folder, "2026-01-15T22:00"))["01-14"] == "4.02"
    # Friday's value waits over the weekend and the Monday holiday
    assert "01-16" not in values(observations(folder, "2026-01-19T23:00"))
    assert "01-16" in values(observations(folder, "2026-01-20T22:00"))


def test_the_dollar_index_is_published_on_the_following_monday(folder: Path) -> None:
    assert values(observations(folder, "2026-01-16T23:00", "DTWEXBGS")) == {}
    week = values(observations(folder, "2026-01-20T22:00", "DTWEXBGS"))
    assert list(week) == ["01-12", "01-13", "01-14", "01-15", "01-16"]


def test_a_monthly_average_is_published_after_its_month(folder: Path) -> None:
    assert list(values(observations(folder, "2026-01-02T21:00", "FEDFUNDS"))) == ["11-01"]
    assert list(values(observations(folder, "2026-01-02T22:00", "FEDFUNDS"))) == ["11-01", "12-01"]


def test_publication_follows_the_kind_of_series() -> None:
    days = np.array(["2026-01-13", "2026-01-14"], "datetime64[D]")
    assert published_at("VIXCLS", days).tolist() == [to_ms(parse_utc(f"2026-01-{d}T22:00")) for d in (14, 15)]
    assert published_at("DEXJPUS", days).tolist() == [to_ms(parse_utc("2026-01-20T22:00"))] * 2


def test_a_weekday_without_a_value_is_a_dot(folder: Path) -> None:
    assert values(observations(folder, "2026-02-10"))["01-19"] == "."
    assert "01-17" not in values(observations(folder, "2026-02-10"))


def test_the_document_has_freds_shape(folder: Path) -> None:
    document = observations(folder, "2026-02-10", observation_start="2026-01-13", observation_end="2026-01-14")
    assert document == {
        "status": 200,
        "realtime_start": "2026-02-10",
        "realtime_end": "2026-02-10",
        "observation_start": "2026-01-13",
        "observation_end": "2026-01-14",
        "units": "lin",
        "output_type": 1,
        "file_type": "json",
        "order_by": "observation_date",
        "sort_order": "asc",
        "count": 2,
        "offset": 0,
        "limit": 100000,
        "observations": [
            {"realtime_start": "2026-02-10", "realtime_end": "2026-02-10", "date": "2026-01-13", "value": "4.01"},
            {"realtime_start": "2026-02-10", "realtime_end": "2026-02-10", "date": "2026-01-14", "value": "4.02"},
        ],
    }


def test_a_wide_realtime_period_tells_when_each_value_was_published(folder: Path) -> None:
    document = observations(folder, "2026-02-10", realtime_start="1776-07-04", realtime_end="9999-12-31")
    first = document["observations"][0]
    assert (first["date"], first["realtime_start"], first["realtime_end"]) == ("2026-01-12", "2026-01-13", "9999-12-31")


def test_a_realtime_period_in_the_past_hides_what_came_later(folder: Path) -> None:
    document = observations(folder, "2026-02-10", realtime_start="2026-01-14", realtime_end="2026-01-14")
    assert list(values(document)) == ["01-12", "01-13"]
    assert {entry["realtime_start"] for entry in document["observations"]} == {"2026-01-14"}


def test_pages_and_order(folder: Path) -> None:
    document = observations(folder, "2026-02-10", sort_order="desc", limit=2, offset=1)
    assert list(values(document)) == ["01-20", "01-19"]
    assert document["count"] == 8


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"api_key": ""}, "api_key is not set"),
        ({"file_type": "xml"}, "file_type"),
        ({"series_id": "NOPE"}, "The series does not exist"),
        ({"series_id": ""}, "series_id is not set"),
        ({"observation_start": "yesterday"}, "observation_start"),
        ({"realtime_end": "2026-01"}, "realtime_end"),
        ({"limit": "0"}, "limit"),
        ({"offset": "x"}, "offset"),
        ({"sort_order": "up"}, "sort_order"),
    ],
)
def test_bad_requests_get_freds_error_body(folder: Path, params: dict[str, str], message: str) -> None:
    document = observations(folder, "2026-02-10", **params)
    assert (document["status"], document["error_code"]) == (400, 400)
    assert document["error_message"].startswith("Bad Request.  ")
    assert message in document["error_message"]
