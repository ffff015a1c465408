from include.core.checks import CheckResult, Severity
from include.validation.completeness import check_completeness, check_excluded
from tests.unit.market.batches import batch_info

TWENTY = tuple(f"S{n}/USDT:USDT" for n in range(20))
ROWS = {"candles": 1_000, "funding_rates": 100, "quarantine": 0}


def results(**changes: object) -> dict[str, CheckResult]:
    batch = batch_info("b1", **({"symbols": TWENTY, "rows": ROWS} | changes))
    return {result.name: result for result in check_completeness(batch)}


def failed(count: int) -> dict[str, str]:
    return dict.fromkeys(TWENTY[:count], "not listed")


def test_a_whole_batch_passes() -> None:
    assert all(result.passed for result in results().values())


def test_a_failed_symbol_warns_by_name_and_reason() -> None:
    found = results(failed_symbols=failed(1))
    assert not found["symbols_fetched"].passed
    assert found["symbols_fetched"].severity is Severity.WARNING
    assert found["symbols_fetched"].message == "1 without data: S0/USDT:USDT: not listed"
    assert found["failed_symbols_share"].passed


def test_more_than_one_symbol_in_ten_is_critical() -> None:
    assert results(failed_symbols=failed(2))["failed_symbols_share"].passed
    share = results(failed_symbols=failed(3))["failed_symbols_share"]
    assert not share.passed
    assert share.severity is Severity.CRITICAL
    assert share.observed == 0.15


def test_a_batch_without_candles_is_critical() -> None:
    empty = results(rows=ROWS | {"candles": 0})["batch_has_candles"]
    assert not empty.passed
    assert empty.severity is Severity.CRITICAL


def test_a_series_that_did_not_come_warns() -> None:
    series = results(failed_series={"DGS10": "no key"})["series_fetched"]
    assert not series.passed
    assert series.severity is Severity.WARNING
    assert "DGS10: no key" in series.message


def test_more_than_one_symbol_in_ten_left_out_is_critical() -> None:
    batch = batch_info("b1", symbols=TWENTY, rows=ROWS)
    two = check_excluded(batch, [TWENTY[3], TWENTY[1], "macro DGS10"])
    assert two.passed
    assert two.message == "2 of 20 symbols are left out: S1/USDT:USDT, S3/USDT:USDT."
    three = check_excluded(batch, TWENTY[:3])
    assert not three.passed
    assert three.severity is Severity.CRITICAL
    assert three.observed == 0.15
