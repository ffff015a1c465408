"""Windows in a row are one portfolio: by hand, and as the windows themselves say."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from include.core.errors import InvalidInputError
from include.evaluation.chaining import among, chained, read_replays, write_replays
from include.evaluation.metric_arrays import metric_arrays
from include.evaluation.replays import Replays


def played(equity: list[float], nets: list[float], traders: list[int], exits: list[int], **more: float) -> Replays:
    totals = {"traded_usd": 0.0, "fees_usd": 0.0, "slippage_usd": 0.0, "funding_usd": 0.0, "profits_usd": 0.0}
    totals |= {"held_hours": 0.0, "assumed_hours": 0.0} | more
    return Replays(
        equity=np.array([equity]),
        gross_usd=np.array([equity]) / 2,
        nets=np.array(nets),
        traders=np.array(traders, np.int16),
        exit_times=np.array(exits, np.int64),
        first_trades=np.array([0, len(nets)], np.int64),
        symbol_count=2,
        **{name: np.array([value]) for name, value in totals.items()},
    )


FIRST = played([100.0, 110.0, 120.0], [30.0, -10.0], [0, 1], [2, 1], fees_usd=3.0, held_hours=8.0, assumed_hours=2.0)
# of three times the money, as a window of three times the symbols has it
SECOND = played([300.0, 270.0, 285.0], [15.0, -30.0], [0, 1], [4, 3], fees_usd=3.0, held_hours=2.0)


def test_a_later_window_goes_on_with_what_the_earlier_one_left() -> None:
    both = chained([FIRST, SECOND])
    np.testing.assert_allclose(both.equity, [[100.0, 110.0, 120.0, 108.0, 114.0]])
    np.testing.assert_allclose(both.gross_usd, [[50.0, 55.0, 60.0, 54.0, 57.0]])
    # by symbol and order of exit, amounts of the second window times 1.2 / 3
    np.testing.assert_allclose(both.nets, [30.0, 6.0, -10.0, -12.0])
    np.testing.assert_array_equal(both.traders, [0, 0, 1, 1])
    np.testing.assert_allclose(both.fees_usd, [3.0 + 1.2])
    np.testing.assert_allclose(both.funding_assumed_share, [0.2])
    assert both.nets.sum() == pytest.approx(both.equity[0, -1] - both.equity[0, 0])


def test_metrics_of_a_chain_by_hand() -> None:
    figures = metric_arrays(chained([FIRST, SECOND]), 2_190.0)
    returns = np.array([0.1, 120 / 110 - 1, -0.1, 95 / 90 - 1])
    assert figures["sharpe"][0] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(2_190))
    assert figures["max_drawdown"][0] == pytest.approx(0.1)
    assert figures["total_return"][0] == pytest.approx(1.2 * 0.95 - 1)
    assert figures["win_rate"][0] == 0.5
    assert figures["profit_factor"][0] == pytest.approx(36 / 22)
    # symbol 1 loses in both windows, one after the other
    assert figures["consecutive_losses_max"][0] == 2


def test_a_single_window_is_itself() -> None:
    alone = chained([FIRST])
    for entry in fields(Replays):
        np.testing.assert_array_equal(getattr(alone, entry.name), getattr(FIRST, entry.name))


def test_a_portfolio_of_some_symbols_stands_among_all() -> None:
    wide = among(FIRST, [3, 1], 4)
    np.testing.assert_array_equal(wide.traders, [1, 3])
    np.testing.assert_array_equal(wide.nets, [-10.0, 30.0])
    np.testing.assert_array_equal(wide.exit_times, [1, 2])
    assert wide.symbol_count == 4
    np.testing.assert_array_equal(wide.equity, FIRST.equity)


def test_windows_of_different_symbols_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="`parts` must be one portfolio each of the same symbols"):
        chained([FIRST, replace(SECOND, symbol_count=3)])
    with pytest.raises(InvalidInputError, match="was \\[\\]"):
        chained([])


def test_what_was_played_comes_back_from_its_file(tmp_path: Path) -> None:
    write_replays(tmp_path / "fold.npz", [FIRST, SECOND])
    for ours, theirs in zip(read_replays(tmp_path / "fold.npz"), (FIRST, SECOND), strict=True):
        for entry in fields(Replays):
            np.testing.assert_array_equal(getattr(ours, entry.name), getattr(theirs, entry.name))
