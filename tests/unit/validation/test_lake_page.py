from datetime import timedelta

import pyarrow as pa

from include.config.settings import Settings
from include.core.columns import OUTAGES
from include.lake.lake import Lake
from include.market.publish import publish
from include.market.quarantine import Refused, quarantine_rows
from include.validation.lake_page import write_lake_page
from include.validation.quality_report import write_index
from tests.unit.lake.rows import START, candle, candles
from tests.unit.market.batches import NOW, stage_sealed
from tests.unit.validation.test_quality_report import Seen

ATTACK = "<script>alert(1)</script>"


def page_of(settings: Settings) -> str:
    return write_lake_page(settings, NOW).read_text(encoding="utf-8")


def test_an_empty_lake_says_so(settings: Settings) -> None:
    text = Seen(page_of(settings)).text
    for words in ("Nothing is stored yet.", "No gap was ever found.", "No stored value ever changed."):
        assert words in text
    assert "the exchange’s clock is not known" in Seen(write_lake_page(settings, None).read_text()).text


def test_the_page_tells_gaps_revisions_refusals_and_outages(settings: Settings) -> None:
    stage_sealed(settings, "b1", candle(number=0), candle(number=1), candle(number=4))
    publish(settings, "b1")
    refused = quarantine_rows([Refused("candles", "BTC/USDT:USDT", "shape", ATTACK, "q")], NOW)
    stage_sealed(settings, "b2", candle(number=1, close=104.0), tables={"quarantine": refused})
    publish(settings, "b2")
    outage = {
        "source": "binanceusdm", "kind": "unreachable", "began_at": START, "ended_at": None, "failures_count": 2,
        "detail": ATTACK,
    }  # fmt: skip
    Lake.of(settings).merge("outages", pa.Table.from_pylist([outage], schema=OUTAGES.schema))
    page = page_of(settings)
    seen = Seen(page)
    for words in ("2026-01-01 08:00 UTC", "open", "close", "104.0", "shape", "unreachable", "2 missing between"):
        assert words in seen.text
    assert ATTACK in seen.text
    assert ATTACK not in page
    assert not [tag for tag, _ in seen.tags if tag == "script"]


def test_every_timeframe_has_its_own_map(settings: Settings) -> None:
    hour = candle(number=0) | {"timeframe": "1h", "known_at": START + timedelta(hours=1)}
    Lake.of(settings).merge("candles", candles(candle(number=0), hour))
    text = Seen(page_of(settings)).text
    assert text.index("binanceusdm · 1h candles") < text.index("binanceusdm · 4h candles")


def test_the_index_names_the_page_once_it_exists(settings: Settings) -> None:
    index = write_index(settings)
    assert "lake.html" not in index.read_text()
    page_of(settings)
    assert 'href="lake.html"' in index.read_text()
