from dataclasses import fields

import numpy as np
import pytest

from include.config.system import load_system
from include.core.errors import InvalidInputError
from include.evaluation.backtest import BacktestResult, backtest_actions
from include.evaluation.replay import Stage
from include.evaluation.replays import Replays, as_replays, replay_many
from tests.support.datasets import dataset_of, martingale
from tests.support.minutes import rough

SYSTEM = load_system("phase4")
COUNT = 37


def a_stage() -> Stage:
    # gaps, funding known and unknown; the second begins late, the third has no rows, the fourth ends early
    late = rough("B/USDT:USDT", 1_300, seed=2).rows(1_000, 1_300)
    absent = martingale("C/USDT:USDT", 300, seed=3)
    ended = rough("D/USDT:USDT", 1_300, seed=4).rows(700, 1_100)
    return Stage(SYSTEM, dataset_of(rough("A/USDT:USDT", 1_300, seed=1), late, absent, ended), "test")


STAGE = a_stage()


def drawn(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(-1, 5, size=(500, 4)).astype(np.int8)


def one_of(replays: Replays, number: int) -> Replays:
    own = replays.trades_of(number)
    trades = {"nets", "traders", "exit_times"}
    values = {
        field.name: getattr(replays, field.name)[own if field.name in trades else slice(number, number + 1)]
        for field in fields(Replays)
        if field.name not in ("symbol_count", "first_trades")
    }
    return Replays(**values, symbol_count=replays.symbol_count, first_trades=np.array([0, own.stop - own.start]))


def same(one: Replays, other: Replays) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name), equal_nan=field.name != "traders")
        for field in fields(Replays)
    )


def test_a_replay_keeps_the_bits_of_the_whole_backtest():
    many = replay_many(STAGE, drawn, COUNT)

    assert len(many) == COUNT
    for number in range(COUNT):
        assert same(one_of(many, number), as_replays(backtest_actions(STAGE, drawn(number))))
    assert np.ptp(np.diff(many.first_trades)) > 0


def test_a_backtest_turns_into_what_is_kept_of_it():
    result = backtest_actions(STAGE, drawn(1))

    kept = as_replays(result)

    assert kept.equity[0].tolist() == result.portfolio_equity.tolist()
    assert kept.gross_usd[0] == pytest.approx(np.abs(result.exposure_usd).sum(axis=1))
    assert kept.nets.tolist() == result.trades.net_usd.tolist()
    assert [result.symbols[trader] for trader in kept.traders] == result.trades.symbol.tolist()
    assert (kept.exit_times / 1_000).tolist() == [time.timestamp() for time in result.trades.exit_time]
    won = result.trades.pnl_usd + result.trades.slippage_usd
    assert kept.profits_usd[0] == pytest.approx(won[won > 0].sum())


def test_the_portfolio_is_the_sum_of_its_sub_accounts_from_their_start_on():
    many = replay_many(STAGE, drawn, 1)

    assert many.equity[0, 0] == 4 * 10_000.0
    assert many.equity[0, -1] - 40_000.0 == pytest.approx(many.nets.sum())


def test_a_replay_under_other_terms_is_played_under_them():
    dearer = STAGE.under(fees=3.0, is_late=True)

    many = replay_many(dearer, drawn, 2)

    assert same(one_of(many, 1), as_replays(backtest_actions(dearer, drawn(1))))
    assert many.equity[0, -1] != replay_many(STAGE, drawn, 1).equity[0, -1]


def test_the_number_of_processors_changes_nothing(monkeypatch):
    expected = replay_many(STAGE, drawn, COUNT)

    for count in (1, 3, 50):
        monkeypatch.setattr("include.evaluation.workers.processors", lambda count=count: count)
        monkeypatch.setattr("include.evaluation.replays.processors", lambda count=count: count)
        assert same(replay_many(STAGE, drawn, COUNT), expected)


def test_holding_never_leaves_no_trade_and_no_share():
    many = replay_many(STAGE, lambda _: np.zeros((500, 4), np.int8), 3)

    assert (many.equity == 40_000.0).all()
    assert many.nets.size == 0
    assert np.isnan(many.funding_assumed_share).all()
    assert same(one_of(many, 2), as_replays(backtest_actions(STAGE, np.zeros((500, 4), np.int8))))


def test_progress_counts_replays():
    calls = []

    replay_many(STAGE, drawn, COUNT, progress=lambda *call: calls.append(call), label="draws")

    assert calls == [("draws", 32, COUNT), ("draws", COUNT, COUNT)]


def test_decisions_that_cannot_be_played_are_refused():
    with pytest.raises(InvalidInputError, match=r"`actions` must be int8 of shape \(500, 4\)"):
        replay_many(STAGE, lambda _: np.zeros((500, 3), np.int8), 2)
    with pytest.raises(InvalidInputError, match="`count` must be at least 1, was 0"):
        replay_many(STAGE, drawn, 0)


def test_a_table_may_lie_in_memory_as_it_likes():
    def turned(number: int) -> np.ndarray:
        return np.asfortranarray(drawn(number))

    assert same(replay_many(STAGE, turned, 3), replay_many(STAGE, drawn, 3))


def test_a_result_without_trades_is_kept_too():
    result: BacktestResult = backtest_actions(STAGE, np.full((500, 4), -1, np.int8))

    assert as_replays(result).first_trades.tolist() == [0, 0]
