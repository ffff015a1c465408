import json
from datetime import UTC, datetime, timedelta

from include.core.columns import QUARANTINE
from include.market.quarantine import Refused, quarantine_rows

SEEN = datetime(2026, 1, 1, tzinfo=UTC)


def refused(payload: object = ("x",), request: str = "klines 1") -> Refused:
    return Refused("candles", "BTC/USDT:USDT", "not_positive", payload, request)


def test_a_record_is_kept_as_it_came() -> None:
    row = quarantine_rows([refused([1, "-5", None])], SEEN).to_pylist()[0]
    assert row["payload"] == '[1, "-5", null]'
    assert (row["source"], row["subject"], row["reason"]) == ("candles", "BTC/USDT:USDT", "not_positive")
    assert row["request"] == "klines 1"
    assert row["seen_at"] == SEEN


def test_the_same_record_of_the_same_request_has_one_identity_whenever_it_is_seen() -> None:
    first = quarantine_rows([refused(), refused()], SEEN)
    later = quarantine_rows([refused()], SEEN + timedelta(hours=4))
    assert first.num_rows == 1
    assert first["record_sha256"].equals(later["record_sha256"])
    assert not first["record_sha256"].equals(quarantine_rows([refused(request="klines 2")], SEEN)["record_sha256"])


def test_payloads_that_utf8_cannot_hold_or_that_are_huge_are_storable() -> None:
    row = quarantine_rows([refused("\ud800"), refused("x" * 100_000)], SEEN).to_pylist()
    assert json.loads(row[0]["payload"]) == "\ud800"
    assert len(row[1]["payload"]) == 4_000


def test_nothing_refused_is_an_empty_table() -> None:
    assert quarantine_rows([], SEEN).equals(QUARANTINE.schema.empty_table())
