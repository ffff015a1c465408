import numpy as np
import pytest

from include.core.timeframes import DAY_MS, HOUR_MS
from include.sandbox.market_data import CandleSeries
from include.sandbox.numbers import decimals_of
from include.sandbox.synthetic_factors import END_MS, Factors, simulate_factors
from include.sandbox.synthetic_symbol import (
    LEAST_HISTORY_DAYS,
    Character,
    aggregate,
    character_of,
    funding_of,
    hourly_candles,
)

SYMBOLS = ("BTCUSDT", "DOGEUSDT", "PAXGUSDT", "JASMYUSDT")


@pytest.fixture(scope="module")
def factors() -> Factors:
    return simulate_factors(7)


@pytest.fixture(scope="module", params=SYMBOLS)
def character(request: pytest.FixtureRequest) -> Character:
    return character_of(request.param, 7)


@pytest.fixture(scope="module")
def hourly(character: Character, factors: Factors) -> CandleSeries:
    return hourly_candles(character, factors, 7)


def test_prices_are_coherent_and_continuous(hourly: CandleSeries) -> None:
    assert (hourly.high >= np.maximum(hourly.open, hourly.close)).all()
    assert (hourly.low <= np.minimum(hourly.open, hourly.close)).all()
    assert (hourly.low > 0).all()
    assert np.array_equal(hourly.open[1:], hourly.close[:-1])


def test_prices_and_quantities_are_on_the_symbols_grid(character: Character, hourly: CandleSeries) -> None:
    for prices in (hourly.open, hourly.high, hourly.low, hourly.close):
        assert decimals_of(prices) <= character.price_decimals
    assert decimals_of(hourly.volume) <= character.quantity_decimals
    assert decimals_of(hourly.taker_buy_volume) <= character.quantity_decimals


def test_all_volumes_agree_with_each_other(hourly: CandleSeries) -> None:
    assert (hourly.volume > 0).all()
    assert (hourly.trades >= 1).all()
    assert ((hourly.taker_buy_volume >= 0) & (hourly.taker_buy_volume <= hourly.volume)).all()
    paid = hourly.quote_volume / hourly.volume
    assert ((paid >= hourly.low * (1 - 1e-6)) & (paid <= hourly.high * (1 + 1e-6))).all()


def test_volume_grows_with_the_size_of_the_move(hourly: CandleSeries) -> None:
    move = np.abs(np.log(hourly.close / hourly.open))
    lively = move > np.quantile(move, 0.9)
    assert hourly.quote_volume[lively].mean() > 1.3 * hourly.quote_volume[~lively].mean()


def test_a_longer_candle_sums_up_its_hours(hourly: CandleSeries) -> None:
    four_hourly = aggregate(hourly, "4h")
    day = aggregate(hourly, "1d")
    assert len(four_hourly) == len(hourly) // 4
    assert (day.open_time % DAY_MS == 0).all()
    hours, longer = hourly.rows(40, 44), four_hourly.rows(10, 11)
    assert longer.open_time[0] == hours.open_time[0]
    assert (longer.open[0], longer.close[0]) == (hours.open[0], hours.close[-1])
    assert (longer.high[0], longer.low[0]) == (hours.high.max(), hours.low.min())
    assert longer.volume[0] == pytest.approx(sum(hours.volume.tolist()), rel=1e-12)
    assert longer.trades[0] == hours.trades.sum()
    assert day.quote_volume.sum() == pytest.approx(hourly.quote_volume[: len(day) * 24].sum(), rel=1e-12)


def test_no_return_can_be_told_from_the_one_before(hourly: CandleSeries) -> None:
    r = np.diff(np.log(aggregate(hourly, "4h").close))
    assert abs(np.corrcoef(r[1:], r[:-1])[0, 1]) < 5 / np.sqrt(len(r))


def test_every_symbol_is_listed_long_enough_before_the_end() -> None:
    listings = [character_of(f"COIN{n}USDT", 3).listed_ms for n in range(200)]
    assert max(listings) <= END_MS - LEAST_HISTORY_DAYS * DAY_MS
    assert 20 < sum(listed > min(listings) for listed in listings) < 100
    assert {listed % DAY_MS for listed in listings} == {0}


def test_a_symbol_does_not_depend_on_others(factors: Factors) -> None:
    first = hourly_candles(character_of("ETHUSDT", 7), factors, 7)
    hourly_candles(character_of("XRPUSDT", 7), factors, 7)
    again = hourly_candles(character_of("ETHUSDT", 7), factors, 7)
    assert np.array_equal(first.close, again.close)
    assert np.array_equal(first.volume, again.volume)


def test_symbols_follow_the_common_factor_and_gold_does_not(factors: Factors) -> None:
    def correlation(name: str) -> float:
        candles = hourly_candles(character_of(name, 7), factors, 7)
        returns = candles.close / candles.open - 1
        return float(np.corrcoef(returns, factors.common_return[-len(returns) :])[0, 1])

    assert correlation("BTCUSDT") > 0.9
    assert correlation("DOGEUSDT") > 0.4
    assert abs(correlation("PAXGUSDT")) < 0.3


def test_funding_settles_on_its_interval_a_few_milliseconds_late_at_most(
    character: Character, hourly: CandleSeries
) -> None:
    funding = funding_of(character, hourly, 7)
    interval = character.funding_hours * HOUR_MS
    assert funding.time[0] // interval * interval == hourly.open_time[0] + interval
    assert set(np.diff(funding.time // interval).tolist()) == {1}
    late = funding.time % interval
    assert late.max() < 20
    assert 0 < (late > 0).mean() < 1


def test_funding_is_the_interest_while_the_premium_is_small(factors: Factors) -> None:
    # gold moves too little for a premium outside the band of 0.05 %
    character = character_of("PAXGUSDT", 7)
    rates = funding_of(character, hourly_candles(character, factors, 7), 7).rate
    assert np.median(rates) == 0.0001
    assert np.array_equal(np.round(rates, 8), rates)


def test_funding_follows_past_returns_and_says_nothing_of_future_ones(factors: Factors) -> None:
    character = character_of("DOGEUSDT", 7)
    hourly = hourly_candles(character, factors, 7)
    funding = funding_of(character, hourly, 7)
    settled = (funding.time // HOUR_MS * HOUR_MS - hourly.open_time[0]) // HOUR_MS
    inside = settled[(settled >= 72) & (settled < len(hourly) - 8)]
    price = np.concatenate([hourly.open[:1], hourly.close])
    rates = funding.rate[np.isin(settled, inside)]
    past = price[inside] / price[inside - 72] - 1
    future = price[inside + 8] / price[inside] - 1
    assert np.corrcoef(rates, past)[0, 1] > 0.3
    assert abs(np.corrcoef(rates, future)[0, 1]) < 5 / np.sqrt(len(rates))


def test_the_mark_price_of_a_settlement_is_the_price_at_that_instant(
    character: Character, hourly: CandleSeries
) -> None:
    funding = funding_of(character, hourly, 7)
    hour = int((funding.time[5] // HOUR_MS * HOUR_MS - hourly.open_time[0]) // HOUR_MS)
    assert funding.mark_price[5] == hourly.open[hour]
