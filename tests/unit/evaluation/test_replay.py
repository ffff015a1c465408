from dataclasses import replace

import numpy as np
import pytest

from include.config.system import SystemConfig, load_system
from include.core.errors import InvalidInputError
from include.environments.make import make_env
from include.environments.phase4.account import Trade
from include.environments.phase4.actions import HOLD, OPEN_LONG, Action
from include.evaluation.backtest import backtest
from include.evaluation.network import Network
from include.evaluation.replay import Played, Stage
from include.features.dataset import Dataset
from tests.support.datasets import dataset_of, martingale
from tests.support.minutes import COLUMNS, minute_dataset, rough
from tests.support.networks import random_network
from tests.support.slow_replay import replayed

PHASE4, SHADOW = load_system("phase4"), load_system("shadow")
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"


def hold(turn):
    return np.full(len(turn), HOLD)


def four_hours() -> Dataset:
    # gaps, missing rows, funding known and unknown; the third begins late and ends early
    sol = rough(SOL, 1_300, seed=3).rows(900, 1_200)
    return dataset_of(rough(BTC, 1_300, seed=1), rough(ETH, 1_300, seed=2), sol)


def one_minute() -> Dataset:
    return minute_dataset(rough(BTC, 2_000, seed=4, columns=COLUMNS), rough(ETH, 2_000, seed=5, columns=COLUMNS))


def many_symbols() -> Dataset:
    # more than are played side by side, of all lengths
    lengths = [500, 120, 340, 80, 500, 260, 33, 410, 95, 500, 207, 300]
    return dataset_of(
        *(rough(f"S{i}/USDT:USDT", 1_300, seed=i).rows(1_300 - length, 1_300) for i, length in enumerate(lengths))
    )


def same(one: Played, other: Played) -> bool:
    # by field: what lies between the fields of a record is nobody's
    fields = ("accounts", "marks", "trades", "traders")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in fields)


def table_of(stage: Stage, played: Played) -> np.ndarray:
    table = np.full((len(stage.open_time), len(stage.symbols)), -1, np.int8)
    table[stage.positions, stage.columns] = played.marks["action"]
    return table


def decision(observations: np.ndarray, actions: int) -> np.ndarray:
    # depends on every value to the last bit, market and account alike
    return observations.view(np.uint32).astype(np.int64).sum(axis=-1) // 7 % actions


@pytest.mark.parametrize(
    ("system", "dataset", "actions"), [(PHASE4, four_hours(), 5), (SHADOW, one_minute(), 4)], ids=["phase4", "shadow"]
)
def test_the_replay_equals_the_one_in_plain_python_to_the_last_bit(
    system: SystemConfig, dataset: Dataset, actions: int
):
    result = backtest(system, dataset, "test", lambda seen: decision(seen, actions))
    expected = replayed(system, dataset, "test", lambda seen: int(decision(seen[None], actions)[0]))

    assert len(result.trades) > 20
    for symbol, player in expected.items():
        column = result.symbols.index(symbol)
        rows = np.searchsorted(result.open_time, dataset.split("test")[symbol].open_time)
        assert result.equity[rows, column].tolist() == player.equity
        assert result.exposure_usd[rows, column].tolist() == player.exposure
        trades = result.trades[result.trades.symbol == symbol]
        assert list(trades.net_usd) == [trade.net_usd for trade in player.account.trades]
        assert list(trades.exit_reason) == [trade.exit_reason for trade in player.account.trades]
    assert result.fees_usd == pytest.approx(sum(p.account.fees_usd for p in expected.values()), rel=1e-12)
    assert result.funding_usd == pytest.approx(sum(p.account.funding_usd for p in expected.values()), rel=1e-12)
    assert sum(result.action_counts.values()) == sum(len(p.seen) for p in expected.values())


def test_every_field_of_a_trade_is_that_of_the_account():
    dataset = four_hours()

    trades = backtest(PHASE4, dataset, "test", lambda seen: decision(seen, 5)).trades

    players = replayed(PHASE4, dataset, "test", lambda seen: int(decision(seen[None], 5)[0]))
    expected = [trade for player in players.values() for trade in player.account.trades]
    times = {name: trades[name].astype("int64") for name in ("entry_time", "exit_time")}
    sides = {"side": trades.side.map({"long": 1, "short": -1})}
    found = trades.assign(**times, **sides)[list(Trade._fields)]
    assert [tuple(row) for row in found.itertuples(index=False)] == [tuple(trade) for trade in expected]
    assert {"close", "stop_loss", "take_profit", "end"} <= set(trades.exit_reason)


@pytest.mark.parametrize(
    ("system", "dataset", "seen"),
    [
        (PHASE4, dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2)), 499),
        (SHADOW, minute_dataset(martingale(BTC, 2_000, seed=1), martingale(ETH, 2_000, seed=2)), 380),
    ],
    ids=["phase4", "shadow"],
)
def test_the_replay_is_the_deterministic_episode_of_the_environment(system: SystemConfig, dataset: Dataset, seen: int):
    actions = np.random.default_rng(3).integers(4, size=seen)
    env = make_env(system, dataset, "test", symbols=[ETH], deterministic=True)
    expected, equity = [env.reset()[0]], [system.account.initial_balance_usd]
    for action in actions:
        observation, _, terminated, _, info = env.step(action)
        assert not terminated
        expected.append(observation)
        equity.append(info["equity"])
    observed = []

    def choose(turn):
        observed.append(turn.observations()[-1])
        return np.array([HOLD, actions[len(observed) - 1]])

    stage = Stage(system, dataset, "test")
    played = stage.play(choose)

    # the environment leaves the last position open, the replay closes it
    own = played.marks["equity"][stage.columns == 1]
    assert own[-len(equity) : -1].tolist() == equity[:-1]
    assert (np.array(observed) == np.array(expected)[:-1]).all()


def test_every_symbol_of_a_candle_is_asked_in_one_call():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1), martingale(ETH, 1_300, seed=2))
    sizes = []

    def choose(turn):
        sizes.append(len(turn))
        return hold(turn)

    Stage(PHASE4, dataset, "test").play(choose)

    # the last candle is not asked: nothing could be filled after it
    assert sizes == [2] * 499


def test_no_decision_is_asked_before_its_window_is_whole():
    series = martingale(BTC, 2_000, seed=1)
    # of the 400 test rows the first run has 300, the second 20: one too few for a decision that is filled
    series = replace(series, segment=np.repeat([0, 1, 2], [1_900, 20, 80]).astype(np.int32))
    asked = []

    def choose(turn):
        asked.append(len(turn))
        return hold(turn)

    Stage(SHADOW, minute_dataset(series), "test").play(choose)

    assert len(asked) == (300 - 20) + 0 + (80 - 20)


def test_a_symbol_with_fewer_rows_takes_its_own_candles():
    late = martingale(ETH, 1_300, seed=2).rows(900, 1_300)
    stage = Stage(PHASE4, dataset_of(martingale(BTC, 1_300, seed=1), late), "test")

    assert stage.positions[stage.columns == 0].tolist() == list(range(500))
    assert stage.positions[stage.columns == 1].tolist() == list(range(100, 500))


def test_a_symbol_of_lone_rows_has_nothing_to_play():
    lone = martingale(ETH, 1_300, seed=2)
    lone = replace(lone, segment=np.arange(1_300, dtype=np.int32))

    result = backtest(
        PHASE4, dataset_of(martingale(BTC, 1_300, seed=1), lone), "test", lambda seen: np.ones(len(seen), int)
    )

    assert (result.equity[:, 1] == 10_000.0).all()
    assert result.action_counts["OPEN_LONG"] == 499


def test_a_bankrupt_account_is_asked_no_more():
    # short almost three times the balance until a candle opens at twice the price, far beyond the stop
    calm, doubled = martingale(BTC, 1_300, seed=1, volatility=1e-5), np.where(np.arange(1_300) >= 1_000, 2.0, 1.0)
    prices = {name: doubled * getattr(calm, name) for name in ("open", "high", "low", "close")}
    jumping = replace(calm, **prices, atr=np.full(1_300, 0.5))
    dataset = dataset_of(jumping, martingale(ETH, 1_300, seed=2))
    asked = []

    def choose(turn):
        asked.append(len(turn))
        return np.array([Action.OPEN_SHORT, HOLD]) if len(turn) == 2 else hold(turn)

    played = Stage(PHASE4, dataset, "test").play(choose)

    assert played.accounts["balance"][0] < 0.0
    assert asked == [2] * 200 + [1] * 299


def test_other_rules_may_be_given_to_the_accounts():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1))
    free = PHASE4.account.model_copy(update={"fee_bps": 0.0, "initial_balance_usd": 500.0})

    stage = Stage(PHASE4, dataset, "test").under(account=free)
    played = stage.play(lambda turn: np.full(len(turn), OPEN_LONG))

    assert played.marks["equity"][0] == 500.0
    assert played.accounts["fees_usd"].tolist() == [0.0]
    assert len(played.trades) > 1


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(
    ("system", "dataset", "network"),
    [(PHASE4, many_symbols(), random_network(13, 5)), (SHADOW, one_minute(), random_network(305, 4))],
    ids=["phase4", "shadow"],
)
def test_a_network_played_in_compiled_code_gives_the_bits_of_being_asked_at_every_candle(
    system: SystemConfig, dataset: Dataset, network: Network, is_late: bool
):
    stage = Stage(system, dataset, "test").under(is_late=is_late)

    fused = stage.play_network(network)
    asked = stage.play(lambda turn: network.predict(turn.observations()))

    assert len(fused.trades) > 20
    assert len(np.unique(fused.marks["action"])) == network.actions + 1
    assert same(fused, asked)


@pytest.mark.parametrize("is_late", [False, True])
def test_decisions_that_are_known_give_the_bits_of_deciding_them(is_late: bool):
    stage = Stage(PHASE4, four_hours(), "test").under(is_late=is_late)
    decided = stage.play(lambda turn: decision(turn.observations(), 5))

    assert same(stage.play_actions(table_of(stage, decided)), decided)


def test_a_network_plays_the_same_whatever_the_number_of_processors(monkeypatch):
    stage, network = Stage(PHASE4, many_symbols(), "test"), random_network(13, 5)
    played = []
    for count in (1, 2, 5):
        monkeypatch.setattr("include.evaluation.workers.processors", lambda count=count: count)
        played.append(stage.play_network(network))

    assert same(played[0], played[1])
    assert same(played[0], played[2])


def test_late_decisions_are_filled_as_if_they_had_been_made_a_candle_later():
    dataset = four_hours()
    stage = Stage(PHASE4, dataset, "test")
    table = np.random.default_rng(1).integers(5, size=(len(stage.open_time), 3)).astype(np.int8)
    # the plain-Python replay decides by the row that it is at, so it can look up what was decided a candle before
    expected = replayed_late(dataset, table, stage)

    played = stage.under(is_late=True).play_actions(table)

    for symbol, equity in expected.items():
        assert played.marks["equity"][stage.columns == stage.symbols.index(symbol)].tolist() == equity
    assert not same(played, stage.play_actions(table))


def replayed_late(dataset: Dataset, table: np.ndarray, stage: Stage) -> dict[str, list[float]]:
    equity = {}
    for symbol, rows in dataset.split("test").items():
        times = iter(deciding_rows(rows.segment))
        positions = np.searchsorted(stage.open_time, rows.open_time)
        column = stage.symbols.index(symbol)

        def decide(_, times=times, positions=positions, column=column, segment=rows.segment):
            row = next(times)
            is_first = row == 0 or segment[row] != segment[row - 1]
            return HOLD if is_first else int(table[positions[row - 1], column])

        one = Dataset(dataset.info, {symbol: dataset.series[symbol]})
        equity[symbol] = replayed(PHASE4, one, "test", decide)[symbol].equity
    return equity


def deciding_rows(segment: np.ndarray) -> list[int]:
    # a row decides when one of the same run follows
    return np.flatnonzero(segment[:-1] == segment[1:]).tolist()


def test_decisions_of_another_shape_type_or_range_are_refused():
    stage = Stage(PHASE4, dataset_of(martingale(BTC, 1_300, seed=1)), "test")
    table = np.zeros((500, 1), np.int8)

    for wrong in (table[1:], np.zeros((500, 2), np.int8), table.astype(np.int64)):
        with pytest.raises(InvalidInputError, match=r"`actions` must be int8 of shape \(500, 1\)"):
            stage.play_actions(wrong)
    for value in (-2, 5):
        with pytest.raises(InvalidInputError, match="`actions` must lie in -1 to 4"):
            stage.play_actions(np.full_like(table, value))


def test_a_network_of_another_shape_is_refused():
    stage = Stage(PHASE4, dataset_of(martingale(BTC, 1_300, seed=1)), "test")

    for network in (random_network(12, 5), random_network(13, 4)):
        with pytest.raises(InvalidInputError, match="`network` must take 13 values and choose among 5 actions"):
            stage.play_network(network)


def test_a_network_that_meets_no_number_is_refused():
    dataset = dataset_of(martingale(BTC, 1_300, seed=1))
    dataset.series[BTC].features[1_000, 1] = np.nan

    with pytest.raises(InvalidInputError, match="was NaN in 1"):
        Stage(PHASE4, dataset, "test").play_network(random_network(13, 5))


def test_costs_and_funding_may_be_multiplied():
    dataset = four_hours()
    for series in dataset.series.values():
        series.funding_assumed[::5] = 4.0
    stage = Stage(PHASE4, dataset, "test")
    table = np.random.default_rng(1).integers(5, size=(len(stage.open_time), 3)).astype(np.int8)
    dearer = PHASE4.account.model_copy(update={"fee_bps": 15.0, "slippage_bps": 1.0, "assumed_funding_bps_per_8h": 2.0})
    by_hand = Dataset(
        dataset.info,
        {
            name: replace(series, funding_inner=2 * series.funding_inner, funding_at_close=2 * series.funding_at_close)
            for name, series in dataset.series.items()
        },
    )

    stressed = stage.under(fees=3.0, slippage=0.5, funding=2.0).play_actions(table)

    assert same(stressed, Stage(PHASE4, by_hand, "test").under(account=dearer).play_actions(table))
    assert stressed.accounts["fees_usd"].sum() > 2 * stage.play_actions(table).accounts["fees_usd"].sum()


def test_terms_add_up_and_leave_the_stage_as_it_was():
    stage = Stage(PHASE4, four_hours(), "test")
    table = np.random.default_rng(1).integers(5, size=(len(stage.open_time), 3)).astype(np.int8)
    before = stage.play_actions(table)

    twice = stage.under(fees=2.0, is_late=True).under(fees=1.5, funding=4.0).under(funding=0.5)

    assert same(twice.play_actions(table), stage.under(fees=3.0, funding=2.0, is_late=True).play_actions(table))
    assert same(stage.play_actions(table), before)


def test_negative_multiples_are_refused():
    stage = Stage(PHASE4, dataset_of(martingale(BTC, 1_300, seed=1)), "test")

    for name in ("fees", "slippage", "funding"):
        with pytest.raises(InvalidInputError, match=f"`{name}` must be at least 0, was -1"):
            stage.under(**{name: -1.0})


def test_a_stage_can_be_played_again():
    stage = Stage(PHASE4, four_hours(), "test")

    first, again = (stage.play(lambda turn: decision(turn.observations(), 5)) for _ in range(2))

    assert (first.marks == again.marks).all()
    assert (first.trades == again.trades).all()


def test_progress_counts_candles():
    calls = []

    Stage(PHASE4, dataset_of(martingale(BTC, 1_300, seed=1)), "test").play(
        hold, progress=lambda *call: calls.append(call), label="here"
    )

    assert calls[0] == ("here", 1, 500)
    assert calls[-1] == ("here", 500, 500)
    assert len(calls) == 500


def test_a_split_without_rows_is_refused():
    old = martingale(BTC, 300, seed=1)
    dataset = dataset_of(old, martingale(ETH, 1_300, seed=2))
    only_old = type(dataset)(dataset.info, {BTC: old})

    with pytest.raises(InvalidInputError, match="`dataset` must have rows in split 'test'"):
        Stage(PHASE4, only_old, "test")


def test_another_timeframe_is_refused():
    system = PHASE4.model_copy(update={"timeframe": "1h"})

    with pytest.raises(InvalidInputError, match="timeframe 1h, was 4h"):
        Stage(system, dataset_of(martingale(BTC, 1_300, seed=1)), "test")


def test_a_system_without_a_face_is_refused():
    system = PHASE4.model_copy(update={"name": "sentio"})

    with pytest.raises(InvalidInputError, match="`system` must be one of phase4, shadow, was 'sentio'"):
        Stage(system, dataset_of(martingale(BTC, 1_300, seed=1)), "test")
