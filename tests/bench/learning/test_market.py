import numpy as np
import pytest

from bench.learning.market import SIGNAL, WARM_UP, Columns, Process, autoregressive, market
from bench.learning.play import Arena, standard_error
from include.config.system import load_system
from include.environments.phase4.actions import OPEN_LONG, OPEN_SHORT
from include.features.dataset import SymbolSeries

FAIR = Process(strength=0.0)


def only(process: Process, rows: int = 30_000, columns: Columns | None = None) -> SymbolSeries:
    (series,) = market(process, columns or Columns(active=4), 1, rows, seed=1, split="train").series.values()
    return series


def next_returns(series: SymbolSeries) -> np.ndarray:
    return np.diff(np.log(series.close))


def test_the_signal_tells_of_the_next_return_what_the_process_says() -> None:
    series = only(Process(strength=0.35))
    told = np.corrcoef(series.features[:-1, SIGNAL], next_returns(series))[0, 1]
    assert told == pytest.approx(0.35, abs=0.02)
    assert next_returns(series).std() == pytest.approx(0.012, rel=0.02)


def test_a_leaked_column_holds_the_next_return_itself() -> None:
    series = only(Process(strength=0.0, is_leaked=True))
    assert series.features[:-1, SIGNAL] == pytest.approx(next_returns(series) / 0.012, abs=1e-5)


def test_a_path_without_an_edge_goes_nowhere_on_average() -> None:
    changes = np.diff(only(FAIR).close) / only(FAIR).close[:-1]
    assert abs(changes.mean()) < 3 * standard_error(changes)


@pytest.mark.parametrize("opening", [OPEN_LONG, OPEN_SHORT])
def test_a_stop_inside_a_candle_is_no_free_money(opening: int) -> None:
    arena = Arena(load_system("phase4"), market(FAIR, Columns(active=1), 400, 1_001, 5, "test"), "test")
    # asking to open again where a stop or a target has closed; while in a position the order is refused
    played = arena.play(lambda observations: np.full(len(observations), opening, np.int64))
    assert played.trades.mean() > 3.0
    assert abs(played.gross.mean()) < 3 * standard_error(played.gross)


def test_more_columns_leave_the_candles_as_they_are() -> None:
    few, many = only(FAIR, 50), only(FAIR, 50, Columns(active=9, inactive=2))
    assert np.array_equal(few.close, many.close)
    assert np.array_equal(few.features, many.features[:, :4])
    assert (many.features[:, 9:] == 0.0).all()


def test_only_the_rows_after_the_warm_up_are_played() -> None:
    dataset = market(FAIR, Columns(active=8, inactive=86), 2, 300, seed=1, split="validation")
    assert [len(series) for series in dataset.split("validation").values()] == [300, 300]
    assert [len(series) for series in dataset.series.values()] == [WARM_UP + 300] * 2
    assert len(dataset.info.features) == 94
    assert len(dataset.info.inactive_features) == 86


def test_noise_keeps_its_persistence() -> None:
    series = autoregressive(np.random.default_rng(0).standard_normal((50_000, 2)), np.array([0.0, 0.9]))
    kept = [np.corrcoef(column[:-1], column[1:])[0, 1] for column in series.T]
    assert kept == pytest.approx([0.0, 0.9], abs=0.02)
    assert series.std(axis=0) == pytest.approx([1.0, 1.0], abs=0.05)
