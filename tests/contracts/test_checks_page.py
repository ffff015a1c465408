"""`docs/market-data.md` names every check that a run makes, and no other."""

import re
from datetime import timedelta

from include.config.settings import Settings
from include.core.columns import TABLES
from include.core.paths import REPOSITORY
from include.lake.lake import Lake
from include.validation import limits
from include.validation.batch import validate_batch
from include.validation.lake_report import validate_lake
from tests.unit.lake.rows import START, candle, candles
from tests.unit.market.batches import stage

PAGE = (REPOSITORY / "docs" / "market-data.md").read_text(encoding="utf-8")
CHECKS = PAGE.split("| check | fails where |")[1].split("\n\n")[0]


def row(name: str) -> str:
    return next(line for line in CHECKS.splitlines() if f"`{name}`" in line.split("|")[1:2][0])


def test_the_page_names_every_check_and_no_other(settings: Settings) -> None:
    rows = [candle(number=number, volume=7.0 + number) for number in range(6)]
    stage(settings, "b1", *rows, symbols=("BTC/USDT:USDT",), end=START + timedelta(hours=20))
    made = validate_batch(settings, "b1")
    Lake.of(settings).merge("candles", candles(*rows))
    names = {r.name for r in (*made.results, *validate_lake(settings, START + timedelta(days=1)).results)}
    of_tables = {f"{kind}_{table}": f"{kind}_<table>" for kind in ("schema", "expectations") for table in TABLES}
    told = {name for line in CHECKS.splitlines()[2:] for name in re.findall(r"`([a-z_<>]+)`", line.split("|")[1])}
    assert told == {of_tables.get(name, name) for name in names}


def test_the_page_tells_the_limits_that_hold() -> None:
    assert f"{limits.SPIKE_JUMP:g} and {limits.SPIKE_REVERSAL:g} usual moves" in row("spikes")
    assert f"{limits.VENUE_CLOSE_BPS:g} bp" in row("venue_distances")
    assert f"{limits.VENUE_MEDIAN_BPS:g} bp at the median of {limits.VENUE_FEWEST}" in row("venue_mismatch")
    assert f"{limits.TIMEFRAME_VOLUME:.1%}".replace("%", " %") in row("timeframe_disagreements")
    assert f"{limits.TIMEFRAME_SHARE:.0%} of {limits.TIMEFRAME_FEWEST} candles".replace("%", " %") in row(
        "timeframe_mismatch"
    )
    still = ", ".join(
        f"{count} {'candles ' if name == '1m' else ''}of {name}" for name, count in limits.STILL_CANDLES.items()
    )
    assert f"{limits.REPEATED_CANDLES} repetition; {still}" in row("frozen_feed")
    flat = (limits.FLAT_FEAR_GREED, *sorted(set(limits.FLAT_MACRO.values())), limits.FLAT_POSITIONING)
    assert "{}, {} (monthly: {}), {} values in a row".format(*flat) in row("constant_series")
    neutral = (limits.NEUTRAL_FEAR_GREED[1], limits.NEUTRAL_RATIO[1])
    assert "{}, {} values in a row".format(*neutral) in row("neutral_series")
    assert f"{limits.MISSING_SHARE:.0%}".replace("%", " %") in row("missing_candles_share")
    assert f"{limits.FAILED_SYMBOLS_SHARE:.0%}".replace("%", " %") in row("excluded_symbols_share")
