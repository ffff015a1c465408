from pathlib import Path

import pandas as pd
import pytest
from starlette.routing import BaseRoute

from include.sandbox.recorded import RecordedMarket
from include.sandbox.sentiment_api import SentimentApi
from tests.unit.sandbox.recordings import START, ask, candle_frame, stopped_clock, write_candles

DAY = 86_400_000


@pytest.fixture
def routes(tmp_path: Path) -> list[BaseRoute]:
    folder = write_candles(tmp_path / "data", "4h", candle_frame("ABCUSDT", 1))
    days = [START // 1000 + 86_400 * n for n in range(4)]
    words = ["Fear", "Neutral", "Greed", "Extreme Greed"]
    frame = pd.DataFrame({"timestamp": days, "value": [30, 50, 60, 80], "value_classification": words})
    frame.to_parquet(folder / "fear_greed.parquet")
    return SentimentApi(RecordedMarket(folder), stopped_clock(tmp_path, START + 2 * DAY + 3_600_000)).routes()


def test_all_published_values_come_newest_first_as_text(routes: list[BaseRoute]) -> None:
    document = ask(routes, "/fng/", limit=0, format="json").json()
    assert [entry["value"] for entry in document["data"]] == ["60", "50", "30"]
    assert document["data"][0] == {
        "value": "60",
        "value_classification": "Greed",
        "timestamp": str(START // 1000 + 2 * 86_400),
        "time_until_update": str(23 * 3600),
    }
    assert "time_until_update" not in document["data"][1]
    assert document["metadata"] == {"error": None}


def test_a_limit_takes_the_newest_and_none_takes_one(routes: list[BaseRoute]) -> None:
    assert [entry["value"] for entry in ask(routes, "/fng/", limit=2).json()["data"]] == ["60", "50"]
    assert [entry["value"] for entry in ask(routes, "/fng/").json()["data"]] == ["60"]


def test_a_limit_that_is_no_number_is_refused(routes: list[BaseRoute]) -> None:
    answer = ask(routes, "/fng/", limit="all")
    assert answer.status_code == 400
    assert answer.json()["metadata"]["error"]


def test_a_source_without_the_index_answers_no_values(tmp_path: Path) -> None:
    folder = write_candles(tmp_path / "data", "4h", candle_frame("ABCUSDT", 1))
    routes = SentimentApi(RecordedMarket(folder), stopped_clock(tmp_path, START)).routes()
    assert ask(routes, "/fng/", limit=0).json()["data"] == []
