"""The bootstrap against what it must reproduce: its own sample, known laws, a slow loop."""

import math
from dataclasses import replace

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from scipy import stats

from include.config.system import load_system
from include.evaluation.bootstrap import block_indices, block_length, bootstrap, bounds
from include.evaluation.metrics import metrics_of_all
from include.evaluation.replays import Replays

HOUR4 = 14_400_000
GATES = load_system("phase4").gates


def played(returns: np.ndarray, nets: list[float], exit_candles: list[int], traders: list[int]) -> Replays:
    """One portfolio that earned `returns`, its trades closed at the open of the given candles."""
    equity = 1e4 * np.cumprod(np.concatenate([[1.0], 1.0 + returns]))[None]
    one = np.zeros(1)
    return Replays(
        equity=equity,
        gross_usd=np.zeros_like(equity),
        nets=np.array(nets),
        traders=np.array(traders, np.int16),
        exit_times=np.array(exit_candles, np.int64) * HOUR4,
        first_trades=np.array([0, len(nets)]),
        profits_usd=one,
        traded_usd=one,
        fees_usd=one,
        slippage_usd=one,
        funding_usd=one,
        held_hours=one,
        assumed_hours=one,
        symbol_count=2,
    )


def times(candles: int) -> np.ndarray:
    return np.arange(candles, dtype=np.int64) * HOUR4


def test_blocks_follow_the_series_and_wrap_around_and_are_as_long_as_asked() -> None:
    drawn = block_indices(500, 20.0, 400, seed=1)
    steps = (drawn[:, 1:] - drawn[:, :-1]) % 500
    assert 1 / np.mean(steps != 1) == pytest.approx(20.0, rel=0.05)
    assert np.bincount(drawn.ravel(), minlength=500).min() > 0
    np.testing.assert_array_equal(drawn, block_indices(500, 20.0, 400, seed=1))
    assert (drawn != block_indices(500, 20.0, 400, seed=2)).any()


def test_without_blocks_every_candle_is_drawn_by_itself() -> None:
    drawn = block_indices(300, 1.0, 200, seed=1)
    assert np.mean((drawn[:, 1:] - drawn[:, :-1]) % 300 == 1) == pytest.approx(1 / 300, abs=2e-3)


def test_a_series_that_remembers_gets_longer_blocks() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(size=2_000)
    remembering = np.zeros(2_000)
    for i in range(1, 2_000):
        remembering[i] = 0.8 * remembering[i - 1] + noise[i]
    assert block_length(noise) < 6 < block_length(remembering)
    assert block_length(np.zeros(500)) == 1.0


def test_a_sample_holds_the_trades_of_the_candles_it_drew() -> None:
    # three candles of return, one trade in each, told apart by their results
    market = played(np.array([0.1, -0.1, 0.2]), [1.0, -2.0, 4.0], [1, 2, 3], [0, 1, 0])
    found = bootstrap(market, times(4), HOUR4, 2190.0, samples=400, seed=5)
    drawn = block_indices(3, block_length(np.array([0.1, -0.1, 0.2])), 400, 5)
    nets = np.array([1.0, -2.0, 4.0])[drawn]
    np.testing.assert_array_equal(found["trades"], np.full(400, 3.0))
    np.testing.assert_allclose(found["win_rate"], (nets > 0).mean(axis=1))
    growth = np.prod(1 + np.array([0.1, -0.1, 0.2])[drawn], axis=1) - 1
    np.testing.assert_allclose(found["total_return"], growth)
    losses = -np.where(nets < 0, nets, 0).sum(axis=1)
    factor = np.divide(np.where(nets > 0, nets, 0).sum(axis=1), losses, out=np.full(400, np.nan), where=losses > 0)
    np.testing.assert_allclose(found["profit_factor"], factor)


def test_losing_runs_are_counted_in_the_order_of_the_sample() -> None:
    market = played(np.array([0.1, 0.1]), [-1.0, 1.0], [1, 2], [0, 0])
    found = bootstrap(market, times(3), HOUR4, 2190.0, samples=200, seed=5)
    drawn = block_indices(2, 1.0, 200, 5)
    runs = [max((len(run) for run in "".join("LW"[i] for i in sample).split("W")), default=0) for sample in drawn]
    np.testing.assert_array_equal(found["consecutive_losses_pooled"], runs)


def test_losing_runs_of_every_symbol_are_those_of_a_slow_loop() -> None:
    rng = np.random.default_rng(9)
    returns, nets = rng.normal(0, 0.01, 60), rng.normal(0.2, 1.0, 80)
    traders, exits = np.sort(rng.integers(0, 7, 80)), rng.integers(1, 61, 80)
    by_symbol = np.lexsort((exits, traders))
    exits = exits[by_symbol]
    market = replace(played(returns, nets.tolist(), exits.tolist(), traders.tolist()), symbol_count=7)
    found = bootstrap(market, times(61), HOUR4, 2190.0, samples=300, seed=5)
    for number, sample in enumerate(block_indices(60, block_length(returns), 300, 5)):
        runs = []
        for symbol in range(7):
            mine = [net for i in sample for net in nets[(traders == symbol) & (exits == i + 1)]]
            if mine:
                runs.append(
                    max((len(run) for run in "".join("L" if net < 0 else "W" for net in mine).split("W")), default=0)
                )
        assert found["consecutive_losses"][number] == np.median(runs)
        assert found["consecutive_losses_max"][number] == max(runs)


def test_the_spread_of_a_sharpe_ratio_is_that_of_arch() -> None:
    shocks, returns = np.random.default_rng(4).normal(0.05, 1.0, 500) / 100, np.zeros(500)
    for i in range(1, 500):
        returns[i] = 0.4 * returns[i - 1] + shocks[i]
    found = bootstrap(played(returns, [], [], []), times(501), HOUR4, 1.0, 4_000, seed=1)["sharpe"]
    peer = StationaryBootstrap(block_length(returns), returns, seed=2)
    theirs = peer.apply(lambda drawn: drawn.mean() / drawn.std(ddof=1), 4_000)[:, 0]
    assert stats.ks_2samp(found, theirs).pvalue > 0.01
    assert found.std() == pytest.approx(theirs.std(), rel=0.05)


def test_the_metrics_of_the_series_itself_lie_inside_their_interval() -> None:
    rng = np.random.default_rng(8)
    returns = rng.normal(0.0008, 0.01, 500)
    exits = [*sorted(rng.integers(1, 501, 100)), *sorted(rng.integers(1, 501, 100))]
    market = played(returns, rng.normal(1, 5, 200).tolist(), exits, [0] * 100 + [1] * 100)
    (own,) = metrics_of_all(market, 2190.0)
    for bound in bounds(bootstrap(market, times(501), HOUR4, 2190.0, 1_000, seed=1), GATES):
        assert bound.low is not None
        assert bound.low <= own.values()[bound.metric] <= bound.high
        gate = next(gate for gate in GATES if gate.name == bound.metric)
        # the bound is against the candidate, and less far out than the interval's end
        assert bound.worst >= bound.low if gate.direction == "at_least" else bound.worst <= bound.high


def test_a_figure_that_most_samples_lack_has_no_bound_but_a_reason() -> None:
    idle = played(np.zeros(100), [], [], [])
    found = bounds(bootstrap(idle, times(101), HOUR4, 2190.0, 100, seed=1), GATES)
    by_name = {bound.metric: bound for bound in found}
    assert by_name["sharpe"].low is None
    assert by_name["sharpe"].reason == "100% of the samples have no such figure"
    assert by_name["sharpe"].pass_share == 0.0
    # doing nothing has no drawdown, which is known
    assert (by_name["max_drawdown"].low, by_name["max_drawdown"].pass_share) == (0.0, 1.0)


@pytest.mark.slow
def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    truth, sd, held, rounds = 0.04, 1.0, 0, 300
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        shocks, returns = rng.normal(0, sd * math.sqrt(1 - 0.2**2), 600), np.zeros(600)
        for i in range(1, 600):
            returns[i] = 0.2 * returns[i - 1] + shocks[i]
        market = played((returns + truth) / 100, [], [], [])
        values = bootstrap(market, times(601), HOUR4, 1.0, 500, seed=seed)["sharpe"]
        low, high = np.quantile(values, [0.025, 0.975])
        held += low <= truth <= high
    # known to be a little short for few, dependent candles
    assert 0.90 <= held / rounds <= 0.99
