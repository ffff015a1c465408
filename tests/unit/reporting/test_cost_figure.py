from pathlib import Path

import pytest
from matplotlib.image import imread

from include.evaluation.stress import CostPoint, Stress, Stressed
from include.reporting.cost_figure import cost_figure


def stress_of(break_even: float | None) -> Stress:
    def point(factor: float) -> CostPoint:
        return CostPoint(factor=factor, total_return=0.1 - 0.05 * factor, sharpe=None, max_drawdown=0.1)

    return Stress(
        costs=tuple(map(point, (3.0, 0.0, 1.0))),
        break_even_fee_bps=break_even,
        break_even_reason="" if break_even else "the candidate loses even without any fee",
        funding=tuple(map(point, (0.0, 1.0, 2.0))),
        late=Stressed(total_return=0.02, sharpe=None, max_drawdown=0.1),
    )


@pytest.mark.parametrize("break_even", [None, 12.34])
def test_the_figure_is_drawn_and_the_same_terms_give_the_same_bytes(break_even: float | None, tmp_path: Path) -> None:
    first = cost_figure(stress_of(break_even), tmp_path / "a.png")
    again = cost_figure(stress_of(break_even), tmp_path / "b.png")
    assert first.read_bytes() == again.read_bytes()
    assert imread(first).shape[:2] == (450, 1380)


def test_the_break_even_fee_is_in_the_figure(tmp_path: Path) -> None:
    figures = {cost_figure(stress_of(fee), tmp_path / "x.png").read_bytes() for fee in (None, 12.34, 40.0)}
    assert len(figures) == 3
