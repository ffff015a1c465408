import os
from datetime import UTC, datetime
from pathlib import Path

from include.config.settings import Settings
from include.core.files import write_json
from include.core.paths import Home
from include.reporting.listings import cross_validations, feature_reports, newest_quality, verdicts
from include.reporting.result_files import REVALIDATION
from tests.unit.reporting.results import result_of

NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)


def write_verdict(home: Home, number: int) -> Path:
    file = home.revalidation(f"v{number}") / REVALIDATION
    result = result_of(id=f"v{number}", created_at=NOON.replace(minute=number))
    write_json(file, result.model_dump(mode="json"))
    os.utime(file, (1_000_000 - number, 1_000_000 - number))  # a copy of a home keeps no order of its files
    return file


def write_quality(home: Home, name: str, **changes: object) -> None:
    record = {
        "batch": {"id": name, "timeframe": "4h", "market_now": "2026-02-27T12:00:10Z", "rows": {"candles": 3}},
        "validated_at": "2026-02-27T12:01:00Z",
        "report": {"subject": "batch", "results": []},
        "coverage": [
            {"symbol": "BTC/USDT:USDT", "last": "2026-02-27T08:00:00Z", "rows": 9},
            {"symbol": "ETH/USDT:USDT", "last": "2026-02-27T04:00:00Z", "rows": 9},
            {"symbol": "NEW/USDT:USDT", "last": None, "rows": 0},
        ],
        "expectations": [],
        "refused": {},
    }
    write_json(home.quality_history / f"{name}.json", record | changes)


def test_verdicts_come_newest_first_and_say_how_many_were_left_out(settings: Settings) -> None:
    for number in range(5):
        write_verdict(settings.home, number)
    listing = verdicts(settings.home, 3)
    assert [line.id for line in listing.lines] == ["v4", "v3", "v2"]
    assert (listing.left_out, listing.damaged) == (2, ())
    newest = listing.lines[0]
    assert (newest.decision, newest.passed, newest.evidence.sufficiency) == ("PARTIAL-GO", 2, "insufficient")
    assert (settings.home.reports / newest.address).parent == settings.home.revalidation("v4")


def test_a_damaged_verdict_is_named_and_hides_no_other(settings: Settings) -> None:
    write_verdict(settings.home, 1)
    write_verdict(settings.home, 2).write_text('{"id": "v2"}', encoding="utf-8")
    write_verdict(settings.home, 3).write_bytes(b"\xff{")
    listing = verdicts(settings.home, 9)
    assert ([line.id for line in listing.lines], set(listing.damaged)) == (["v1"], {"v2", "v3"})


def test_a_new_home_lists_nothing(settings: Settings) -> None:
    assert verdicts(settings.home, 3).lines == cross_validations(settings.home, 3).lines == ()
    assert newest_quality(settings.home) is None
    assert feature_reports(settings.home) == []


def test_the_newest_batch_tells_close_and_late_symbols(settings: Settings) -> None:
    write_quality(settings.home, "newer")
    write_quality(settings.home, "older", validated_at="2026-02-27T11:59:00Z")
    line = newest_quality(settings.home)
    assert line is not None
    assert line.batch.id == "newer"
    # the newest candle opened at 08:00 and closed four hours later
    assert line.newest_close == NOON
    assert line.late_symbols == ("ETH/USDT:USDT", "NEW/USDT:USDT")


def test_a_batch_without_candles_has_no_newest_close(settings: Settings) -> None:
    write_quality(settings.home, "empty", coverage=[])
    line = newest_quality(settings.home)
    assert line is not None
    assert (line.newest_close, line.late_symbols) == (None, ())


def test_a_quality_record_of_another_version_is_passed_over(settings: Settings) -> None:
    write_quality(settings.home, "good")
    write_json(settings.home.quality_history / "strange.json", {"batch": 3})
    line = newest_quality(settings.home)
    assert line is not None
    assert line.batch.id == "good"


def test_a_record_that_was_written_anew_is_read_anew(settings: Settings) -> None:
    file = write_verdict(settings.home, 1)
    assert verdicts(settings.home, 1).lines[0].decision == "PARTIAL-GO"
    write_json(file, result_of(id="v1", decision="NO-GO").model_dump(mode="json"))
    assert verdicts(settings.home, 1).lines[0].decision == "NO-GO"
    file.unlink()
    assert verdicts(settings.home, 1).lines == ()
