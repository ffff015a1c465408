import pyarrow as pa

from include.core.checks import CheckResult, Severity
from include.core.columns import MACRO
from include.market.quarantine import Refused, quarantine_rows
from include.validation.refusals import check_refusals
from tests.unit.lake.rows import candle, candles
from tests.unit.market.batches import NOW

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def results(
    refused: dict[str, int], kept: dict[str, int], source: str = "candles", reason: str = "inconsistent"
) -> dict[str, CheckResult]:
    records = [Refused(source, name, reason, [name, n], "r") for name, count in refused.items() for n in range(count)]
    staged: dict[str, pa.Table] = {
        "candles": candles(*(candle(symbol, n) for symbol, count in kept.items() for n in range(count))),
        "macro": MACRO.schema.empty_table(),
        "quarantine": quarantine_rows(records, NOW),
    }
    return {result.name: result for result in check_refusals(staged)}


def test_a_batch_without_refused_records_passes() -> None:
    found = results({}, {BTC: 5})
    assert all(result.passed for result in found.values())
    assert found["refused_records"].message == "No record was refused."


def test_a_refused_record_warns_with_its_symbol_and_reason() -> None:
    found = results({BTC: 1}, {BTC: 4, ETH: 200})["refused_records"]
    assert not found.passed
    assert found.severity is Severity.WARNING
    assert found.message == f"1 records were refused and are in quarantine (1 inconsistent): {BTC}."


def test_a_symbol_of_which_many_were_refused_is_left_out_and_the_others_go_on() -> None:
    found = results({BTC: 300, ETH: 1}, {ETH: 200})
    assert found["refused_subjects"].severity is Severity.EXCLUDE
    assert found["refused_subjects"].subjects == (BTC,)
    assert f"{BTC} (300 of 300)" in found["refused_subjects"].message
    assert found["refused_records_share"].passed


def test_two_bad_candles_of_a_small_batch_leave_nobody_out() -> None:
    assert results({BTC: 2}, {BTC: 2, ETH: 200})["refused_subjects"].passed
    assert results({BTC: 3}, {BTC: 297, ETH: 200})["refused_subjects"].passed
    assert not results({BTC: 3}, {BTC: 296, ETH: 200})["refused_subjects"].passed


def test_pages_that_came_wrong_and_were_asked_for_again_only_warn() -> None:
    found = results({BTC: 5}, {BTC: 4, ETH: 4}, reason="empty_page")
    assert [result.name for result in found.values() if not result.passed] == ["refused_records"]
    assert "5 empty_page" in found["refused_records"].message


def test_refused_records_of_another_table_leave_its_rows_out_alone() -> None:
    assert results({"DGS10": 3}, {BTC: 100}, "macro")["refused_subjects"].subjects == ("macro DGS10",)


def test_many_small_refusals_together_are_critical() -> None:
    kept = {f"S{n}": 50 for n in range(10)}
    found = results(dict.fromkeys(kept, 2), kept)
    assert found["refused_subjects"].passed
    assert not found["refused_records_share"].passed
    assert found["refused_records_share"].severity is Severity.CRITICAL
    assert found["refused_records_share"].observed == round(20 / 520, 6)
