"""Declarations of the twenty macro features; `macro.py` computes them."""

from dataclasses import dataclass
from functools import partial
from math import inf

from include.features.alignment import MAXIMUM_AGE
from include.features.spec import FeatureSpec, sourced_feature

NAME = "macro"
BTC, ETH, BTCDOM, GOLD = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTCDOM/USDT:USDT", "PAXG/USDT:USDT"
REFERENCES = (BTC, ETH, BTCDOM, GOLD)
PAIR_CANDLES = 180
# half a year of business days, so that a level is judged by its own recent history
LEVEL_DAYS = 120
POLICY_MONTHS = 12
# FRED gives yields in percent
PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Release:
    """How a FRED series comes out: its source in `MAXIMUM_AGE`, and when an observation is known."""

    source: str
    known: str

    @property
    def known_at(self) -> str:
        """The rule in words."""
        return f"{self.known}; at most {MAXIMUM_AGE[self.source].days} d old; the vintage known then"


_DAILY = Release("macro_daily", "22:00 UTC of the next business day")
RELEASES: dict[str, Release] = {
    "DTWEXBGS": Release("macro_weekly", "22:00 UTC of the following Monday"),
    "DGS10": _DAILY,
    "DGS2": _DAILY,
    "DFII10": _DAILY,
    "VIXCLS": _DAILY,
    "FEDFUNDS": Release("macro_monthly", "22:00 UTC of the first business day after the month"),
}
_REFERENCE = "open_time + timeframe of the reference's candle, which must close at this instant"
_feature = partial(sourced_feature, NAME)


def _series(key: str, series: str, formula: str) -> FeatureSpec:
    known_at = RELEASES[series.split()[0]].known_at
    inputs = " ".join(f"macro.{name}" for name in series.split())
    return _feature(key, inputs, formula, known_at=known_at, source="FRED")


def _change(key: str, series: str, days: int, form: str) -> FeatureSpec:
    before = f"the observation {days} business day{'s' if days > 1 else ''} earlier"
    return _series(f"{key}_change_days_{days}", series, form.format(series=series, before=before))


def _level(key: str, series: str, count: int, unit: str) -> FeatureSpec:
    return _series(
        f"{key}_z_{unit}_{count}",
        series,
        f"({series} − mean) / population deviation of its last {count} observations; 0 when all are equal",
    )


_LOG, _POINTS = "log({series} / {before})", "({series} − {before}) / 100"


def _fred() -> list[FeatureSpec]:
    return [
        _change("dollar", "DTWEXBGS", 1, _LOG),
        _change("dollar", "DTWEXBGS", 5, _LOG),
        _level("dollar", "DTWEXBGS", 20, "days"),
        _level("yield_10y", "DGS10", LEVEL_DAYS, "days"),
        _change("yield_10y", "DGS10", 5, _POINTS),
        _change("yield_2y", "DGS2", 5, _POINTS),
        _series("curve_days_1", "DGS10 DGS2", "(DGS10 − DGS2) / 100"),
        _change("real_yield_10y", "DFII10", 5, _POINTS),
        _level("vix", "VIXCLS", LEVEL_DAYS, "days"),
        _change("vix", "VIXCLS", 5, _LOG),
        _level("fed_funds", "FEDFUNDS", POLICY_MONTHS, "months"),
    ]


def _crypto(
    key: str, symbols: str, formula: str, warmup: int = 0, limits: tuple[float, float] = (-inf, inf)
) -> FeatureSpec:
    inputs = " ".join(f"candles.close[{symbol}]" for symbol in symbols.split())
    return _feature(key, inputs, formula, known_at=_REFERENCE, warmup=warmup, range=limits)


def _references() -> list[FeatureSpec]:
    pair = f"log returns per candle over {PAIR_CANDLES} candles"
    return [
        _crypto("btcdom_return_days_1", BTCDOM, "log(close / close 1 d ago)"),
        _crypto("btcdom_return_days_7", BTCDOM, "log(close / close 7 d ago)"),
        _crypto("btc_return_1", BTC, "log(close / close one candle ago)"),
        _crypto("btc_return_days_1", BTC, "log(close / close 1 d ago)"),
        _crypto("btc_return_days_7", BTC, "log(close / close 7 d ago)"),
        _crypto("eth_btc_return_days_7", f"{ETH} {BTC}", "log(ETH / BTC) − log(ETH / BTC 7 d ago)"),
        _crypto(
            f"btc_correlation_{PAIR_CANDLES}",
            BTC,
            f"Pearson's correlation of the symbol's and BTC's {pair}; 0 when either stands still",
            PAIR_CANDLES,
            (-1.0, 1.0),
        ),
        _crypto(
            f"btc_beta_{PAIR_CANDLES}",
            BTC,
            f"covariance with BTC / variance of BTC, {pair}; 0 when BTC stands still",
            PAIR_CANDLES,
        ),
        _crypto("gold_return_days_1", GOLD, "log(close / close 1 d ago) of a token of one ounce"),
    ]


SPECS = (*_fred(), *_references())
