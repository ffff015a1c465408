"""Pages as the venues spell them, written down by hand from their documentation, and what can be wrong with a row.

Nothing here is taken from the layouts of `include/market`: a place that is wrong there shows against these.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from include.core.timeframes import timeframe_ms
from include.market.pages import Span

SYMBOL, MARKET = "BTC/USDT:USDT", "BTCUSDT"
TIMEFRAME = "4h"
STEP = timeframe_ms(TIMEFRAME)
START = 1_767_225_600_000  # 2026-01-01T00:00Z
ROOM = 40
END, NOW = START + (ROOM - 1) * STEP, START + 60 * STEP
NOTHING = object()

Row = Any
Numbers = dict[str, str]


@dataclass(frozen=True)
class Spelling:
    """How one series of one venue is spelled.

    Parameters
    ----------
    numbers : strategy
        The numbers of a true row, as decimal texts by column.
    spell : callable
        ``spell(time, numbers) -> row``.
    time : int or str
        Place of the event time.
    places : dict
        Place of each required number.
    positive, amounts : tuple
        Places of numbers that must be positive, and not negative.
    candle : bool
        Places 1 to 4 are open, high, low and close.
    symbol, rate, broken : place or None
        Place of the symbol; of a number that must stay below 1; a change of one row that contradicts itself.
    """

    numbers: st.SearchStrategy[Numbers]
    spell: Callable[[int, Numbers], Row]
    time: int | str
    places: dict[str, int | str]
    positive: tuple[int | str, ...] = ()
    amounts: tuple[int | str, ...] = ()
    candle: bool = False
    symbol: str | None = None
    rate: int | str | None = None
    broken: Callable[[Row], None] | None = None
    close_time: int | None = None
    on_grid: bool = True


def text(number: Decimal) -> str:
    return format(number, "f")


@st.composite
def _prices(draw: st.DrawFn) -> Numbers:
    tick = Decimal(1).scaleb(-draw(st.integers(0, 8)))
    low = draw(st.integers(1, 10**7))
    width = draw(st.integers(0, 10**6))
    inside = st.integers(low, low + width)
    ticks = {"open": draw(inside), "high": low + width, "low": low, "close": draw(inside)}
    return {name: text(count * tick) for name, count in ticks.items()}


@st.composite
def _premiums(draw: st.DrawFn) -> Numbers:
    low = draw(st.integers(-9_000, 8_000))
    high = draw(st.integers(low, 9_000))
    ticks = {"open": draw(st.integers(low, high)), "high": high, "low": low, "close": draw(st.integers(low, high))}
    return {name: text(Decimal(count).scaleb(-4)) for name, count in ticks.items()}


@st.composite
def _traded(draw: st.DrawFn) -> Numbers:
    prices = draw(_prices())
    volume = Decimal(draw(st.integers(0, 10**9))).scaleb(-3)
    bought = volume * draw(st.integers(0, 100)) / 100
    average = (Decimal(prices["low"]) + Decimal(prices["high"])) / 2
    return prices | {
        "volume": text(volume),
        "quote_volume": text(volume * average),
        "trades_count": str(draw(st.integers(0, 10**6))),
        "taker_buy_volume": text(bought),
        "taker_buy_quote_volume": text(bought * average),
    }


def _decimal(least: int, most: int, places: int) -> st.SearchStrategy[str]:
    return st.integers(least, most).map(lambda count: text(Decimal(count).scaleb(-places)))


_funding = st.fixed_dictionaries({"funding_rate": _decimal(-75_000, 75_000, 6), "mark_price": _decimal(1, 10**9, 4)})
_interest = st.fixed_dictionaries(
    {"open_interest": _decimal(0, 10**12, 3), "open_interest_value": _decimal(0, 10**15, 4)}
)


@st.composite
def _shares(draw: st.DrawFn) -> Numbers:
    long = draw(st.integers(500, 9_500))
    ratio = (Decimal(long) / (10_000 - long)).quantize(Decimal("0.0001"))
    shares = {"long_share": Decimal(long).scaleb(-4), "short_share": Decimal(10_000 - long).scaleb(-4)}
    return {name: text(share) for name, share in shares.items()} | {"long_short_ratio": text(ratio)}


@st.composite
def _takers(draw: st.DrawFn) -> Numbers:
    bought, sold = (Decimal(draw(st.integers(10**4, 10**9))).scaleb(-3) for _ in range(2))
    ratio = (bought / sold).quantize(Decimal("0.00000001"))
    return {"taker_ratio": text(ratio), "taker_buy_volume": text(bought), "taker_sell_volume": text(sold)}


@st.composite
def _bases(draw: st.DrawFn) -> Numbers:
    index = Decimal(draw(st.integers(10**4, 10**9))).scaleb(-2)
    rate = Decimal(draw(st.integers(-2_000, 2_000))).scaleb(-4)
    futures = index * (1 + rate)
    numbers = {"basis": futures - index, "basis_rate": rate, "futures_price": futures, "index_price": index}
    return {name: text(number) for name, number in numbers.items()}


def _binance_kline(time: int, n: Numbers) -> Row:
    return [
        time,
        n["open"],
        n["high"],
        n["low"],
        n["close"],
        n.get("volume", "0"),
        time + STEP - 1,
        n.get("quote_volume", "0"),
        int(n.get("trades_count", "0")),
        n.get("taker_buy_volume", "0"),
        n.get("taker_buy_quote_volume", "0"),
        "0",
    ]


def _bybit_kline(time: int, n: Numbers) -> Row:
    return [str(time), n["open"], n["high"], n["low"], n["close"], n["volume"], n["quote_volume"]]


def _times(place: int | str, factor: str) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[place] = text(Decimal(row[place]) * Decimal(factor) + 1)

    return change


def _overpriced(place: int) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[5], row[place] = "2.0", text(Decimal(row[2]) * 3)
        row[9:11] = ["0", "0"] if len(row) > 9 else []

    return change


_OHLC: dict[str, int | str] = {"open": 1, "high": 2, "low": 3, "close": 4}
_PRICED: dict[str, Any] = {"places": _OHLC, "positive": (1, 2, 3, 4), "candle": True}
_PREMIUM: dict[str, Any] = {"places": _OHLC, "candle": True, "rate": 2}


def _binance(numbers: st.SearchStrategy[Numbers], **told: Any) -> Spelling:
    return Spelling(numbers, _binance_kline, time=0, close_time=6, **told)


def _bybit_price(time: int, n: Numbers) -> Row:
    return [str(time), n["open"], n["high"], n["low"], n["close"]]


def _object(names: dict[str, str], time: str, as_text: bool, **fixed: str) -> Callable[[int, Numbers], Row]:
    def spell(at: int, n: Numbers) -> Row:
        return {**fixed, **{place: n[name] for name, place in names.items()}, time: str(at) if as_text else at}

    return spell


def _record(
    numbers: st.SearchStrategy[Numbers],
    names: dict[str, str],
    time: str,
    as_text: bool,
    fixed: dict[str, str],
    **told: Any,
) -> Spelling:
    spell = _object(names, time, as_text, **fixed)
    return Spelling(numbers, spell, time=time, places=dict(names), **told)


_NAMED = {"symbol": MARKET}
SPELLINGS: dict[tuple[str, str], Spelling] = {
    ("binanceusdm", "candles"): _binance(
        _traded(),
        **_PRICED | {"places": {**_OHLC, "volume": 5}},
        amounts=(5, 7, 8, 9, 10),
        broken=_overpriced(7),
    ),
    ("binanceusdm", "mark"): _binance(_prices(), **_PRICED),
    ("binanceusdm", "index"): _binance(_prices(), **_PRICED),
    ("binanceusdm", "premium"): _binance(_premiums(), **_PREMIUM),
    ("binanceusdm", "funding_rates"): _record(
        _funding,
        {"funding_rate": "fundingRate", "mark_price": "markPrice"},
        "fundingTime",
        False,
        _NAMED,
        symbol="symbol",
        rate="fundingRate",
        on_grid=False,
    ),
    ("binanceusdm", "open_interest"): _record(
        _interest,
        {"open_interest": "sumOpenInterest", "open_interest_value": "sumOpenInterestValue"},
        "timestamp",
        False,
        _NAMED,
        symbol="symbol",
        amounts=("sumOpenInterest", "sumOpenInterestValue"),
    ),
    ("binanceusdm", "long_short_ratio"): _record(
        _shares(),
        {"long_short_ratio": "longShortRatio", "long_share": "longAccount", "short_share": "shortAccount"},
        "timestamp",
        False,
        _NAMED,
        symbol="symbol",
        positive=("longShortRatio",),
        amounts=("longAccount",),
        broken=_times("longShortRatio", "3"),
    ),
    ("binanceusdm", "taker_ratio"): _record(
        _takers(),
        {"taker_ratio": "buySellRatio", "taker_buy_volume": "buyVol", "taker_sell_volume": "sellVol"},
        "timestamp",
        False,
        {},
        amounts=("buySellRatio", "buyVol", "sellVol"),
        broken=_times("buyVol", "3"),
    ),
    ("binanceusdm", "basis"): _record(
        _bases(),
        {"basis": "basis", "basis_rate": "basisRate", "futures_price": "futuresPrice", "index_price": "indexPrice"},
        "timestamp",
        False,
        {"pair": MARKET, "contractType": "PERPETUAL", "annualizedBasisRate": ""},
        symbol="pair",
        positive=("futuresPrice", "indexPrice"),
        rate="basisRate",
        broken=_times("futuresPrice", "3"),
    ),
    ("bybit", "candles"): Spelling(
        _traded(),
        _bybit_kline,
        time=0,
        **_PRICED | {"places": {**_OHLC, "volume": 5}},
        amounts=(5, 6),
        broken=_overpriced(6),
    ),
    ("bybit", "mark"): Spelling(_prices(), _bybit_price, time=0, **_PRICED),
    ("bybit", "index"): Spelling(_prices(), _bybit_price, time=0, **_PRICED),
    ("bybit", "premium"): Spelling(_premiums(), _bybit_price, time=0, **_PREMIUM),
    ("bybit", "funding_rates"): _record(
        _funding,
        {"funding_rate": "fundingRate"},
        "fundingRateTimestamp",
        True,
        _NAMED,
        symbol="symbol",
        rate="fundingRate",
        on_grid=False,
    ),
    ("bybit", "open_interest"): _record(
        _interest, {"open_interest": "openInterest"}, "timestamp", True, {}, amounts=("openInterest",)
    ),
    ("bybit", "long_short_ratio"): _record(
        _shares(),
        {"long_share": "buyRatio", "short_share": "sellRatio"},
        "timestamp",
        True,
        _NAMED,
        symbol="symbol",
        positive=("buyRatio", "sellRatio"),
        broken=_times("sellRatio", "3"),
    ),
}
NOT_NUMBERS = ("abc", "", " 1", "1_0", "0x1F", True, [], {}, "1,5", "٣")  # the last is a digit, only not of ASCII
NOT_FINITE = ("NaN", "inf", "-Infinity", float("nan"), float("inf"), "1e999")
MISSHAPEN = ([1, 2, 3], "text", None, 5, True, [], {"code": -1121})


def asked() -> Span:
    """Return the request that the pages of these tests answer."""
    return Span("venue", SYMBOL, START, END, NOW)


@st.composite
def good_pages(draw: st.DrawFn, spelling: Spelling) -> list[tuple[int, Numbers, Row]]:
    """Draw the time, the numbers and the spelled row of one to six records, in any order."""
    times = draw(st.lists(st.integers(0, ROOM - 1), min_size=1, max_size=6, unique=True))
    page = []
    for place in times:
        numbers = draw(spelling.numbers)
        time = START + place * STEP
        page.append((time, numbers, spelling.spell(time, numbers)))
    return page


def _moved(spelling: Spelling, row: Row, time: int) -> Row:
    row[spelling.time] = type(row[spelling.time])(time)
    if spelling.close_time is not None:
        row[spelling.close_time] = time + STEP - 1
    return row


@st.composite
def damaged(draw: st.DrawFn, spelling: Spelling, time: int, row: Row, reason: str) -> Row:
    """Draw a row with one thing wrong, for which it must be refused with `reason`."""
    row = deepcopy(row)
    required = [place for name, place in spelling.places.items() if name not in ("mark_price", "open_interest_value")]
    shares = ("long_share", "short_share") if isinstance(row, dict) and "longAccount" in row else ()
    required = [place for place in required if place not in [spelling.places[name] for name in shares]]
    if reason == "shape":
        return draw(st.sampled_from([*MISSHAPEN, _mutilated(row)]))
    if reason == "not_numeric":
        row[draw(st.sampled_from([*required, spelling.time]))] = draw(st.sampled_from([*NOT_NUMBERS, None]))
    elif reason == "not_finite":
        row[draw(st.sampled_from(required))] = draw(st.sampled_from(NOT_FINITE))
    elif reason == "wrong_symbol":
        row[spelling.symbol] = draw(st.sampled_from(["ETHUSDT", "btcusdt", "", None, 7]))
    elif reason == "not_positive":
        row[draw(st.sampled_from(spelling.positive))] = draw(st.sampled_from(["0", "-1", 0, -0.5]))
    elif reason == "negative_amount":
        place = draw(st.sampled_from(spelling.amounts))
        row[place] = -3 if isinstance(row[place], int) else draw(st.sampled_from(["-0.001", -2, "-1e9"]))
    elif reason == "high_below_low":
        row[2] = text(Decimal(row[3]) / 2 if spelling.positive else Decimal(row[3]) - Decimal("0.01"))
    elif reason == "outside_range":
        place = draw(st.sampled_from([1, 4]))
        row[place] = text(Decimal(row[2]) * 2 if spelling.positive else Decimal(row[2]) + Decimal("0.01"))
    elif reason == "implausible_rate":
        row[spelling.rate] = draw(st.sampled_from(["1", "2.5", 100.0]))
    elif reason == "off_grid":
        row = _moved(spelling, row, time + draw(st.integers(1, STEP - 1)))
    elif reason == "wrong_close_time":
        row[spelling.close_time] += draw(st.sampled_from([-STEP, -1, 1, STEP]))
    elif reason == "future":
        row = _moved(spelling, row, NOW + draw(st.integers(1, 100)) * STEP)
    elif reason == "outside_request":
        row = _moved(spelling, row, draw(st.sampled_from([START - STEP, END + STEP, START - 100 * STEP])))
    elif reason == "inconsistent":
        assert spelling.broken is not None
        spelling.broken(row)
    return row


def _mutilated(row: Row) -> Row:
    return row[:-1] if isinstance(row, list) else {}


def reasons(spelling: Spelling) -> list[str]:
    """Return for which reasons a row of this series can be refused, alone on its page."""
    applies = {
        "shape": True,
        "not_numeric": True,
        "not_finite": True,
        "wrong_symbol": spelling.symbol is not None,
        "not_positive": bool(spelling.positive),
        "negative_amount": bool(spelling.amounts),
        "high_below_low": spelling.candle,
        "outside_range": spelling.candle,
        "implausible_rate": spelling.rate is not None,
        "off_grid": spelling.on_grid,
        "wrong_close_time": spelling.close_time is not None,
        "future": True,
        "outside_request": True,
        "inconsistent": spelling.broken is not None,
    }
    return [reason for reason, does in applies.items() if does]
