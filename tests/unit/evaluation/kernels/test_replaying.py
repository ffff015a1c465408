import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from include.evaluation.kernels.replaying import losing_runs


def runs_of(trades: list[tuple[int, int, float]], symbols: int) -> tuple[list[int], int]:
    """Call the kernel with (symbol, exit time, net) in the order in which a replay keeps them."""
    ordered = sorted(trades, key=lambda trade: trade[:2])
    runs = np.empty(symbols, np.int64)
    pooled = losing_runs(
        np.array([net for *_, net in ordered], float),
        np.array([symbol for symbol, *_ in ordered], np.int16),
        np.array([time for _, time, _ in ordered], np.int64),
        runs,
    )
    return runs.tolist(), pooled


def longest(nets: list[float]) -> int:
    return max(map(len, "".join("L" if net < 0 else "W" for net in nets).split("W")))


def test_runs_by_hand():
    trades = [(0, 1, -1.0), (0, 4, 5.0), (2, 2, -1.0), (2, 3, -1.0), (2, 5, -1.0)]

    # in order of exit: three losses, a profit, a loss
    assert runs_of(trades, 3) == ([1, -1, 3], 3)


def test_a_run_does_not_go_on_from_one_symbol_to_the_next():
    assert runs_of([(0, 1, -1.0), (0, 3, -1.0), (1, 2, 1.0), (1, 4, -1.0)], 2) == ([2, 1], 2)


def test_a_trade_at_zero_ends_a_run():
    assert runs_of([(0, 1, -1.0), (0, 2, 0.0), (0, 3, -1.0)], 1) == ([1], 1)


def test_no_trade_has_no_run():
    assert runs_of([], 2) == ([-1, -1], 0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.floats(-5, 5)), max_size=40))
def test_runs_are_the_longest_stretches_of_losses(trades):
    runs, pooled = runs_of(trades, 4)

    ordered = sorted(trades, key=lambda trade: trade[:2])
    own = [[net for symbol, _, net in ordered if symbol == number] for number in range(4)]
    assert runs == [longest(nets) if nets else -1 for nets in own]
    assert pooled == longest([net for *_, net in sorted(ordered, key=lambda trade: trade[1])])
