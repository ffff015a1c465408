import math
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from include.config.system import load_system
from include.environments.statistics import profit_factor, win_rate
from include.evaluation.backtest import BacktestResult, backtest_actions
from include.evaluation.metric_arrays import equity_arrays, metric_arrays
from include.evaluation.metrics import metric_names, metrics_of, metrics_of_all
from include.evaluation.replay import Stage
from include.evaluation.replays import replay_many
from tests.support.datasets import dataset_of, martingale
from tests.support.minutes import rough

PERIODS = 2_190.0
COUNT = 12
STAGE = Stage(
    load_system("phase4"),
    dataset_of(*(rough(f"S{i}/USDT:USDT", 1_300, seed=i) for i in range(5)), martingale("X/USDT:USDT", 300, seed=9)),
    "test",
)


def drawn(number: int) -> np.ndarray:
    # the first holds, the second hardly trades, the others trade in some of the symbols
    rng = np.random.default_rng(number)
    table = rng.integers(5, size=(500, 6)) * (rng.random((500, 6)) < (0.0, 0.003, 0.2)[min(number, 2)])
    table[:, number % 5] = 0
    return table.astype(np.int8)


def run(nets: list[float]) -> int:
    return max(map(len, "".join("L" if net < 0 else "W" for net in nets).split("W")))


def by_hand(result: BacktestResult) -> dict[str, float | None]:
    """The definitions in plain Python, one number after the other."""
    equity = [math.fsum(row) for row in result.equity.tolist()]
    returns = [after / before - 1.0 for before, after in pairwise(equity)]
    mean = math.fsum(returns) / len(returns)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in returns) / (len(returns) - 1))
    downside = math.sqrt(math.fsum(min(value, 0.0) ** 2 for value in returns) / len(returns))
    deepest = max(1.0 - value / max(equity[: row + 1]) for row, value in enumerate(equity))
    cagr = (equity[-1] / equity[0]) ** (PERIODS / len(returns)) - 1.0
    trades = list(result.trades.itertuples())
    nets = [trade.net_usd for trade in trades]
    runs = [run([t.net_usd for t in trades if t.symbol == name]) for name in {t.symbol for t in trades}]
    pooled = [trade.net_usd for trade in sorted(trades, key=lambda trade: trade.exit_time)]
    gross = [math.fsum(map(abs, row)) for row in result.exposure_usd.tolist()]
    profits = math.fsum(max(0.0, trade.pnl_usd + trade.slippage_usd) for trade in trades)
    return {
        "sharpe": mean / deviation * math.sqrt(PERIODS) if deviation else None,
        "sortino": mean / downside * math.sqrt(PERIODS) if downside else None,
        "calmar": cagr / deepest if deepest else None,
        "cagr": cagr,
        "max_drawdown": deepest,
        "total_return": equity[-1] / equity[0] - 1.0,
        "win_rate": win_rate(nets),
        "profit_factor": profit_factor(nets),
        "consecutive_losses": float(median(runs)) if runs else None,
        "consecutive_losses_pooled": float(run(pooled)) if runs else None,
        "consecutive_losses_max": float(max(runs)) if runs else None,
        "trades": float(len(trades)),
        "exposure": math.fsum(g / e for g, e in zip(gross, equity, strict=True)) / len(equity),
        "turnover": result.traded_usd / (math.fsum(equity) / len(equity)) * PERIODS / len(returns),
        "cost_share": (result.fees_usd + result.slippage_usd) / profits if profits else None,
        "funding_share": result.funding_usd / profits if profits else None,
        "funding_assumed_share": result.funding_assumed_share,
    }


def test_every_metric_of_every_portfolio_is_that_of_its_definition():
    arrays = metric_arrays(replay_many(STAGE, drawn, COUNT), PERIODS)

    for number in range(COUNT):
        for name, expected in by_hand(backtest_actions(STAGE, drawn(number))).items():
            found = arrays[name][number]
            assert np.isnan(found) if expected is None else found == pytest.approx(expected, rel=1e-9), name


def test_a_portfolio_has_the_bits_that_it_has_alone():
    many = replay_many(STAGE, drawn, COUNT)
    arrays = metric_arrays(many, PERIODS)

    alone = [metrics_of(backtest_actions(STAGE, drawn(number)), PERIODS) for number in range(COUNT)]

    assert metrics_of_all(many, PERIODS) == alone
    for name in metric_names():
        expected = [math.nan if (value := getattr(metrics, name)) is None else value for metrics in alone]
        assert np.array_equal(arrays[name], expected, equal_nan=True)


def test_there_is_an_array_for_every_metric_in_their_order():
    arrays = metric_arrays(replay_many(STAGE, drawn, 3), PERIODS)

    assert tuple(arrays) == metric_names()
    assert {array.shape for array in arrays.values()} == {(3,)}


def test_a_ruined_curve_has_a_drawdown_and_a_return_and_does_not_touch_its_neighbours():
    curves = np.array([[100.0, 50.0, -10.0, 20.0], [100.0, 120.0, 90.0, 110.0]])

    both, alone = equity_arrays(curves, PERIODS), equity_arrays(curves[1:], PERIODS)

    assert both["max_drawdown"] == pytest.approx([1.1, 0.25])
    assert both["total_return"] == pytest.approx([-0.8, 0.1])
    for name in ("sharpe", "sortino", "calmar", "cagr"):
        assert np.isnan(both[name][0])
        assert both[name][1] == alone[name][0]
