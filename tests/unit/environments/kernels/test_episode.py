import math

import numpy as np
import pytest

from include.config.system import load_system
from include.environments.kernels import episode as kernels
from include.environments.kernels.records import STATISTICS, SUMMARY
from include.environments.market import market_of
from include.environments.phase4.kernels import SEAT
from include.environments.statistics import sharpe_ratio
from include.features.kernels.jit import kernel
from tests.support.datasets import dataset_of, series_from_closes


@kernel
def count_one(tallies, accounts, change):
    kernels._count(tallies[0], accounts[0], change)


@kernel
def summarise_one(seats, periods, summary):
    kernels.summarise(seats[0], periods, summary)


def test_every_start_of_every_run_is_drawn_and_is_that_of_the_table() -> None:
    broken = series_from_closes("A/USDT:USDT", np.full(1_000, 100.0))
    broken.segment[5:9] = 1
    broken.segment[9:] = 2
    whole = series_from_closes("B/USDT:USDT", np.full(1_000, 100.0))
    market = market_of(load_system("phase4"), dataset_of(broken, whole), "train", ["A/USDT:USDT", "B/USDT:USDT"], 6)
    for symbol in range(2):
        table = market.starts[symbol]
        seats = np.zeros(len(table), SEAT)
        draws = np.empty((len(table), 1, 2))
        # the middle of each start's share, and of each symbol's
        draws[:, 0, 0] = (symbol + 0.5) / 2
        draws[:, 0, 1] = (np.arange(len(table)) + 0.5) / len(table)

        kernels.draw_all(seats, draws, market.symbols, market.runs, 6)

        episode, first = seats["episode"], market.first_rows[symbol]
        rows = np.column_stack([episode["start"], episode["end"]]) - first
        assert [tuple(pair) for pair in rows.tolist()] == [table[i] for i in range(len(table))]
        assert (episode["row"] == episode["start"]).all()
        assert (episode["symbol"] == symbol).all()
        assert (episode["drawn"] == 1).all()


def test_numbers_at_both_ends_draw_the_first_and_the_last_start() -> None:
    market = market_of(
        load_system("phase4"), dataset_of(series_from_closes("A/USDT:USDT", np.full(1_000, 1.0))), "train",
        ["A/USDT:USDT"], 10,
    )  # fmt: skip
    seats, draws = np.zeros(2, SEAT), np.array([[[0.0, 0.0]], [[math.nextafter(1, 0)] * 2]])

    kernels.draw_all(seats, draws, market.symbols, market.runs, 10)

    assert seats["episode"]["start"].tolist() == [0, len(market.starts[0]) - 1]


def test_the_tally_gives_the_figures_of_the_statistics() -> None:
    changes = np.random.default_rng(2).normal(1e-4, 0.01, 300)
    nets = {10: 5.0, 20: -3.0, 30: 0.0, 40: -1.0, 50: 7.0}
    seats = np.zeros(1, SEAT)
    seats["account"]["fees_usd"], seats["account"]["slippage_usd"], seats["account"]["funding_usd"] = 2.0, 0.5, -1.5
    seats["track"]["max_drawdown"], seats["account"]["equity"] = 0.125, 9_000.0
    tallies, accounts = seats["tally"], seats["account"]
    for i, change in enumerate(changes.tolist()):
        accounts["has_closed"], accounts["trade"]["net_usd"] = i in nets, nets.get(i, 0.0)
        count_one(tallies, accounts, change)
    summary = np.empty(len(SUMMARY) + 4)

    summarise_one(seats, 2_190.0, summary)

    seen = dict(zip(SUMMARY, summary.tolist(), strict=False))
    assert [seen[name] for name in STATISTICS] == pytest.approx(
        [5, 0.4, 3.0, sharpe_ratio(changes, 2_190.0), 0.125, 2.5, -1.5, 300], rel=1e-12
    )
    assert seen["equity"] == 9_000.0


@pytest.mark.parametrize("changes", [[], [0.01], [0.0, 0.0, 0.0], [0.01, 0.01]])
def test_figures_without_trades_or_variation_are_undefined(changes: list[float]) -> None:
    seats, summary = np.zeros(1, SEAT), np.empty(len(SUMMARY) + 4)
    for change in changes:
        count_one(seats["tally"], seats["account"], change)

    summarise_one(seats, 2_190.0, summary)

    assert np.isnan(summary[1:4]).all()


@pytest.mark.parametrize(("actions", "is_unknown"), [([0, 4], False), ([5, 0], True), ([0, -1], True)])
def test_an_action_outside_the_space_is_seen(actions: list[int], is_unknown: bool) -> None:
    assert kernels.has_unknown(np.array(actions), 5) is is_unknown
